import t from 'tap'
import type { FigureQuestion, FigureQueries, Figures } from '../../collector/api/figure-contract'
import { dayOf } from '../../collector/store/clock'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { quantileNs } from '../../collector/translate/distribution'
import { createRandom } from '../helpers/random'
import { ensurePartitions, openDatabase } from './database'
import { seedOperation, seedService } from './seed'
import { FOLDED, seedRollups, type RolledSpan } from './seed-rollups'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The begin of an hour, two to three hours ago: its minutes are kept. */
const RECENT_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS
const OLD_MS = RECENT_MS - 72 * HOUR_MS
const NO_FILTER = { tenant: null, service: null, module: null, operation: null }
const trace = (n: number) => n.toString(16).padStart(32, '0')

function asking(
  sinceMs: number,
  untilMs: number,
  more: Partial<FigureQuestion> = {},
): FigureQuestion {
  const window = { sinceMs, untilMs }
  return { window, filter: NO_FILTER, of: 'spans', by: [], stepMs: null, ...more }
}

function countOf(figures: readonly Figures[]): number {
  return figures.reduce((sum, { count }) => sum + count, 0)
}

/** One span in the middle of each minute from `sinceMs` on. */
function aMinute(sinceMs: number, minutes: number): RolledSpan[] {
  return Array.from({ length: minutes }, (_, n) => ({ endMs: sinceMs + (n + 0.5) * MINUTE_MS }))
}

t.test('percentiles are within 2.2 percent of exact', async (t) => {
  const pool = await openDatabase(t)
  const random = createRandom(5)
  const millis = Array.from({ length: 5000 }, () => Math.exp((random.below(1e9) / 1e9) * 12 - 3))
  const spans = millis.map((durationMs, n) => ({
    endMs: RECENT_MS + (n % 60) * MINUTE_MS,
    durationMs,
  }))
  await seedRollups(pool, spans.slice(0, 3000))
  await seedRollups(pool, spans.slice(3000), FOLDED)
  const { figures } = await createFigureQueries(pool).readFigures(
    asking(RECENT_MS, RECENT_MS + HOUR_MS),
  )
  const [all] = figures
  const durations = all?.durations
  t.equal(figures.length, 1)
  t.equal(all?.count, 5000)
  if (!durations) return
  const sorted = [...millis].sort((a, b) => a - b)
  for (const share of [0.01, 0.5, 0.95, 0.99]) {
    const exactNs = (sorted[Math.ceil(share * 5000) - 1] ?? NaN) * 1e6
    const off = Math.abs(quantileNs(durations, share) / exactNs - 1)
    t.ok(off < 0.022, `p${share * 100} is off by ${off}`)
  }
  t.equal(durations.maxNs, Math.round((sorted.at(-1) ?? NaN) * 1e6))
})

t.test('nothing is counted twice, folded or not, whatever the window and steps', async (t) => {
  const spans = aMinute(RECENT_MS, 120)
  const states: Record<string, (pool: Parameters<typeof seedRollups>[0]) => Promise<void>> = {
    deltas: (pool) => seedRollups(pool, spans),
    folded: (pool) => seedRollups(pool, spans, FOLDED),
    async both(pool) {
      await seedRollups(pool, spans.slice(0, 70), FOLDED)
      await seedRollups(pool, spans.slice(70))
    },
  }
  for (const [state, store] of Object.entries(states)) {
    await t.test(state, async (t) => {
      const pool = await openDatabase(t)
      await store(pool)
      const { readFigures } = createFigureQueries(pool)
      const count = async (fromMinute: number, untilMinute: number, stepMs: number | null) => {
        const at = (minute: number) => RECENT_MS + minute * MINUTE_MS
        const question = asking(at(fromMinute), at(untilMinute), { stepMs })
        const { figures } = await readFigures(question)
        return [countOf(figures), figures.length]
      }
      t.same(await count(-60, 180, null), [120, 1])
      t.same(await count(0, 60, null), [60, 1])
      t.same(await count(59, 61, null), [2, 1])
      t.same(await count(10, 110, null), [100, 1], 'no whole hour is in it')
      t.same(await count(30, 120, null), [90, 1], 'minutes, then an hour')
      t.same(await count(0.9, 2.1, null), [3, 1], 'minutes are whole')
      t.same(await count(0, 120, MINUTE_MS), [120, 120])
      t.same(await count(3, 63, 7 * MINUTE_MS), [60, 9])
      t.same(await count(0, 120, HOUR_MS), [120, 2])
      t.same(await count(10, 70, HOUR_MS), [70, 2], 'steps of hours begin at the hour')
      t.same(await count(200, 300, null), [0, 0])
    })
  }
})

