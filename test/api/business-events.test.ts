import t from 'tap'
import { refresh, type SeedEvent, store } from '../store/seed-events'
import { ask } from './answer'
import { buildEvents } from './events'
import { ACME_ADMIN, bearer, buildApi, READ } from './server'

const PATH = '/api/v1/business-events'
const SERIES = `${PATH}/series`
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const TRACE_ID = 'a'.repeat(32)
/** The begin of the hour before the last whole one. */
const BEGIN_MS = (Math.floor(Date.now() / HOUR_MS) - 2) * HOUR_MS

interface Event extends Record<string, unknown> {
  readonly name: string
  readonly status: string
}

interface Page {
  readonly events: readonly Event[]
  readonly nextCursor: string | null
  readonly searchedSince: string
}

interface Series {
  readonly window: { readonly since: string; readonly until: string }
  readonly stepSeconds: number
  readonly times: readonly string[]
  readonly series: readonly (Event & { readonly counts: number[] })[]
  readonly truncated: boolean
}

function event(
  minute: number,
  name: string,
  status: 'started' | 'succeeded' | 'failed',
  rest: Partial<SeedEvent> = {},
): SeedEvent {
  const atNs = BigInt(BEGIN_MS + minute * MINUTE_MS) * 1_000_000n
  return { kind: 'business', subject: name, detail: status, outcome: status, atNs, ...rest }
}

const EVENTS: SeedEvent[] = [
  event(1, 'order', 'started', { attributes: { 'request.id': 'r1', 'sidelight.count': 3 } }),
  event(2, 'order', 'succeeded', {
    atNs: BigInt(BEGIN_MS + 2 * MINUTE_MS) * 1_000_000n + 123n,
    durationNs: 60e9,
    amount: 0.6,
    traceId: TRACE_ID,
    attributes: {
      'correlation.id': 'c1',
      'request.id': 'r1',
      'user.id': 'ann',
      'sidelight.count': 3,
      'order.total': 9.5,
    },
  }),
  event(3, 'order', 'failed', { durationNs: 1e9, service: 2, attributes: { userId: 'bob' } }),
  event(61, 'order', 'succeeded', { durationNs: 20e9, amount: 0.1 }),
  event(61, 'order', 'succeeded', { amount: 0.2, attributes: { 'user.id': 'ann' } }),
  event(62, 'import', 'succeeded'),
  event(4, 'order', 'succeeded', { tenant: 'acme' }),
]

