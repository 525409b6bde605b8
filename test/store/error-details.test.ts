import t from 'tap'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { openDatabase } from './database'
import { NO_FILTER } from './error-recount'
import { errorId, seedErrors, type SeedThrow } from './seed-errors'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NOW_MS = Date.now()
const DAY = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
const [OWN, MERGED, OTHER, ELSEWHERE] = [1, 2, 3, 4].map(errorId) as [
  string,
  string,
  string,
  string,
]
const UNKNOWN = errorId(99)

const ago = (hours: number) => NOW_MS - hours * HOUR_MS
const at = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}000000Z`

t.test('a group is told with everything of all of its hashes', async (t) => {
  const pool = await openDatabase(t)
  const occurrence = (n: number) => ({
    id: errorId(100 + n),
    traceId: String(n).padStart(32, 'a'),
    spanId: String(n).padStart(16, 'b'),
    message: `message ${n}`,
    stackTrace: 'Error\n    at load (src/repo.ts:1:2)',
  })
  const throws: SeedThrow[] = [
    { hash: OWN, timeMs: ago(5), release: '1.0.0', user: 1n, occurrence: occurrence(1) },
    { hash: OWN, timeMs: ago(4), release: '1.1.0', user: 2n, isHandled: false },
    { hash: OWN, timeMs: ago(4), service: 2n, severity: 13, release: '1.1.0', user: 2n },
    { hash: MERGED, timeMs: ago(3), user: 3n, occurrence: occurrence(2) },
    { hash: MERGED, timeMs: ago(2), release: '1.0.0', occurrence: occurrence(2) },
    { hash: OTHER, timeMs: ago(1), release: '9.9.9', occurrence: occurrence(3) },
  ]
  await seedErrors(pool, {
    hashes: [
      { id: OWN, class: 'TypeError', createdAt: new Date(ago(5)).toISOString() },
      { id: MERGED, group: OWN, class: 'RangeError', why: [{ kind: 'class' }] },
      { id: OTHER },
    ],
    throws,
    groups: [
      {
        id: OWN,
        state: 'muted',
        firstSeenAt: new Date(ago(100)).toISOString(),
        lastSeenAt: new Date(ago(3)).toISOString(),
        columns: { assignee: 'jo', muted_at: new Date(ago(1)).toISOString(), muted_count: 7 },
      },
    ],
    events: [
      { group: OWN, at: new Date(ago(2)).toISOString(), action: 'assigned', actor: 'jo' },
      { group: OWN, at: new Date(ago(1)).toISOString(), action: 'muted', details: { count: 7 } },
      { group: OTHER, at: new Date(ago(1)).toISOString(), action: 'resolved' },
    ],
  })
  const { readError } = createErrorQueries(pool)
  const found = await readError({ id: OWN, window: DAY, tenant: 'acme' })
  t.match(found?.group, {
    id: OWN,
    class: 'TypeError',
    state: 'muted',
    assignee: 'jo',
    mute: { at: at(ago(1)), until: null, count: 7, minutes: null },
    resolution: null,
    occurrenceCount: 5,
    severeCount: 4,
    unhandledCount: 1,
    userCount: 3,
    firstSeen: at(ago(100)),
    lastSeen: at(ago(2)),
  })
  t.strictSame(found?.releases, [
    { name: '1.0.0', count: 2, firstSeen: at(ago(5)), lastSeen: at(ago(2)) },
    { name: '1.1.0', count: 2, firstSeen: at(ago(4)), lastSeen: at(ago(4)) },
  ])
  t.same(
    found?.operations.map(({ name, count }) => [name, count]),
    [
      ['GET /shop', 4],
      ['place order', 1],
    ],
  )
  t.equal(
    found?.environments.reduce((all, { count }) => all + count, 0),
    5,
  )
  t.same(
    found?.hashes.map(({ hash, class: name }) => [hash, name]),
    [
      [OWN, 'TypeError'],
      [MERGED, 'RangeError'],
    ],
  )
  t.match(found?.hashes[1]?.why, [{ kind: 'class' }])
  t.match(found?.history, [
    { at: at(ago(1)), actor: '', action: 'muted', details: { count: 7 } },
    { at: at(ago(2)), actor: 'jo', action: 'assigned' },
  ])
  t.equal(found?.history.length, 2, 'and nothing of another group')
  t.match(found?.latest, { groupId: OWN, hash: MERGED, message: 'message 2', release: '1.0.0' })
  t.match(found?.latest?.stackTrace, /repo/)
  t.same(found?.traceIds, [occurrence(2).traceId, occurrence(1).traceId], 'each once')

  const merged = await readError({ id: MERGED, window: DAY, tenant: 'acme' })
  t.strictSame(merged, found, 'also by a hash that was merged')
  t.equal(await readError({ id: OWN, window: DAY, tenant: 'umbrella' }), null)
  t.equal(await readError({ id: UNKNOWN, window: DAY, tenant: null }), null)
  const hour = { sinceMs: ago(3) - 5 * MINUTE_MS, untilMs: ago(3) + 5 * MINUTE_MS }
  const within = await readError({ id: OWN, window: hour, tenant: null })
  t.match(within?.group, { occurrenceCount: 1, userCount: 1 }, 'counts are of the window')
  t.same(within?.releases, [])
  t.equal(within?.traceIds.length, 2, 'traces are of all time')
})

t.test('the first and the last release are those of all time, folded or not', async (t) => {
  const pool = await openDatabase(t)
  const hashes = [{ id: OWN }, { id: MERGED, group: OWN }, { id: OTHER }]
  const folded: SeedThrow[] = [
    { hash: MERGED, timeMs: ago(70), release: '0.9.0' },
    { hash: OWN, timeMs: ago(60), release: '1.0.0' },
    { hash: OTHER, timeMs: ago(50) },
  ]
  await seedErrors(pool, { hashes, throws: folded, levels: [2] })
  const recent: SeedThrow[] = [
    { hash: OWN, timeMs: ago(2), release: '1.2.0' },
    { hash: OWN, timeMs: ago(2) - MINUTE_MS, release: '1.3.0' },
  ]
  await seedErrors(pool, { hashes: [], throws: recent })
  const { readError } = createErrorQueries(pool)
  const window = { sinceMs: ago(4), untilMs: ago(1) }
  const own = await readError({ id: OWN, window, tenant: null })
  t.match(own?.group, { occurrenceCount: 2, firstRelease: '0.9.0', lastRelease: '1.2.0' })
  t.match(own?.group, { firstSeen: at(ago(70)), lastSeen: at(ago(2)) })
  const other = await readError({ id: OTHER, window, tenant: null })
  t.match(other?.group, { occurrenceCount: 0, firstRelease: null, lastRelease: null })
})

t.test('users are counted up to 63, and estimated beyond', async (t) => {
  const pool = await openDatabase(t)
  // Spread as the bits of a hash are.
  const user = (n: number) => BigInt.asIntN(64, BigInt(n) * 0x9e3779b97f4a7c15n)
  const few = Array.from({ length: 63 }, (_, n) => user(n))
  const many = Array.from({ length: 1_000 }, (_, n) => user(n))
  const thrown = (hash: string, users: readonly bigint[]): SeedThrow[] =>
    // Each of them twice, in two hours, of rollups that know some of them.
    users.flatMap((each, n) => [
      { hash, timeMs: ago(2 + (n % 5)), user: each },
      { hash, timeMs: ago(10), user: each },
    ])
  await seedErrors(pool, {
    hashes: [{ id: OWN }, { id: MERGED, group: OWN }, { id: OTHER }],
    throws: [
      ...thrown(OTHER, few),
      ...thrown(OWN, many.slice(0, 600)),
      ...thrown(MERGED, many.slice(400)),
    ],
  })
  const { listErrors, readErrorStatistics } = createErrorQueries(pool)
  const estimate = (users: readonly bigint[]) => {
    const least = [...users].sort((a, b) => (a < b ? -1 : 1))[63] ?? 0n
    return Math.round((63 * 2 ** 64) / Number(least + 2n ** 63n))
  }
  const question = { window: DAY, filter: NO_FILTER, limit: 10, after: null }
  const { groups } = await listErrors({ ...question, order: 'users' })
  t.same(
    groups.map(({ id, userCount }) => [id, userCount]),
    [
      [OWN, estimate(many)],
      [OTHER, 63],
    ],
  )
  t.ok(Math.abs(estimate(many) - 1_000) < 250, 'an estimate that is near')
  const statistics = await readErrorStatistics({ window: DAY, filter: NO_FILTER })
  t.equal(statistics.userCount, estimate(many), 'those of all groups, each once')
})

t.test('similar groups share hashes of less, those with the most first', async (t) => {
  const pool = await openDatabase(t)
  const near = [201, 202, 203].map(errorId)
  await seedErrors(pool, {
    hashes: [
      { id: OWN, similar: near.slice(0, 1) },
      { id: MERGED, group: OWN, similar: near.slice(1, 2) },
      { id: OTHER, similar: near.slice(0, 1) },
      { id: errorId(5), similar: near },
      { id: errorId(6), group: errorId(5), similar: [errorId(204)] },
      { id: errorId(7), similar: near.slice(2) },
      { id: ELSEWHERE, service: 'orders', similar: near },
      { id: errorId(8), tenant: 'umbrella', similar: near },
    ],
    throws: [{ hash: OTHER, timeMs: ago(1), user: 1n }],
  })
  const { listSimilarErrors } = createErrorQueries(pool)
  const question = { id: OWN, tenant: 'acme', limit: 10 }
  const found = await listSimilarErrors(question)
  t.match(found, [
    { id: errorId(5), shared: 2, occurrenceCount: 0 },
    { id: OTHER, shared: 1, occurrenceCount: 1, userCount: 1 },
  ])
  t.equal(found.length, 2, 'none of another service or tenant, and not itself')
  t.strictSame(await listSimilarErrors({ ...question, id: MERGED }), found)
  t.match(await listSimilarErrors({ ...question, limit: 1 }), [{ id: errorId(5) }])
  t.same(await listSimilarErrors({ ...question, tenant: 'umbrella' }), [])
  t.same(await listSimilarErrors({ ...question, id: UNKNOWN, tenant: null }), [])
})

t.test('sums of errors are answered without spans and log records', async (t) => {
  const pool = await openDatabase(t)
  await seedErrors(pool, { hashes: [{ id: OWN }], throws: [{ hash: OWN, timeMs: NOW_MS - 1 }] })
  // A statement that reads a table that is gone fails.
  await pool.query('alter table sidelight.span rename to dropped_span')
  await pool.query('alter table sidelight.log_record rename to dropped_log_record')
  const queries = createErrorQueries(pool)
  const question = { window: DAY, filter: { ...NO_FILTER, text: 'cannot' } }
  for (const order of ['last_seen', 'first_seen', 'count', 'users'] as const) {
    const { groups } = await queries.listErrors({ ...question, order, limit: 5, after: null })
    t.equal(groups.length, 1, order)
  }
  t.match(await queries.readErrorStatistics(question), { groupCount: 1 })
  const trend = await queries.readErrorTrend({ ...question, groupId: null, stepMs: HOUR_MS })
  t.match(trend.steps, [{ occurrenceCount: 1 }])
  const all = { window: DAY, tenant: null, service: null, module: null }
  t.match(await queries.countUnresolved(all), [{ count: 1 }])
  t.match(await queries.countThrows(all), [{ count: 1 }])
})
