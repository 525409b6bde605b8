import t from 'tap'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions } from './database'
import { openEvents } from './seed-events'
import { conditions } from './view-rows'

t.test('errors that repeat, and fatal ones', async (t) => {
  const pool = await openEvents(t)
  const today = Math.floor(Date.now() / 86_400_000)
  await ensurePartitions(pool, 'error_rollup', [today - 1, today])
  await ensurePartitions(pool, 'error_occurrence', [today - 1, today])
  const groups = [
    { fault: 'nine', counts: [9] },
    { fault: 'ten', counts: [4, 6] },
    { fault: 'muted', counts: [20], state: 'muted' },
    { fault: 'resolved', counts: [20], state: 'resolved' },
    { fault: 'ongoing', counts: [11], state: 'ongoing' },
    { fault: 'earlier', counts: [20], minutesAgo: 62 },
  ]
  for (const { fault, counts, state, minutesAgo = 1 } of groups) {
    const id = uuidOf(fault)
    await pool.query(
      `insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, message,
         culprit, module, operation, why, similar_hashes)
       values ($1, $1, 'fp/1', 'acme', '', 'shop', 'exception', 'Error', $2, '', '', '', '[]', '{}')`,
      [id, fault],
    )
    if (state !== undefined) {
      await pool.query(
        `insert into sidelight.error_group (id, tenant, namespace, service, state, first_seen_at, last_seen_at)
         values ($1, 'acme', '', 'shop', $2, now(), now())`,
        [id, state],
      )
    }
    for (const [level, count] of counts.entries()) {
      await pool.query(
        `insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release,
           occurrence_count, severe_count, unhandled_count, first_ns, last_ns, user_hashes)
         values (date_trunc('minute', now() - $4::int * interval '1 minute'), $1, $2, 1, 1, '', $3 + 5, $3, 0, 1, 1, '{}')`,
        [level, id, count, minutesAgo],
      )
    }
  }
  const fatal = (id: string, service: number, hash = 'nine', severity = 21) =>
    pool.query(
      `insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, severity,
         is_handled, is_incomplete, time_ns, source, release, class, message, exceptions)
       values (now() - interval '1 minute', $1, $2, $3, 1, 1, $4, false, false, 0, 'log', '', 'Error', '', '[]')`,
      [uuidOf(id), uuidOf(hash), service, severity],
    )
  for (const id of ['a', 'a', 'b', 'c']) await fatal(id, 1)
  for (const id of ['d', 'e']) await fatal(id, 2)
  await fatal('f', 2, 'nine', 20)
  await fatal('g', 2, 'muted')
  const found = await conditions(pool)
  t.same(found.slice(0, 1), [
    {
      type: 'error_pattern',
      severity: 'critical',
      resource_id: 'shop',
      resource_name: 'shop',
      message: 'shop: 3 fatal errors in an hour, critical from 3',
      tenant: '',
    },
  ])
  const about = {
    type: 'error_pattern',
    severity: 'warning',
    resource_name: 'Error',
    tenant: 'acme',
  }
  const warning = (fault: string, count: number) => ({
    ...about,
    resource_id: uuidOf(fault),
    message: `shop: Error (${fault}): ${count} times in an hour, a warning from 10`,
  })
  const byId = (a: { resource_id: string }, b: { resource_id: string }) =>
    a.resource_id < b.resource_id ? -1 : 1
  t.same(found.slice(1).sort(byId), [warning('ten', 10), warning('ongoing', 11)].sort(byId))
})
