import t from 'tap'
import type { Pool } from 'pg'
import {
  deleteOldReceipts,
  deleteOldThrows,
  forgetSidecars,
  heartbeat,
  registerSidecar,
  reportDrained,
} from '../../collector/store/maintenance'
import { uuidOf } from '../helpers/rows'
import { openDatabase } from './database'

const ID = uuidOf('sidecar')
const sidecar = { id: ID, host: 'pod-1', version: '0.1.0', roles: ['ingest', 'api'] }

const HOUR_AGES = [0, 1, 3, 10, 25]

/** Receipts 0, 1, 3, 10 and 25 hours old. */
async function addReceipts(pool: Pool): Promise<void> {
  await pool.query(
    `insert into sidelight.ingest_receipt (digest, received_at)
     select gen_random_uuid(), now() - age * interval '1 hour' from unnest($1::int[]) as age`,
    [HOUR_AGES],
  )
}

async function receiptAges(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ age: number }>(
    `select round(extract(epoch from now() - received_at) / 3600)::int as age
     from sidelight.ingest_receipt order by 1`,
  )
  return rows.map((row) => row.age)
}

async function age(pool: Pool, column: string, hours: number): Promise<void> {
  await pool.query(`update sidelight.sidecar set ${column} = now() - $1 * interval '1 hour'`, [
    hours,
  ])
}

t.test(
  'receipts are kept for two hours, and longer for sidecars that may still send',
  async (t) => {
    const pool = await openDatabase(t)
    await addReceipts(pool)
    await registerSidecar(pool, sidecar, null)
    await age(pool, 'heartbeat_at', 30)
    t.equal(await deleteOldReceipts(pool), 1, 'a silent sidecar keeps them for a day')
    t.same(await receiptAges(pool), [0, 1, 3, 10])
    t.ok(await heartbeat(pool, ID, 5 * 3_600_000))
    t.equal(
      await deleteOldReceipts(pool),
      1,
      'what it has not stored keeps them as long as that is old',
    )
    t.same(await receiptAges(pool), [0, 1, 3])
    t.ok(await heartbeat(pool, ID, null))
    t.equal(await deleteOldReceipts(pool), 1)
    t.same(await receiptAges(pool), [0, 1])
  },
)

t.test(
  'what was in a transaction at the last heartbeat of a killed sidecar keeps its receipt',
  async (t) => {
    const pool = await openDatabase(t)
    await registerSidecar(pool, sidecar, null)
    await age(pool, 'heartbeat_at', 5)
    await pool.query(
      `insert into sidelight.ingest_receipt (digest, received_at)
       select gen_random_uuid(), heartbeat_at - seconds * interval '1 second'
       from sidelight.sidecar, unnest('{10, 600}'::int[]) as seconds`,
    )
    t.equal(await deleteOldReceipts(pool), 1)
  },
)

t.test('a sidecar that stopped drained keeps no receipts', async (t) => {
  const pool = await openDatabase(t)
  await addReceipts(pool)
  await registerSidecar(pool, sidecar, null)
  await reportDrained(pool, ID)
  await age(pool, 'heartbeat_at', 5)
  await deleteOldReceipts(pool)
  t.same(await receiptAges(pool), [0, 1])
})

t.test('many old receipts are deleted batch by batch', async (t) => {
  const pool = await openDatabase(t)
  await pool.query(
    `insert into sidelight.ingest_receipt (digest, received_at)
     select gen_random_uuid(), now() - interval '3 hours' from generate_series(1, 10001)`,
  )
  t.equal(await deleteOldReceipts(pool), 10_001)
})

t.test('what is known of throws goes with the receipts, and past those in use', async (t) => {
  const pool = await openDatabase(t)
  const add = (age: string, count: number) =>
    pool.query(
      `insert into sidelight.error_seen (scope, innermost, error_hash, severity, seen_at)
       select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 17, now() - $1::interval from generate_series(1, $2::int)`,
      [age, count],
    )
  await add('1 minute', 3)
  await add('119 minutes', 2)
  await add('3 hours', 10_001)
  await registerSidecar(pool, sidecar, 5 * 3_600_000)
  t.equal(await deleteOldThrows(pool), 0, 'a request may wait that tells of them')
  t.ok(await heartbeat(pool, ID, null))
  const writer = await pool.connect()
  await writer.query(
    `begin; select from sidelight.error_seen where seen_at < now() - interval '2 hours' limit 1 for update`,
  )
  t.equal(await deleteOldThrows(pool), 10_000)
  await writer.query('commit')
  writer.release()
  t.equal(await deleteOldThrows(pool), 1)
  t.equal((await pool.query('select from sidelight.error_seen')).rowCount, 5)
})

t.test(
  'a sidecar registers, lives, starts again, and is forgotten a week after its end',
  async (t) => {
    const pool = await openDatabase(t)
    const read = async () =>
      (
        await pool.query(
          `select host, version, roles, drained_at is not null as drained,
         oldest_undrained_at is not null as undrained from sidelight.sidecar`,
        )
      ).rows
    t.notOk(await heartbeat(pool, ID, null), 'nothing to beat for before it registers')
    await registerSidecar(pool, sidecar, null)
    const alive = {
      host: 'pod-1',
      version: '0.1.0',
      roles: ['ingest', 'api'],
      drained: false,
      undrained: false,
    }
    t.same(await read(), [alive])
    await heartbeat(pool, ID, 10)
    t.same(await read(), [{ ...alive, undrained: true }])
    await reportDrained(pool, ID)
    t.same(await read(), [{ ...alive, drained: true }])
    await registerSidecar(pool, { ...sidecar, version: '0.2.0' }, null)
    t.same(await read(), [{ ...alive, version: '0.2.0' }])
    t.equal(await forgetSidecars(pool), 0)
    await age(pool, 'heartbeat_at', 24 * 8)
    t.equal(await forgetSidecars(pool), 1)
  },
)
