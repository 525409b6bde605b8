import t from 'tap'
import type { FigureQuestion } from '../../collector/api/figure-contract'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { openDatabase } from './database'
import { FOLDED, seedRollups } from './seed-rollups'

const HOUR_MS = 3_600_000
/** The begin of an hour, two to three hours ago. */
const RECENT_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS

t.test('an answer says what it may lack', async (t) => {
  const pool = await openDatabase(t)
  const { readFigures } = createFigureQueries(pool)
  const gaps = async (sinceMs: number, untilMs: number, tenant: string | null = null) => {
    const filter = { tenant, service: null, module: null, operation: null }
    const window = { sinceMs, untilMs }
    const question: FigureQuestion = { window, filter, of: 'spans', by: [], stepMs: null }
    return (await readFigures(question)).gaps
  }
  t.same(await gaps(RECENT_MS, RECENT_MS + HOUR_MS), [])
  await seedRollups(pool, [{ endMs: RECENT_MS }], FOLDED)
  const time = new Date(RECENT_MS).toISOString()
  t.same(await gaps(RECENT_MS - 1, RECENT_MS + HOUR_MS), [
    `Nothing is known of the time before ${time}.`,
  ])
  t.same(await gaps(RECENT_MS, RECENT_MS + HOUR_MS), [])
  await pool.query(
    `insert into sidelight.sidecar (id, host, version, roles, oldest_undrained_at)
     values (gen_random_uuid(), 'pod-7', '1', '{ingest}', $1)`,
    [time],
  )
  t.same(await gaps(RECENT_MS, RECENT_MS + HOUR_MS), [
    `The collector on pod-7 has not stored yet what it received since ${time}.`,
  ])
  t.same(await gaps(RECENT_MS - HOUR_MS, RECENT_MS - HOUR_MS + 1), [
    `Nothing is known of the time before ${time}.`,
  ])
  t.same(
    await gaps(RECENT_MS, RECENT_MS + HOUR_MS, 'acme'),
    [`A collector has not stored yet what it received since ${time}.`],
    'a tenant is told no names of machines',
  )
})