t.test('times whose minutes are not kept are told by whole hours', async (t) => {
  const pool = await openDatabase(t)
  await seedRollups(pool, aMinute(OLD_MS, 120), [2])
  await seedRollups(pool, aMinute(OLD_MS + HOUR_MS, 3))
  await seedRollups(pool, aMinute(RECENT_MS, 60), FOLDED)
  const { readFigures } = createFigureQueries(pool)
  const within = await readFigures(
    asking(OLD_MS + 10 * MINUTE_MS, OLD_MS + 70 * MINUTE_MS, { stepMs: 5 * MINUTE_MS }),
  )
  t.same(within.window, { sinceMs: OLD_MS, untilMs: OLD_MS + 2 * HOUR_MS })
  t.equal(within.stepMs, HOUR_MS)
  t.same(
    within.figures.map(({ sinceMs, count }) => [sinceMs, count]),
    [
      [OLD_MS, 60],
      [OLD_MS + HOUR_MS, 63],
    ],
    'a late delta counts',
  )
  const since = await readFigures(asking(OLD_MS + 10 * MINUTE_MS, RECENT_MS + 7 * MINUTE_MS))
  t.same(since.window, { sinceMs: OLD_MS, untilMs: RECENT_MS + 7 * MINUTE_MS })
  t.equal(countOf(since.figures), 130, 'a recent end is told by minutes')
})

t.test(
  'long windows begin at a whole hour, and those that reach now end with its own',
  async (t) => {
    const pool = await openDatabase(t)
    const nowMs = Date.now()
    const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS
    const sevenHours = [...Array(7).keys()].flatMap((n) => aMinute(hourMs - (n + 1) * HOUR_MS, 60))
    await seedRollups(pool, sevenHours, FOLDED)
    // Hours alone, so that who reads minutes in their place finds nothing.
    await seedRollups(pool, aMinute(hourMs, 1), [2])
    await seedRollups(pool, aMinute(hourMs, 1))
    const { readFigures } = createFigureQueries(pool)
    const sinceMs = hourMs - 6.5 * HOUR_MS
    const untilMs = nowMs + 5 * MINUTE_MS
    const long = await readFigures(asking(sinceMs, untilMs))
    t.equal(long.window.sinceMs, hourMs - 7 * HOUR_MS)
    t.equal(countOf(long.figures), 7 * 60 + 2)
    const short = await readFigures(asking(hourMs - 4.5 * HOUR_MS, untilMs))
    t.equal(short.window.sinceMs, hourMs - 4.5 * HOUR_MS)
    t.equal(countOf(short.figures), 4.5 * 60 + 2)
    const ended = await readFigures(asking(sinceMs, hourMs + MINUTE_MS, { stepMs: MINUTE_MS }))
    t.equal(ended.window.sinceMs, sinceMs, 'steps of minutes are minutes')
    t.equal(countOf(ended.figures), 6.5 * 60 + 1)
  },
)

