import t from 'tap'
import type { Pool } from 'pg'
import { createKeeper, type Keeper } from '../../collector/store/keeper'
import { deleteOldReceipts } from '../../collector/store/maintenance'
import { ensureUpcomingPartitions } from '../../collector/store/partitions'
import { withClient } from '../../collector/store/session'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { countWaiting, openDatabase, openPool, silent } from './database'

const sidecar = { id: uuidOf('sidecar'), host: 'pod-1', version: '0.1.0', roles: ['ingest'] }
const HOUR_MS = 3_600_000

interface Reported {
  readonly undrained_hours: number | null
  readonly is_drained: boolean
}

async function read(pool: Pool): Promise<Reported | undefined> {
  const { rows } = await pool.query<Reported>(
    `select round(extract(epoch from clock_timestamp() - oldest_undrained_at) / 3600)::int as undrained_hours,
       drained_at is not null as is_drained from sidelight.sidecar`,
  )
  return rows[0]
}

/** A keeper whose process keeps what `age.ms` says. */
function openKeeper(
  pool: Pool,
  age: { ms: number | null },
  onMisfit: (error: Error) => void = () => undefined,
  attemptMs = 5_000,
  onLost: (reason: string) => void = () => undefined,
): Keeper {
  return createKeeper({
    pool,
    sidecar,
    migrate: 'auto',
    log: silent,
    nowMs: Date.now,
    oldestUndrainedAgeMs: () => age.ms,
    onLost,
    onMisfit,
    heartbeatMs: 20,
    attemptMs,
  })
}

t.test('the heartbeat says how old the oldest record is that is not stored', async (t) => {
  const pool = await openDatabase(t)
  const age = { ms: (5 * HOUR_MS) as number | null }
  const keeper = openKeeper(pool, age)
  await keeper.prepare()
  t.same(await read(pool), { undrained_hours: 5, is_drained: false }, 'from the first moment on')
  await pool.query(
    `insert into sidelight.ingest_receipt (digest, received_at)
     select gen_random_uuid(), now() - hours * interval '1 hour' from unnest('{1, 4, 6}'::int[]) as hours`,
  )
  t.equal(await deleteOldReceipts(pool), 1, 'its receipts are kept that long')
  age.ms = null
  await until(async () => (await read(pool))?.undrained_hours === null, 20_000, 'a heartbeat')
  t.equal(await deleteOldReceipts(pool), 1)
  await pool.query('delete from sidelight.sidecar')
  await until(() => read(pool), 20_000, 'the collector to register again')
  await keeper.stop()
  t.same(await read(pool), { undrained_hours: null, is_drained: true })
})

t.test(
  'a collector that stops with something left says so, and not that it is drained',
  async (t) => {
    const pool = await openDatabase(t)
    const age = { ms: null as number | null }
    const keeper = openKeeper(pool, age)
    await keeper.prepare()
    age.ms = 3 * HOUR_MS
    await keeper.stop()
    t.same(await read(pool), { undrained_hours: 3, is_drained: false })
  },
)

t.test('a heartbeat under way at a stop does not take back that it is drained', async (t) => {
  // One connection, so that what asks first is first.
  const pool = await openDatabase(t, { max: 1 })
  let stopped: Promise<void> | undefined
  let isPrepared = false
  const age = {
    get ms() {
      // A heartbeat asks, in its middle.
      if (isPrepared) {
        isPrepared = false
        stopped = keeper.stop()
      }
      return null
    },
  }
  const keeper = openKeeper(pool, age)
  await keeper.prepare()
  isPrepared = true
  await until(() => stopped !== undefined, 20_000, 'a heartbeat')
  await stopped
  // Whatever came after the last word is done by then.
  await pool.query('select')
  t.same(await read(pool), { undrained_hours: null, is_drained: true })
})

t.test('a Postgres that hangs takes no connections from the pool, and keeps no stop', async (t) => {
  const pool = await openDatabase(t, { max: 3 })
  await ensureUpcomingPartitions(pool, Date.now())
  const keeper = openKeeper(pool, { ms: null }, undefined, 500)
  await keeper.prepare()
  const holder = await pool.connect()
  await holder.query('begin; lock table sidelight.sidecar')
  // The server does not notice at once that its callers are gone.
  await until(
    async () => (await countWaiting(pool)) > 3,
    30_000,
    'more heartbeats than connections',
  )
  await t.rejects(keeper.prepare(), 'asking whether it can be used again has an end too')
  await t.resolves(keeper.stop(), 'and so has the last word')
  await holder.query('rollback')
  holder.release()
})

t.test('a heartbeat finds out that a newer version has taken the schema over', async (t) => {
  const pool = await openDatabase(t)
  const misfits: Error[] = []
  const keeper = openKeeper(pool, { ms: null }, (error) => misfits.push(error))
  await keeper.prepare()
  await pool.query(
    `insert into sidelight.migration (name, checksum, is_breaking) values ('9999_other.sql', '', true)`,
  )
  const misfit = await until(() => misfits[0], 20_000, 'the heartbeat')
  t.match(misfit, { name: 'MigrationError', message: /9999_other\.sql.*upgrade this collector/ })
  await keeper.stop()
})

t.test('a heartbeat that fails says so, one that only waits does not', async (t) => {
  const { connectionString } = (await openDatabase(t)).options
  const pool = openPool(t, connectionString ?? '', 1)
  const told: string[] = []
  const keeper = openKeeper(pool, { ms: null }, undefined, undefined, (reason) => told.push(reason))
  t.teardown(() => keeper.stop())
  await keeper.prepare()
  // Longer than a heartbeat itself may take.
  await withClient(pool, undefined, (client) => client.query('select pg_sleep(6)'))
  t.same(told, [])
  const other = openPool(t, connectionString ?? '', 1)
  await other.query('drop table sidelight.sidecar')
  await until(() => told.length > 0, 10_000, 'a heartbeat that failed')
  t.match(told[0], /sidecar/)
})
