import t from 'tap'
import { readSample, TRACE_ID } from '../pages/sample'
import { FAULTS } from '../pages/fault'
import { failedOrder } from '../pages/shop'
import { GROUP_ID, NO_ERRORS } from '../api/errors'
import { ADMIN, bearer, buildApi } from '../api/server'
import { Browser, type Look } from './browser'

const LINKS = '/api/admin/login-links'
const LOOKS: readonly Look[] = (['light', 'dark'] as const).flatMap((scheme) => [
  { width: 360, height: 740, scheme },
  { width: 390, height: 844, scheme },
  { width: 1280, height: 900, scheme },
])
const SERVICES = [
  { service: 'payments', count: 4200, errorCount: 520, ms: 640, environment: 'production' },
  { service: 'a-service-with-a-name-that-nobody-would-want-to-read-on-a-phone', count: 18_230 },
  { service: 'nightly-report', count: 2, errorCount: 0, ms: 33_000 },
]

/** Pages that listen, full of what a shop did or empty, and a browser. */
async function open(t: Parameters<typeof buildApi>[0], services = SERVICES) {
  const order = failedOrder()
  const resolved: string[] = []
  const { app } = buildApi(t, {
    queries: {
      readTrace: () => Promise.resolve(order),
      readLogs: () => Promise.resolve({ logs: order.logs, next: null, searchedToUs: null }),
      readFigures: readSample(services),
      ...(services.length === 0 ? NO_ERRORS : FAULTS),
      resolveError({ id, kind, actor }) {
        resolved.push(`${kind} by ${actor}`)
        return Promise.resolve(id)
      },
    },
    otlp: { http: 'http://127.0.0.1:4318', grpc: 'http://127.0.0.1:4317' },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const link = async () => {
    const response = await app.inject({ method: 'POST', url: LINKS, headers: bearer(ADMIN) })
    return `${url}${response.json<{ path: string }>().path}`
  }
  return { url, link, resolved, browser: await Browser.start(t) }
}

t.test('pages fit every window, load what they need and break no rule of theirs', async (t) => {
  const { url, link, browser } = await open(t)
  const pages = [
    '/login?next=/traces/x',
    '/',
    '/?window=24h&service=payments',
    `/traces/${TRACE_ID}`,
    `/traces/${TRACE_ID}/logs`,
    '/errors',
    `/errors/${GROUP_ID}`,
  ]
  const background: Record<string, string> = {}
  for (const page of pages) {
    for (const look of LOOKS) {
      const sight = await browser.look(`${url}${page}`, look)
      const name = `${page} at ${look.width}, ${look.scheme}`
      t.equal(sight.url, `${url}${page}`, name)
      t.ok(sight.overflowPx <= 0, `${name}: ${sight.overflowPx} px too wide`)
      t.same(sight.complaints, [], name)
      background[look.scheme] = String(
        await browser.evaluate('getComputedStyle(document.body).backgroundColor'),
      )
    }
    t.not(background['light'], background['dark'], `${page} is dark where that is preferred`)
    if (page === pages[0]) await browser.open(await link())
  }
})

t.test('details fold out without a script, and fit a phone', async (t) => {
  const { url, link, browser } = await open(t)
  await browser.open(await link())
  for (const [page, found] of [
    [`/traces/${TRACE_ID}`, 'select sku, count from stock'],
    [`/errors/${GROUP_ID}`, 'preHandlerCallback'],
  ] as const) {
    await browser.look(`${url}${page}`, LOOKS[0]!)
    await browser.evaluate('for (const each of document.querySelectorAll("summary")) each.click()')
    const [width, text] = (await browser.evaluate(
      '[document.documentElement.scrollWidth, document.body.innerText]',
    )) as [number, string]
    t.ok(width <= 360, `${width} px`)
    t.match(text, found)
  }
})

t.test('a group is resolved by a form, from our page alone', async (t) => {
  const { url, link, resolved, browser } = await open(t)
  await browser.open(await link())
  await browser.open(`${url}/errors/${GROUP_ID}`)
  await browser.follow(
    `document.querySelector('[action$="/resolve"] [name="by"]').value = 'ann';
     document.querySelector('button[value="in_next_release"]').click()`,
  )
  t.equal(await browser.evaluate('location.pathname'), `/errors/${GROUP_ID}`)
  t.same(resolved, ['in_next_release by ann'])
  // A page that is not of this origin sends the form as well, with whatever cookies the browser gives it.
  const form = `<form method="post" action="${url}/errors/${GROUP_ID}/resolve"><input name="kind" value="now"></form>`
  await browser.open(`data:text/html,${encodeURIComponent(form)}`)
  await browser.follow('document.forms[0].submit()')
  t.match(await browser.evaluate('location.href'), url, 'it was sent')
  t.same(resolved, ['in_next_release by ann'])
})

t.test('errors are looked for by a form, and found from the overview and a trace', async (t) => {
  const { url, link, browser } = await open(t)
  await browser.open(await link())
  await browser.open(`${url}/`)
  await browser.follow(`document.querySelector('.health a[href^="errors"]').click()`)
  t.equal(await browser.evaluate('location.pathname'), '/errors')
  await browser.follow(
    `document.querySelector('[name="text"]').value = 'declined & lost';
     document.querySelector('.filters button').click()`,
  )
  t.match(await browser.evaluate('location.search'), 'text=declined+%26+lost')
  t.equal(
    await browser.evaluate(`document.querySelector('[name="text"]').value`),
    'declined & lost',
  )
  await browser.open(`${url}/traces/${TRACE_ID}`)
  await browser.follow(`document.querySelector('.failures a').click()`)
  t.equal(await browser.evaluate('location.pathname'), `/errors/${GROUP_ID}`)
})

t.test('who logs in by the form gets where they wanted to go, and out again', async (t) => {
  const { url, browser } = await open(t)
  await browser.open(`${url}/traces/${TRACE_ID}`)
  t.equal(await browser.evaluate('location.pathname'), '/login')
  await browser.follow(
    `document.querySelector('#token').value = '${ADMIN}'; document.querySelector('form button').click()`,
  )
  t.equal(await browser.evaluate('location.pathname'), `/traces/${TRACE_ID}`)
  t.equal(await browser.evaluate('document.cookie'), '', 'no script reads the cookie')
  await browser.follow(`document.querySelector('.top button').click()`)
  await browser.open(`${url}/`)
  t.equal(await browser.evaluate('location.pathname'), '/login')
})

t.test('a link on another site opens a trace for whoever is logged in', async (t) => {
  const { url, link, browser } = await open(t)
  const elsewhere = url.replace('127.0.0.1', 'localhost')
  await browser.open(await link())
  await browser.open(`${elsewhere}/login`)
  await browser.follow(`location.href = '${url}/traces/${TRACE_ID}'`)
  for (let hops = 0; hops < 3 && (await isOnTheWay(browser)); hops++) await browser.arrive()
  t.equal(await browser.evaluate('location.href'), `${url}/traces/${TRACE_ID}`)
})

async function isOnTheWay(browser: Browser): Promise<boolean> {
  return (await browser.evaluate('document.title')) === 'Going on · Sidelight'
}

t.test('an empty collector says what to do', async (t) => {
  const { url, link, browser } = await open(t, [])
  await browser.open(await link())
  const { text, overflowPx } = await browser.look(`${url}/`, LOOKS[0]!)
  t.match(text, /npm run demo[^]*http:\/\/127\.0\.0\.1:4318/)
  t.ok(overflowPx <= 0)
})