t.test('of business events', async (t) => {
  const { app, pool } = await buildEvents(t)
  await store(pool, EVENTS.slice(0, 4))
  await refresh(pool)
  await store(pool, EVENTS.slice(4))
  const list = (query = '') => ask<Page>(app, PATH, `${PATH}?tenant=&${query}`)
  const series = (query = '') => ask<Series>(app, SERIES, `${SERIES}?tenant=&${query}`)
  const count = async (query: string) => (await list(query)).events.length

  t.test('the newest comes first, with all that it says', async (t) => {
    const { events, nextCursor } = await list()
    t.equal(nextCursor, null)
    t.strictSame(
      events.map(({ name, status }) => `${name} ${status}`),
      [
        'import completed',
        'order completed',
        'order completed',
        'order failed',
        'order completed',
        'order started',
      ],
    )
    t.strictSame(events[4], {
      time: new Date(BEGIN_MS + 2 * MINUTE_MS).toISOString().replace('000Z', '000000123Z'),
      name: 'order',
      status: 'completed',
      tenant: '',
      service: 'shop',
      durationMs: 60_000,
      costUsd: 0.6,
      count: 3,
      userId: 'ann',
      correlationId: 'c1',
      traceId: TRACE_ID,
      spanId: null,
      attributes: {
        'correlation.id': 'c1',
        'request.id': 'r1',
        'user.id': 'ann',
        'sidelight.count': '3',
        'order.total': 9.5,
      },
    })
    t.match(events[3], { userId: 'bob', service: 'mail', costUsd: null, count: null })
    t.match(events[5], { correlationId: 'r1', durationMs: null })
    t.match(events[0], { attributes: {}, userId: null, correlationId: null })
  })

  t.test('they are found by name, status, service, user, correlation id and time', async (t) => {
    t.equal(await count('name=order'), 5)
    t.equal(await count('status=completed'), 4)
    t.equal(await count('name=order&status=failed'), 1)
    t.equal(await count('service=mail'), 1)
    t.equal(await count('user=ann'), 2)
    t.equal(await count('user=bob'), 1)
    t.equal(await count('correlationId=c1'), 1)
    t.equal(await count('correlationId=r1'), 2)
    t.equal(await count('correlationId=c1&user=bob'), 0)
    const at = (minute: number) => new Date(BEGIN_MS + minute * MINUTE_MS).toISOString()
    t.equal(await count(`since=${at(2)}&until=${at(61)}`), 2, 'the end is not included')
  })

  t.test('pages have each of them once', async (t) => {
    const seen: Event[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Page = await list(`limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      t.ok(page.events.length <= 2)
      seen.push(...page.events)
      cursor = page.nextCursor
    }
    t.strictSame(seen, (await list()).events)
    const { nextCursor } = await list('limit=1')
    const other = await app.inject({
      url: `${PATH}?user=ann&cursor=${nextCursor}`,
      headers: bearer(READ),
    })
    t.equal(other.statusCode, 400, 'a cursor belongs to its question')
  })

  t.test('over hours they are told by what they add up to', async (t) => {
    const hour = (n: number) => new Date(BEGIN_MS + n * HOUR_MS).toISOString()
    const answer = await series(`since=${hour(0)}&until=${hour(2)}&step=1h`)
    t.strictSame(answer.times, [hour(0), hour(1)])
    t.match(answer, {
      window: { since: hour(0), until: hour(2) },
      stepSeconds: 3600,
      truncated: false,
    })
    t.strictSame(answer.series, [
      {
        name: 'order',
        status: 'completed',
        total: 3,
        totalCostUsd: 0.9,
        counts: [1, 2],
        costsUsd: [0.6, 0.3],
        avgDurationsMs: [60_000, 20_000],
        maxDurationsMs: [60_000, 20_000],
      },
      seriesOf('import', 'completed', [0, 1]),
      seriesOf('order', 'failed', [1, 0], [1000, null]),
      seriesOf('order', 'started', [1, 0]),
    ])
  })

  t.test('over minutes one by one, with the same answer', async (t) => {
    const at = (minute: number) => new Date(BEGIN_MS + minute * MINUTE_MS).toISOString()
    const answer = await series(`since=${at(0)}&until=${at(120)}&step=30m&name=order`)
    t.strictSame(answer.times, [0, 30, 60, 90].map(at))
    t.match(answer.series, [
      {
        name: 'order',
        status: 'completed',
        counts: [1, 0, 2, 0],
        costsUsd: [0.6, 0, 0.3, 0],
        avgDurationsMs: [60_000, null, 20_000, null],
      },
      { status: 'failed', counts: [1, 0, 0, 0] },
      { status: 'started', counts: [1, 0, 0, 0] },
    ])
  })

  t.test('over days by rows of days', async (t) => {
    const day = new Date(BEGIN_MS).toISOString().slice(0, 10)
    const answer = await series(
      `since=${day}T00:00:00Z&until=${day}T23:59:59Z&step=1d&status=failed`,
    )
    t.match(answer, { stepSeconds: 86_400, series: [{ status: 'failed', counts: [1] }] })
  })

  t.test('steps are hours in a long window, unless one is named', async (t) => {
    t.equal((await series('hours=24')).stepSeconds, 3600)
    t.equal((await series('hours=24&step=30m')).stepSeconds, 1800)
    t.equal((await series('hours=2')).stepSeconds, 60)
  })

  t.test('the limit leaves those with the most', async (t) => {
    const answer = await series('hours=6&limit=1')
    t.match(answer, { truncated: true, series: [{ name: 'order', status: 'completed' }] })
    t.equal(answer.series.length, 1)
  })

  t.test('a token of a tenant sees its own', async (t) => {
    const get = async <T>(url: string) =>
      (await app.inject({ url, headers: bearer(ACME_ADMIN) })).json<T>()
    t.equal((await get<Page>(`${PATH}?tenant=`)).events.length, 1)
    t.match((await get<Series>(`${SERIES}?tenant=`)).series, [{ total: 1 }])
  })
})

function seriesOf(
  name: string,
  status: string,
  counts: number[],
  durations: (number | null)[] = counts.map(() => null),
) {
  return {
    name,
    status,
    total: counts.reduce((sum, each) => sum + each, 0),
    totalCostUsd: 0,
    counts,
    costsUsd: counts.map(() => 0),
    avgDurationsMs: durations,
    maxDurationsMs: durations,
  }
}

t.test('what cannot be answered is refused', async (t) => {
  const { app } = buildApi(t, {
    retentionHours: { traces: 1, logs: 48, metrics: 1, rollups: 9600 },
  })
  for (const [url, reason] of [
    [`${PATH}?status=succeeded`, /status must be one of started, completed, failed/],
    [`${PATH}?hours=49`, /hours must be/],
    [`${PATH}?cursor=x`, /cursor must be/],
    [`${PATH}?limit=1001`, /limit must be/],
    [`${SERIES}?step=90s`, /step must be whole minutes/],
    [`${SERIES}?since=-3d&step=30m`, /step must be whole hours/],
    [`${SERIES}?hours=24&step=1m&limit=500`, /step must be longer for 500 series/],
  ] as const) {
    const response = await app.inject({ url, headers: bearer(READ) })
    t.equal(response.statusCode, 400, url)
    t.match(response.json<{ detail: string }>().detail, reason)
  }
})
