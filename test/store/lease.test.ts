import t from 'tap'
import type { Pool } from 'pg'
import {
  acquireLease,
  inLeaderTransaction,
  type Lease,
  LeaseLost,
  releaseLease,
  renewLease,
} from '../../collector/store/lease'
import { withClient } from '../../collector/store/session'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { countWaiting, openDatabase } from './database'

const TTL_MS = 60_000
const A = uuidOf('a')
const B = uuidOf('b')

async function acquire(pool: Pool, owner: string): Promise<Lease | null> {
  return acquireLease(pool, { name: 'leader', owner, ttlMs: TTL_MS })
}

async function acquired(pool: Pool, owner: string): Promise<Lease> {
  const lease = await acquire(pool, owner)
  if (lease === null) throw new Error('the lease is held by another')
  return lease
}

async function expire(pool: Pool): Promise<void> {
  await pool.query(`update sidelight.lease set expires_at = clock_timestamp() - interval '1 ms'`)
}

/** The leader's work of these tests: a row of `sidelight.sidecar`. */
async function leave(pool: Pool, lease: Lease, meanwhile = () => Promise.resolve()): Promise<void> {
  await withClient(pool, undefined, (client) =>
    inLeaderTransaction(client, lease, async () => {
      await client.query(
        `insert into sidelight.sidecar (id, host, version, roles) values (gen_random_uuid(), '', '', '{}')`,
      )
      await meanwhile()
    }),
  )
}

async function countLeft(pool: Pool): Promise<number> {
  return (await pool.query('select from sidelight.sidecar')).rowCount ?? -1
}

t.test('of many that ask at once one gets the lease', async (t) => {
  const pool = await openDatabase(t)
  const owners = Array.from({ length: 8 }, (_, i) => uuidOf(`owner ${i}`))
  const leases = await Promise.all(owners.map((owner) => acquire(pool, owner)))
  t.match(
    leases.filter((lease) => lease !== null),
    [{ epoch: '1' }],
  )
  await expire(pool)
  const again = await Promise.all(owners.map((owner) => acquire(pool, owner)))
  t.match(
    again.filter((lease) => lease !== null),
    [{ epoch: '2' }],
    'and of many that find it expired',
  )
})

t.test('a lease that is held can be renewed, and taken over when it has expired', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  t.equal(await acquire(pool, B), null)
  await expire(pool)
  t.ok(await renewLease(pool, lease, TTL_MS), 'even late, as long as nobody took it over')
  t.equal(await acquire(pool, B), null)
  await expire(pool)
  t.match(await acquire(pool, B), { owner: B, epoch: '2' })
  t.notOk(await renewLease(pool, lease, TTL_MS))
})

t.test('a lease that was released is free at once, and its epoch rises', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  await releaseLease(pool, lease)
  t.match(await acquire(pool, B), { epoch: '2' })
  await releaseLease(pool, lease)
  t.equal(await acquire(pool, A), null, 'whoever lost it releases nothing')
})

t.test('an owner to whom the answer was lost gets its lease anew', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  t.match(await acquire(pool, A), { owner: A, epoch: '2' })
  await t.rejects(leave(pool, lease), LeaseLost)
})

t.test('a leader that wakes up after another took over changes nothing', async (t) => {
  const pool = await openDatabase(t)
  const paused = await acquired(pool, A)
  await leave(pool, paused)
  await expire(pool)
  const lease = await acquired(pool, B)
  await t.rejects(leave(pool, paused), LeaseLost)
  t.equal(await countLeft(pool), 1)
  await leave(pool, lease)
  await expire(pool)
  t.ok(await acquire(pool, A), 'the owner of before may have it again')
  await t.rejects(leave(pool, paused), LeaseLost, 'but its old epoch is worth nothing')
  t.equal(await countLeft(pool), 2)
})

t.test('a take-over waits for the leader transaction in flight', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  await expire(pool)
  let isDone = false
  let taking: Promise<Lease | null> | undefined
  await leave(pool, lease, async () => {
    taking = acquire(pool, B)
    await until(() => countWaiting(pool), 20_000, 'the take-over to wait')
    isDone = true
  })
  t.match(await taking, { owner: B, epoch: '2' })
  t.ok(isDone)
  t.equal(await countLeft(pool), 1, 'whose work counts')
})

t.test('a lease that is renewed while a take-over waits is not taken over', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  await expire(pool)
  let taking: Promise<Lease | null> | undefined
  await leave(pool, lease, async () => {
    taking = acquire(pool, B)
    await until(() => countWaiting(pool), 20_000, 'the take-over to wait')
    t.ok(await renewLease(pool, lease, TTL_MS), 'renewal passes beside the work and the waiting')
  })
  t.equal(await taking, null)
  await leave(pool, lease)
})

t.test('a leader transaction waits for a take-over under way and then has lost', async (t) => {
  const pool = await openDatabase(t)
  const lease = await acquired(pool, A)
  const other = await pool.connect()
  await other.query('begin; select from sidelight.lease for update')
  await other.query('update sidelight.lease set epoch = epoch + 1')
  const leaving = t.rejects(leave(pool, lease), LeaseLost)
  await until(() => countWaiting(pool), 20_000, 'the leader transaction to wait')
  await other.query('commit')
  other.release()
  await leaving
  t.equal(await countLeft(pool), 0)
})