t.test('spans are told apart by service, module and operation, and narrowed by them', async (t) => {
  const pool = await openDatabase(t)
  await seedService(pool, { id: 4n, tenant: 'acme', environment: 'test', name: 'orders' })
  await seedOperation(pool, { id: 14n, service: 4n, module: 'orders', name: 'place order' })
  await seedOperation(pool, { id: 15n, service: 2n, module: 'orders', kind: 3, name: 'SELECT' })
  const endMs = RECENT_MS + MINUTE_MS
  await seedRollups(pool, [
    { endMs, service: 1n },
    { endMs, service: 2n, isFailed: true, adjusted: 4 },
    { endMs, service: 2n, operation: 15n, isRequest: false, isRoot: false },
    { endMs, service: 3n },
    { endMs, service: 4n, durationMs: null },
    { endMs, service: 9n, operation: 99n },
  ])
  const { readFigures } = createFigureQueries(pool)
  const ask = async (more: Partial<FigureQuestion>) =>
    (await readFigures(asking(RECENT_MS, RECENT_MS + HOUR_MS, more))).figures
  const name = ({ tenant, environment, service, module, operation, kind, count }: Figures) =>
    [tenant, environment, service, module, operation, kind, count].join(' ')
  const told = async (...by: FigureQuestion['by']) => (await ask({ by })).map(name).sort()
  t.same(await told(), ['      6'])
  t.same(await told('service'), [
    '      1',
    'acme  gateway    1',
    'acme  orders    2',
    'acme test orders    1',
    'umbrella  orders    1',
  ])
  t.same(await told('module'), [
    '      1',
    'acme  gateway http   1',
    'acme  orders orders   2',
    'acme test orders orders   1',
    'umbrella  orders orders   1',
  ])
  t.same(await told('service', 'operation'), [
    '      1',
    'acme  gateway http GET /shop server 1',
    'acme  orders orders SELECT client 1',
    'acme  orders orders place order server 1',
    'acme test orders orders place order server 1',
    'umbrella  orders orders place order server 1',
  ])
  t.match(await ask({ filter: { ...NO_FILTER, tenant: 'acme', service: 'orders' }, by: [] }), [
    { count: 3, errorCount: 1, rootCount: 2, adjustedCount: 6, adjustedErrorCount: 4 },
  ])
  const count = async (filter: Partial<FigureQuestion['filter']>, of: 'spans' | 'requests') =>
    countOf(await ask({ filter: { ...NO_FILTER, ...filter }, of }))
  t.equal(await count({ module: 'orders' }, 'spans'), 4)
  t.equal(await count({ module: 'orders', tenant: 'umbrella' }, 'spans'), 1)
  t.equal(await count({ operation: 'place order', service: 'orders' }, 'spans'), 3)
  t.equal(await count({}, 'requests'), 5)
  t.equal(await count({ tenant: 'nobody' }, 'spans'), 0)
  t.equal(await count({ module: "'; drop table" }, 'spans'), 0)
  const [unknown] = await ask({ filter: { ...NO_FILTER, service: 'orders', tenant: 'acme' } })
  t.equal(unknown?.durations?.counts.length, 1)
})

t.test('traces to look at are the slowest, and the latest known', async (t) => {
  const pool = await openDatabase(t)
  const at = (minute: number, n: number, durationMs: number, isFailed = false) => ({
    endMs: RECENT_MS + minute * MINUTE_MS,
    traceId: trace(n),
    durationMs,
    isFailed,
  })
  await seedRollups(pool, [at(1, 1, 10, true), at(2, 2, 70), at(3, 3, 30)])
  await seedRollups(pool, [at(61, 4, 50, true), at(62, 5, 20)], FOLDED)
  const { figures } = await createFigureQueries(pool).readFigures(
    asking(RECENT_MS, RECENT_MS + 2 * HOUR_MS),
  )
  t.match(figures, [
    {
      slowestTraceId: trace(2),
      errorTraceId: trace(4),
      randomTraceId: trace(4),
      firstSeenMs: RECENT_MS + MINUTE_MS,
      lastSeenMs: RECENT_MS + HOUR_MS,
    },
  ])
  const { figures: deltas } = await createFigureQueries(pool).readFigures(
    asking(RECENT_MS, RECENT_MS + HOUR_MS),
  )
  t.match(deltas, [{ slowestTraceId: trace(2), errorTraceId: trace(1) }])
  t.equal(deltas[0]?.firstSeenMs, RECENT_MS + MINUTE_MS)
  t.equal(deltas[0]?.lastSeenMs, RECENT_MS + 3 * MINUTE_MS)
})

