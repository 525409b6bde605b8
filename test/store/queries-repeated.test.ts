import type { Pool } from 'pg'
import t from 'tap'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions, openDatabase, type Test } from './database'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Within an hour of which minutes are kept, so that no whole hour is in the window. */
const UNTIL = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS + 30 * MINUTE_MS
const WINDOW = { sinceMs: UNTIL - HOUR_MS, untilMs: UNTIL }
const EVERYTHING = { window: WINDOW, tenant: null, service: null, module: null }
const QUESTION = { ...EVERYTHING, least: 10, limit: 100 }

/** The service `shop` of nobody with operations of the modules `a` and `b`, and one of a tenant. */
async function openErrors(t: Test): Promise<Pool> {
  const pool = await openDatabase(t)
  const days = [UNTIL - 5 * HOUR_MS, UNTIL].map((ms) => Math.floor(ms / DAY_MS))
  await ensurePartitions(pool, 'error_rollup', [...new Set(days)])
  await pool.query(
    `insert into sidelight.service values (1, '', 'production', 'web', 'shop'), (2, 'acme', '', '', 'mail')`,
  )
  await pool.query(
    `insert into sidelight.operation values (10, 1, 'a', 2, 'GET /'), (11, 1, 'b', 2, 'GET /'), (20, 2, 'a', 2, 'GET /')`,
  )
  return pool
}

async function addHash(pool: Pool, fault: string, group = fault, tenant = ''): Promise<void> {
  const [namespace, service] = tenant === '' ? ['web', 'shop'] : ['', 'mail']
  await pool.query(
    `insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, message,
       culprit, module, operation, why, similar_hashes)
     values ($1, $2, 'fp/1', $3, $4, $5, 'exception', 'Error', $6, '', '', '', '[]', '{}')`,
    [uuidOf(fault), uuidOf(group), tenant, namespace, service, fault],
  )
}

async function addState(pool: Pool, fault: string, state: string, firstSeenMs: number) {
  await pool.query(
    `insert into sidelight.error_group (id, tenant, namespace, service, state, first_seen_at, last_seen_at)
     values ($1, '', 'web', 'shop', $2, $3, now())`,
    [uuidOf(fault), state, new Date(firstSeenMs)],
  )
}

/** Severe throws, beside five others, `agoMs` before the end of the window. */
async function addThrows(
  pool: Pool,
  fault: string,
  severe: number,
  { agoMs = 10 * MINUTE_MS, level = 1, operation = 10 } = {},
): Promise<void> {
  const at = UNTIL - agoMs
  const bucketMs = level === 2 ? Math.floor(at / HOUR_MS) * HOUR_MS : at
  await pool.query(
    `insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release,
       occurrence_count, severe_count, unhandled_count, first_ns, last_ns, user_hashes)
     values ($1, $2, $3, $4::bigint / 10, $4, '', $5::int + 5, $5, 0, $6, $6, '{}')`,
    [new Date(bucketMs), level, uuidOf(fault), operation, severe, `${at}000000`],
  )
}

t.test('unresolved errors of 10 severe throws are told, the most frequent first', async (t) => {
  const pool = await openErrors(t)
  for (const fault of ['nine', 'ten', 'twenty', 'muted', 'resolved', 'before']) {
    await addHash(pool, fault)
  }
  await addHash(pool, 'merged', 'ten')
  await addState(pool, 'muted', 'muted', UNTIL)
  await addState(pool, 'resolved', 'resolved', UNTIL)
  await addState(pool, 'twenty', 'ongoing', UNTIL)
  await addThrows(pool, 'nine', 9)
  // Of two hashes, one of which is a delta yet.
  await addThrows(pool, 'ten', 4)
  await addThrows(pool, 'merged', 6, { level: 0 })
  await addThrows(pool, 'twenty', 20)
  await addThrows(pool, 'muted', 20)
  await addThrows(pool, 'resolved', 20)
  await addThrows(pool, 'before', 20, { agoMs: 61 * MINUTE_MS })
  const { listRepeated } = createErrorQueries(pool)
  const told = { tenant: '', environment: null, namespace: 'web', service: 'shop', class: 'Error' }
  const firstSeenMs = UNTIL - 10 * MINUTE_MS
  const twenty = { id: uuidOf('twenty'), ...told, message: 'twenty', count: 20, firstSeenMs }
  const ten = { id: uuidOf('ten'), ...told, message: 'ten', count: 10, firstSeenMs }
  t.same(await listRepeated(QUESTION), [twenty, ten])
  t.same(await listRepeated({ ...QUESTION, limit: 1 }), [twenty])
  t.same(await listRepeated({ ...QUESTION, least: 11 }), [twenty])
})

t.test('they are told by tenant, service and module', async (t) => {
  const pool = await openErrors(t)
  await addHash(pool, 'ours')
  await addHash(pool, 'foreign', 'foreign', 'acme')
  await addThrows(pool, 'ours', 10)
  await addThrows(pool, 'ours', 11, { operation: 11 })
  await addThrows(pool, 'foreign', 12, { operation: 20 })
  const { listRepeated } = createErrorQueries(pool)
  const ours = { id: uuidOf('ours'), count: 21 }
  const foreign = { id: uuidOf('foreign'), tenant: 'acme', service: 'mail', count: 12 }
  t.match(await listRepeated(QUESTION), [ours, foreign])
  t.match(await listRepeated({ ...QUESTION, tenant: 'acme' }), [foreign])
  t.match(await listRepeated({ ...QUESTION, service: 'shop' }), [ours])
  t.match(await listRepeated({ ...QUESTION, module: 'b' }), [{ ...ours, count: 11 }])
  t.same(await listRepeated({ ...QUESTION, module: 'c' }), [])
})

t.test('the first throw is that of all time, noted by the leader or not', async (t) => {
  const pool = await openErrors(t)
  for (const fault of ['noted', 'hour', 'delta']) {
    await addHash(pool, fault)
    await addThrows(pool, fault, 10)
  }
  await addState(pool, 'noted', 'ongoing', UNTIL - 4 * HOUR_MS)
  await addThrows(pool, 'hour', 1, { level: 2, agoMs: 3 * HOUR_MS })
  await addThrows(pool, 'delta', 1, { level: 0, agoMs: 5 * HOUR_MS })
  const { listRepeated } = createErrorQueries(pool)
  const first = (await listRepeated(QUESTION)).map(({ message, firstSeenMs }) => [
    message,
    (UNTIL - firstSeenMs) / HOUR_MS,
  ])
  t.strictSame(Object.fromEntries(first), { noted: 4, hour: 3, delta: 5 })
})
