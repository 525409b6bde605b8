import t from 'tap'
import { fakeFigures, figuresOf } from './figures'
import { ACME_ADMIN, ADMIN, bearer, buildApi, NOW_MS, READ } from './server'

const URL = '/api/admin/observability/metrics/prometheus'
const DAY_MS = 86_400_000
const MIDNIGHT_MS = Date.parse('2026-03-01T00:00:00Z')

/** The value of each line that begins so. */
function valuesOf(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`))
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(name.length, line.lastIndexOf(' ')),
      Number(line.split(' ').at(-1)),
    ]),
  )
}

t.test('requests of the day are counters and histograms of services and operations', async (t) => {
  const { asked, readFigures } = fakeFigures(({ window }) =>
    window.sinceMs === MIDNIGHT_MS
      ? [
          figuresOf([1, 30, 30, 700], { adjustedCount: 5.4, adjustedErrorCount: 1.2 }),
          figuresOf([90_000], { operation: 'POST "/x"\\\n' }),
        ]
      : [figuresOf([5], { service: 'nightly' })],
  )
  const { app } = buildApi(t, { queries: { readFigures } })
  const response = await app.inject({ url: URL, headers: bearer(ADMIN) })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const gateway = 'tenant="",environment="prod",namespace="shop",service="gateway"'
  const nightly = gateway.replace('gateway', 'nightly')
  const { body } = response
  t.strictSame(valuesOf(body, 'sidelight_service_requests_total'), {
    [`{${gateway}}`]: 6,
    [`{${nightly}}`]: 0,
  })
  t.strictSame(valuesOf(body, 'sidelight_service_request_errors_total'), {
    [`{${gateway}}`]: 1,
    [`{${nightly}}`]: 0,
  })
  const buckets = valuesOf(body, 'sidelight_service_request_duration_seconds_bucket')
  const counts = Object.entries(buckets)
    .filter(([labels]) => labels.includes('gateway'))
    .map(([, count]) => count)
  t.strictSame(counts, [1, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5])
  t.strictSame(valuesOf(body, 'sidelight_service_request_duration_seconds_count'), {
    [`{${gateway}}`]: 5,
    [`{${nightly}}`]: 0,
  })
  t.strictSame(valuesOf(body, 'sidelight_service_request_duration_seconds_sum'), {
    [`{${gateway}}`]: 90.761,
    [`{${nightly}}`]: 0,
  })
  t.match(body, 'operation="POST \\"/x\\"\\\\\\n",kind="server"} 1\n', 'labels are escaped')
  t.match(asked, [
    { window: { sinceMs: MIDNIGHT_MS, untilMs: NOW_MS }, of: 'requests' },
    { window: { sinceMs: MIDNIGHT_MS - DAY_MS, untilMs: MIDNIGHT_MS }, of: 'requests' },
  ])
})

t.test('counts never fall while spans are added', async (t) => {
  const durations: number[] = []
  const { readFigures } = fakeFigures(({ window }) =>
    window.sinceMs === MIDNIGHT_MS ? [figuresOf(durations)] : [],
  )
  const { app } = buildApi(t, { queries: { readFigures } })
  let before: Record<string, number> = {}
  // Around a bound of one second, from below to above it and on.
  for (let ms = 960; ms <= 1060; ms += 5) {
    durations.push(ms)
    const { body } = await app.inject({ url: URL, headers: bearer(ADMIN) })
    const now = valuesOf(body, 'sidelight_service_request_duration_seconds_bucket')
    for (const [labels, count] of Object.entries(before)) {
      t.ok((now[labels] ?? 0) >= count, `${ms} ms: ${labels}`)
    }
    before = now
  }
})

t.test('only the operations with the most requests are told', async (t) => {
  const { readFigures } = fakeFigures(({ window }) =>
    window.sinceMs === MIDNIGHT_MS
      ? Array.from({ length: 250 }, (_, n) =>
          figuresOf([1], { operation: `o${n}`, adjustedCount: n }),
        )
      : [],
  )
  const { app } = buildApi(t, { queries: { readFigures } })
  const { body } = await app.inject({ url: URL, headers: bearer(ADMIN) })
  const counts = Object.values(valuesOf(body, 'sidelight_operation_requests_total'))
  t.equal(counts.length, 200)
  t.equal(Math.min(...counts), 50)
  t.strictSame(Object.values(valuesOf(body, 'sidelight_service_requests_total')), [(249 * 250) / 2])
})

t.test('it takes an admin token, and tells a tenant of its own', async (t) => {
  const { asked, readFigures } = fakeFigures(() => [])
  const { app } = buildApi(t, { queries: { readFigures } })
  t.equal((await app.inject({ url: URL, headers: bearer(READ) })).statusCode, 403)
  t.equal((await app.inject({ url: URL, headers: bearer(ACME_ADMIN) })).statusCode, 200)
  t.ok(asked.every(({ filter }) => filter.tenant === 'acme'))
})

t.test('throws of the day are counters of services, those of yesterday zero', async (t) => {
  const place = { tenant: '', environment: 'prod', namespace: 'shop' }
  const asked: object[] = []
  const { app } = buildApi(t, {
    queries: {
      countThrows: (question) => {
        asked.push(question)
        const orders = { ...place, service: 'orders', count: 9, severeCount: 5, unhandledCount: 1 }
        const nightly = { ...orders, service: 'nightly' }
        return Promise.resolve(
          question.window.sinceMs === MIDNIGHT_MS ? [orders] : [nightly, { ...orders, count: 70 }],
        )
      },
    },
  })
  const { body } = await app.inject({ url: URL, headers: bearer(ADMIN) })
  const orders = '{tenant="",environment="prod",namespace="shop",service="orders"}'
  const nightly = orders.replace('orders', 'nightly')
  for (const [name, count] of [
    ['sidelight_service_errors_total', 9],
    ['sidelight_service_severe_errors_total', 5],
    ['sidelight_service_unhandled_errors_total', 1],
  ] as const) {
    t.strictSame(valuesOf(body, name), { [nightly]: 0, [orders]: count })
    t.match(body, `# TYPE ${name} counter\n`)
  }
  await app.inject({ url: URL, headers: bearer(ACME_ADMIN) })
  t.strictSame(asked.slice(0, 3), [
    { window: { sinceMs: MIDNIGHT_MS, untilMs: NOW_MS }, tenant: null },
    { window: { sinceMs: MIDNIGHT_MS - DAY_MS, untilMs: MIDNIGHT_MS }, tenant: null },
    { window: { sinceMs: MIDNIGHT_MS, untilMs: NOW_MS }, tenant: 'acme' },
  ])
})
