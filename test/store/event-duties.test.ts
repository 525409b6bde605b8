import type { Pool } from 'pg'
import t from 'tap'
import { createQuickDuties, type Duty } from '../../collector/store/duties'
import { createErrorJudging } from '../../collector/store/error-judging'
import { foldEvents, forgetStates } from '../../collector/store/event-folding'
import type { Folded } from '../../collector/store/levels'
import { takeLead } from './leadership'
import { readState, sumOfLevel } from './recount-events'
import { DAY_NS, MINUTE_NS, nowNs, openEvents, refresh, type SeedEvent, store } from './seed-events'

const WEBHOOK = { kind: 'webhook', subject: 'w' } as const

function failure(atNs: bigint, subject = 'w'): SeedEvent {
  return { ...WEBHOOK, subject, atNs, outcome: 'failed' }
}

async function failuresOf(pool: Pool): Promise<number> {
  return (await readState(pool, WEBHOOK)).state.consecutive_failures
}

const MANY = `
insert into sidelight.event_rollup (bucket, level, catalogue_id, service_id, event_count, failed_count, amount,
  duration_sum_ns, zero_count, bucket_indexes, bucket_counts)
select date_trunc('minute', now()) - minute * interval '1 minute', 0, n % 10, 1, 1, 0, 0, 0, 1, '{}', '{}'
from generate_series(1, 3) as minute, generate_series(1, 20000) as n`

t.test('many rows are folded in steps, and the leader takes all of them', async (t) => {
  const pool = await openEvents(t)
  await pool.query(MANY)
  const step = async () =>
    (await pool.query('select folded::int, is_more from sidelight.fold_events()')).rows
  t.same(await step(), [{ folded: 40_000, is_more: true }], 'whole minutes')
  t.same(await step(), [{ folded: 20_000, is_more: false }])
  t.same(await step(), [{ folded: 0, is_more: false }])
  await pool.query(MANY)
  const folded: unknown[] = []
  await foldEvents(await takeLead(t, pool), (...about) => folded.push(about))
  t.same(folded, [
    [40_000, 'event_rollup'],
    [20_000, 'event_rollup'],
  ])
  t.equal(await sumOfLevel(pool, 2), 120_000)
})

t.test('a minute with more rows than that is folded as a whole', async (t) => {
  const pool = await openEvents(t)
  await pool.query(MANY.replace('20000', '60000').replace('(1, 3)', '(1, 2)'))
  const { rows } = await pool.query('select folded::int, is_more from sidelight.fold_events()')
  t.same(rows, [{ folded: 60_000, is_more: true }])
  const before = Date.now()
  const { rows: refreshed } = await pool.query<{ at: Date }>(
    'select sidelight.refresh_monitoring_views() as at',
  )
  t.ok(refreshed[0]!.at.getTime() >= before - 1_000, 'it is current now')
  t.equal(await sumOfLevel(pool, 3), 120_000)
})

/** The duty, as the leader has it among others. */
function foldingOf(folded: Folded): Duty {
  const judging = createErrorJudging({ judge: () => null, transitioned: () => undefined })
  const duties = createQuickDuties({ folded, judged: () => undefined, judging })
  const duty = duties.find(({ name }) => name === 'folding events')
  if (duty === undefined) throw new Error('the leader folds no events')
  return duty
}

t.test(
  'the leader folds what is told as one of its quick duties, and only while it leads',
  async (t) => {
    const pool = await openEvents(t)
    await store(pool, [failure(nowNs())])
    const leadership = await takeLead(t, pool)
    const folded: unknown[] = []
    const duty = foldingOf((...about) => folded.push(about))
    await duty.run(leadership)
    t.same(folded, [[1, 'event_rollup']])
    t.equal(await failuresOf(pool), 1)
    await store(pool, [failure(nowNs())])
    await pool.query('update sidelight.lease set epoch = epoch + 1')
    await t.rejects(duty.run(leadership), { name: 'LeaseLost' })
    t.equal(await failuresOf(pool), 1, 'nothing was changed')
  },
)

t.test('what left the catalogue is forgotten', async (t) => {
  const pool = await openEvents(t)
  await store(pool, [failure(nowNs()), failure(nowNs(), 'gone')])
  await refresh(pool)
  await pool.query(`delete from sidelight.catalogue where subject = 'gone'`)
  t.equal(await forgetStates(pool), 1)
  t.equal(await forgetStates(pool), 0)
  t.equal(await failuresOf(pool), 1)
})

t.test(
  'rate limits are forgotten a day after they were observed, once they are reset',
  async (t) => {
    const pool = await openEvents(t)
    const observed = (subject: string, ageNs: bigint, resetMs: number | null): SeedEvent => ({
      kind: 'rate_limit',
      subject,
      detail: 'ip',
      atNs: nowNs() - ageNs,
      outcome: 'observed',
      attributes: {
        'rate_limit.request_count': 95,
        'rate_limit.limit': 100,
        ...(resetMs !== null && { 'rate_limit.reset_at': new Date(resetMs).toISOString() }),
      },
    })
    const [hourMs, dayMs] = [3_600_000, 86_400_000]
    await store(pool, [
      observed('reset', DAY_NS + MINUTE_NS, Date.now() - hourMs),
      observed('never told', DAY_NS + MINUTE_NS, null),
      observed('of a month', DAY_NS + MINUTE_NS, Date.now() + 9 * dayMs),
      observed('of today', DAY_NS - MINUTE_NS, Date.now() - dayMs),
      failure(nowNs() - 3n * DAY_NS),
    ])
    await refresh(pool)
    const limits = async () =>
      (
        await pool.query<{ identifier: string }>(
          'select identifier from sidelight.v_rate_limit_utilization order by identifier',
        )
      ).rows.map(({ identifier }) => identifier)
    t.equal((await limits()).length, 4)
    t.equal(await forgetStates(pool), 2)
    t.same(await limits(), ['of a month', 'of today'])
    t.equal(await failuresOf(pool), 1, 'a webhook stays')
    await store(pool, [observed('reset', 0n, Date.now() + hourMs)])
    await refresh(pool)
    t.ok((await limits()).includes('reset'), 'it is back when it is observed again')
  },
)
