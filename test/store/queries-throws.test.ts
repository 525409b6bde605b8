import type { Pool } from 'pg'
import t from 'tap'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { ensurePartitions, openDatabase, type Test } from './database'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** An hour that is over, and minutes of which are kept. */
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS
const EVERYTHING = { sinceMs: HOUR - 6 * HOUR_MS, untilMs: HOUR + 3 * HOUR_MS }
const CHECKOUT = {
  tenant: '',
  environment: 'production',
  namespace: 'shop',
  service: 'checkout',
}
const STAGING = { ...CHECKOUT, environment: 'staging' }
const ACME = { tenant: 'acme', environment: '', namespace: '', service: 'mail' }

const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** Three services: two of one name, and one of a tenant, each with an operation of module `a` and one of `b`. */
async function openErrors(t: Test): Promise<Pool> {
  const pool = await openDatabase(t)
  for (const table of ['error_rollup', 'error_occurrence']) {
    const days = [HOUR - 6 * HOUR_MS, HOUR, HOUR + 3 * HOUR_MS].map((ms) => Math.floor(ms / DAY_MS))
    await ensurePartitions(pool, table, [...new Set(days)])
  }
  for (const [index, { tenant, environment, namespace, service }] of [
    CHECKOUT,
    STAGING,
    ACME,
  ].entries()) {
    const id = index + 1
    await pool.query('insert into sidelight.service values ($1, $2, $3, $4, $5)', [
      id,
      tenant,
      environment,
      namespace,
      service,
    ])
    await pool.query(
      `insert into sidelight.operation values ($1, $3, 'a', 2, 'GET /'), ($2, $3, 'b', 2, 'GET /')`,
      [id * 10, id * 10 + 1, id],
    )
  }
  return pool
}

/** Counts are of all throws, severe ones, and those that nothing caught. */
async function addRollup(
  pool: Pool,
  level: number,
  bucketMs: number,
  service: number,
  counts: readonly [number, number, number],
): Promise<void> {
  await pool.query(
    `insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release,
       occurrence_count, severe_count, unhandled_count, first_ns, last_ns, user_hashes)
     values ($1, $2, $3, $4, $5, '', $6, $7, $8, 1, 1, '{}')`,
    [new Date(bucketMs), level, uuid(level), service, service * 10, ...counts],
  )
}

async function addThrow(
  pool: Pool,
  id: number,
  fields: {
    timeMs?: number
    service?: number
    module?: 'a' | 'b'
    severity?: number
    hash?: number
  },
): Promise<void> {
  const { timeMs = HOUR, service = 1, module = 'a', severity = 21, hash = 1 } = fields
  await pool.query(
    `insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, severity,
       is_handled, is_incomplete, time_ns, source, release, class, message, exceptions)
     values ($1, $2, $3, $4, $5, 1, $6, false, false, 0, 'log', '', 'Error', '', '[]')`,
    [
      new Date(timeMs),
      uuid(id),
      uuid(hash),
      service,
      service * 10 + (module === 'a' ? 0 : 1),
      severity,
    ],
  )
}

t.test('throws of a window are counted once, by service, folded or not', async (t) => {
  const pool = await openErrors(t)
  // Folded: a minute, and the hour it is in.
  await addRollup(pool, 1, HOUR + MINUTE_MS, 1, [5, 4, 3])
  await addRollup(pool, 2, HOUR, 1, [5, 4, 3])
  // Not folded yet, of the same minute and of the next hour.
  await addRollup(pool, 0, HOUR + MINUTE_MS, 1, [1, 1, 0])
  await addRollup(pool, 0, HOUR + HOUR_MS, 1, [10, 0, 0])
  await addRollup(pool, 0, HOUR, 2, [2, 0, 0])
  await addRollup(pool, 0, HOUR, 3, [7, 7, 7])
  const { countThrows } = createErrorQueries(pool)
  const checkout = { ...CHECKOUT, count: 16, severeCount: 5, unhandledCount: 3 }
  const staging = { ...STAGING, count: 2, severeCount: 0, unhandledCount: 0 }
  const acme = { ...ACME, count: 7, severeCount: 7, unhandledCount: 7 }
  const window = EVERYTHING
  t.strictSame(await countThrows({ window, tenant: null }), [checkout, staging, acme])
  t.strictSame(await countThrows({ window, tenant: 'acme' }), [acme])
  t.strictSame(await countThrows({ window, tenant: '' }), [checkout, staging])
  const hour = { sinceMs: HOUR, untilMs: HOUR + HOUR_MS }
  t.match(await countThrows({ window: hour, tenant: '' }), [{ count: 6 }, { count: 2 }])
  const minute = { sinceMs: HOUR + MINUTE_MS, untilMs: HOUR + 2 * MINUTE_MS }
  t.strictSame(await countThrows({ window: minute, tenant: null }), [{ ...checkout, count: 6 }])
})

t.test('fatal throws are counted by service, but those of muted groups', async (t) => {
  const pool = await openErrors(t)
  await addThrow(pool, 1, {})
  await addThrow(pool, 2, { severity: 24, module: 'b' })
  // Told of twice.
  await addThrow(pool, 2, { severity: 24, module: 'b' })
  await addThrow(pool, 3, { severity: 17 })
  await addThrow(pool, 4, { timeMs: HOUR - 1 })
  await addThrow(pool, 5, { timeMs: HOUR + HOUR_MS })
  await addThrow(pool, 6, { service: 3 })
  await addThrow(pool, 7, { hash: 2 })
  await pool.query(
    `insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, message,
       culprit, module, operation, why, similar_hashes)
     values ($1, $2, 'fp/1', '', 'shop', 'checkout', 'exception', 'Error', '', '', '', '', '[]', '{}')`,
    [uuid(2), uuid(9)],
  )
  await pool.query(
    `insert into sidelight.error_group (id, tenant, namespace, service, state, first_seen_at, last_seen_at)
     values ($1, '', 'shop', 'checkout', 'muted', now(), now())`,
    [uuid(9)],
  )
  const { countFatal } = createErrorQueries(pool)
  const question = {
    window: { sinceMs: HOUR, untilMs: HOUR + HOUR_MS },
    tenant: null,
    service: null,
    module: null,
  }
  const checkout = { ...CHECKOUT, count: 2 }
  const acme = { ...ACME, count: 1 }
  t.strictSame(await countFatal(question), [checkout, acme])
  t.strictSame(await countFatal({ ...question, tenant: 'acme' }), [acme])
  t.strictSame(await countFatal({ ...question, service: 'checkout' }), [checkout])
  t.strictSame(await countFatal({ ...question, module: 'b' }), [{ ...checkout, count: 1 }])
  await pool.query(`update sidelight.error_group set state = 'resolved'`)
  t.match(await countFatal(question), [{ count: 3 }, { count: 1 }])
})