t.test('the end of the calendar can be asked about', async (t) => {
  const pool = await openDatabase(t)
  const { readFigures, readEdges } = createFigureQueries(pool)
  const question = asking(Date.UTC(9999, 11, 31), Date.UTC(10_000, 0, 1))
  t.same((await readFigures(question)).figures, [])
  t.same((await readEdges({ window: question.window, tenant: null })).edges, [])
})

t.test('calls between services are added up by name', async (t) => {
  const pool = await openDatabase(t)
  await seedRollups(pool, aMinute(RECENT_MS, 1))
  await ensurePartitions(pool, 'edge_rollup', [RECENT_MS, RECENT_MS + HOUR_MS].map(dayOf))
  const call = (client: number, server: number, minute: number, errors: number, maxNs: number) =>
    pool.query(
      `insert into sidelight.edge_rollup (bucket, client_service_id, server_service_id, call_count, error_count,
         adjusted_count, adjusted_error_count, duration_sum_ns, duration_max_ns)
       values (to_timestamp($1), $2, $3, 10, $4::integer, 20, $4::integer * 2, 500, $5)`,
      [RECENT_MS / 1000 + minute * 60, client, server, errors, maxNs],
    )
  await call(1, 2, 0, 1, 90)
  await call(1, 2, 1, 0, 70)
  await call(1, 2, 60, 1, 99)
  await call(1, 3, 1, 0, 50)
  const { readEdges } = createFigureQueries(pool)
  const window = { sinceMs: RECENT_MS + 1, untilMs: RECENT_MS + HOUR_MS - 1 }
  const widened = { sinceMs: RECENT_MS, untilMs: RECENT_MS + HOUR_MS }
  const edge = { client: 'gateway', server: 'orders', durationSumNs: 1000 }
  t.match(await readEdges({ window, tenant: 'acme' }), {
    window: widened,
    edges: [
      {
        ...edge,
        count: 20,
        errorCount: 1,
        adjustedCount: 40,
        adjustedErrorCount: 2,
        durationMaxNs: 90,
      },
    ],
  })
  t.match(await readEdges({ window, tenant: null }), {
    edges: [{ ...edge, count: 30, durationSumNs: 1500 }],
  })
  t.same((await readEdges({ window, tenant: 'umbrella' })).edges, [])
})

t.test('answers never read spans, and stay when those are dropped', async (t) => {
  const pool = await openDatabase(t)
  await seedRollups(pool, aMinute(RECENT_MS, 60), FOLDED)
  const figures: FigureQueries = createFigureQueries(pool)
  const traces = createTraceQueries(pool)
  const window = { sinceMs: RECENT_MS, untilMs: RECENT_MS + HOUR_MS }
  const filter = { window, service: null, module: null, tenant: null }
  // A statement that reads a table that is gone fails; that of slow traces is the only one here that reads spans.
  await pool.query('alter table sidelight.span rename to dropped')
  t.equal(countOf((await figures.readFigures(asking(RECENT_MS, RECENT_MS + HOUR_MS))).figures), 60)
  t.equal((await traces.readTraceStatistics(filter)).requestCount, 60)
  t.same((await figures.readEdges({ window, tenant: null })).edges, [])
  await t.rejects(traces.readSlowTraces({ ...filter, thresholdMs: 0, limit: 1 }), { code: '42P01' })
  await pool.query('alter table sidelight.dropped rename to span')
  t.same(await traces.readSlowTraces({ ...filter, thresholdMs: 0, limit: 1 }), [])
})

t.test('a question with too many answers is refused', async (t) => {
  const pool = await openDatabase(t)
  await seedRollups(pool, aMinute(RECENT_MS, 1))
  await pool.query(
    `insert into sidelight.span_rollup
     select $1, 0, true, 1, n, 1, 1, 0, 1, 0, 0, null, null, 0, '{}', '{}', null, null, null
     from generate_series(1, 50001) as n`,
    [new Date(RECENT_MS).toISOString()],
  )
  const question = asking(RECENT_MS, RECENT_MS + HOUR_MS, { by: ['operation'] })
  await t.rejects(createFigureQueries(pool).readFigures(question), { name: 'BadData' })
})
