import type { Pool, PoolClient } from 'pg'
import t from 'tap'
import { MAJORS } from '../helpers/postgres'
import { createRandom } from '../helpers/random'
import { until } from '../helpers/until'
import { countWaiting } from './database'
import { readLevels, readState, recountState, sumOfLevel } from './recount-events'
import {
  DAY_NS,
  HOUR_NS,
  isoOf,
  MINUTE_NS,
  nowNs,
  openEvents,
  refresh,
  type SeedEvent,
  store,
} from './seed-events'

const WEBHOOK = { kind: 'webhook', subject: 'w' } as const
const API = { kind: 'api', subject: 'orders', detail: '200' } as const

function delivery(atNs: bigint, outcome: 'succeeded' | 'failed', subject = 'w'): SeedEvent {
  return { ...WEBHOOK, subject, atNs, outcome, durationNs: 1_000_000 }
}

async function failuresOf(pool: Pool): Promise<number> {
  return (await readState(pool, WEBHOOK)).state.consecutive_failures
}

/** An hour that is over, by its begin. */
function pastHour(): bigint {
  const now = nowNs()
  return now - (now % HOUR_NS) - 2n * HOUR_NS
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, four that refresh and one that writes lose and double nothing`,
    async (t) => {
      const pool = await openEvents(t, major)
      const random = createRandom(major)
      const hour = pastHour()
      const told: SeedEvent[] = []
      let isWriting = true
      const writing = async () => {
        for (let batch = 0; batch < 60; batch++) {
          const events = Array.from({ length: 5 }, () => {
            const atNs = hour + BigInt(random.below(120)) * MINUTE_NS + BigInt(random.below(1_000))
            return delivery(
              atNs,
              random.chance(0.8) ? 'failed' : 'succeeded',
              random.pick(['w', 'v']),
            )
          })
          told.push(...events)
          await store(pool, events)
        }
        isWriting = false
      }
      const refreshing = async () => {
        while (isWriting) await refresh(pool)
      }
      await Promise.all([writing(), ...[1, 2, 3, 4].map(refreshing)])
      await refresh(pool)
      for (const subject of ['w', 'v']) {
        const { state, windowNs } = await readState(pool, { ...WEBHOOK, subject })
        const events = told.filter((event) => event.subject === subject)
        const expected = recountState(events, windowNs)
        t.same({ ...state, p95_ns: null }, { ...expected, p95_ns: null }, subject)
      }
      t.equal(await sumOfLevel(pool, 0), 0)
      t.equal(await sumOfLevel(pool, 2), told.length)
      t.equal(await sumOfLevel(pool, 3), told.length)
    },
  )
}

t.test(
  'who refreshes waits for another that does, and neither readers nor ingest wait',
  async (t) => {
    const pool = await openEvents(t)
    await store(pool, [delivery(pastHour(), 'failed')])
    const first = await pool.connect()
    await first.query('begin')
    await first.query('select sidelight.refresh_monitoring_views()')
    const second = refresh(pool)
    await until(async () => (await countWaiting(pool)) === 1, 20_000, 'the second one to wait')
    const read = await pool.query('select webhook_id from sidelight.mv_webhook_performance')
    t.equal(read.rowCount, 0, 'what is not committed is not seen')
    await store(pool, [delivery(pastHour() + 1n, 'failed')])
    await first.query('commit')
    first.release()
    await second
    t.equal(await failuresOf(pool), 2)
  },
)

t.test(
  'a late success lowers consecutive failures, a late failure before it raises nothing',
  async (t) => {
    const pool = await openEvents(t)
    const hour = pastHour()
    const failures = [1n, 2n, 3n, 61n, 62n].map((minute) =>
      delivery(hour + minute * MINUTE_NS, 'failed'),
    )
    await store(pool, failures)
    await refresh(pool)
    t.equal(await failuresOf(pool), 5, 'all, as it never succeeded')
    await store(pool, [delivery(hour + 2n * MINUTE_NS, 'succeeded')])
    await refresh(pool)
    t.equal(await failuresOf(pool), 3, 'the failure of that very moment is not later')
    await store(pool, [delivery(hour + 2n * MINUTE_NS - 1n, 'failed')])
    await refresh(pool)
    t.equal(await failuresOf(pool), 3, 'a nanosecond before')
    await store(pool, [delivery(hour + 2n * MINUTE_NS + 1n, 'failed')])
    await refresh(pool)
    t.equal(await failuresOf(pool), 4, 'a nanosecond after')
    await store(pool, [delivery(hour + 61n * MINUTE_NS, 'succeeded')])
    await refresh(pool)
    t.equal(await failuresOf(pool), 1)
  },
)

t.test('consecutive failures stay known when the rows they were told by are dropped', async (t) => {
  const pool = await openEvents(t)
  const day = nowNs() - (nowNs() % DAY_NS) - 3n * DAY_NS
  await store(pool, [
    delivery(day, 'succeeded'),
    delivery(day + 1n, 'failed'),
    delivery(day + 2n, 'failed'),
    delivery(day + 2n * HOUR_NS, 'failed'),
  ])
  await refresh(pool)
  t.equal(await failuresOf(pool), 3)
  await pool.query(`insert into sidelight.retention values ('event', $1::date)`, [
    isoOf(day + DAY_NS).slice(0, 10),
  ])
  await pool.query('delete from sidelight.event where time < $1', [isoOf(day + DAY_NS)])
  await store(pool, [delivery(day + 2n * DAY_NS, 'failed')])
  await refresh(pool)
  t.equal(await failuresOf(pool), 4, 'later ones are added')
  await store(pool, [delivery(day + 5n * MINUTE_NS, 'failed')])
  await pool.query('delete from sidelight.event where time < $1', [isoOf(day + DAY_NS)])
  await refresh(pool)
  t.equal(await failuresOf(pool), 5, 'what was folded only then is added by its minute')
  await store(pool, [delivery(day + 2n * DAY_NS - 1n, 'succeeded')])
  await refresh(pool)
  t.equal(await failuresOf(pool), 1, 'and a new success counts anew')
})

t.test('windows begin with a whole hour and move on by themselves', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const hour = now - (now % HOUR_NS)
  const ages = [
    0n,
    24n * HOUR_NS,
    24n * HOUR_NS + MINUTE_NS,
    168n * HOUR_NS,
    168n * HOUR_NS + MINUTE_NS,
  ]
  await store(
    pool,
    ages.map((age) => delivery(hour - age, 'failed')),
  )
  const windows = async () => {
    await refresh(pool)
    const { state } = await readState(pool, WEBHOOK)
    return [state.failures_24h, state.events_24h, state.events_7d]
  }
  t.same(await windows(), [2, 2, 4])
  // As if an hour had gone by.
  await pool.query(
    `update sidelight.event_rollup set bucket = bucket - interval '1 hour' where level = 2`,
  )
  await pool.query(
    `update sidelight.catalogue_state set window_hour = window_hour - interval '1 hour'`,
  )
  t.same(await windows(), [1, 1, 3])
  t.same(await windows(), [1, 1, 3], 'and once')
})

t.test('the latest registration is what counts, however late an earlier one comes', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const registered = (ageNs: bigint, isEnabled: boolean, url = 'https://a'): SeedEvent => ({
    ...WEBHOOK,
    atNs: now - ageNs,
    outcome: 'registered',
    attributes: { 'webhook.url': url, 'webhook.enabled': isEnabled },
  })
  const read = async () => {
    await refresh(pool)
    const { rows } = await pool.query<{ url: string; enabled: boolean; enabled_ns: string | null }>(
      `select v.url, v.enabled, s.enabled_ns from sidelight.mv_webhook_performance v, sidelight.catalogue_state s`,
    )
    const [row] = rows
    return (
      row && [row.url, row.enabled, row.enabled_ns === null ? null : now - BigInt(row.enabled_ns)]
    )
  }
  await store(pool, [registered(5n * DAY_NS, true)])
  t.same(await read(), ['https://a', true, 5n * DAY_NS])
  await store(pool, [registered(3n * DAY_NS, true, 'https://b')])
  t.same(await read(), ['https://b', true, 5n * DAY_NS], 'it has been enabled since the first')
  await store(pool, [registered(4n * DAY_NS, false, 'https://late')])
  t.same(await read(), ['https://b', true, 3n * DAY_NS], 'but for a time')
  await store(pool, [registered(2n * DAY_NS, false)])
  t.same(await read(), ['https://a', false, null])
  await store(pool, [registered(DAY_NS, true, 'https://c')])
  t.same(await read(), ['https://c', true, DAY_NS])
  await store(pool, [
    registered(2n * HOUR_NS, false),
    registered(HOUR_NS, true),
    registered(0n, true),
  ])
  t.same(await read(), ['https://a', true, HOUR_NS], 'also where all of that is told at once')
})

t.test('a webhook that is registered at each start is enabled since the first one', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const registered = (ageNs: bigint): SeedEvent => ({
    ...WEBHOOK,
    atNs: now - ageNs,
    outcome: 'registered',
    attributes: { 'webhook.enabled': true },
  })
  await store(pool, [registered(8n * DAY_NS), registered(0n)])
  await refresh(pool)
  const { rows } = await pool.query('select type from sidelight.v_alert_conditions')
  t.same(rows, [{ type: 'webhook_inactive' }])
})

t.test('of what was registered no more is kept with a webhook than is read', async (t) => {
  const pool = await openEvents(t)
  const registered = { ...WEBHOOK, atNs: nowNs(), outcome: 'registered' } as const
  const attributes = { 'webhook.url': 'ü'.repeat(100_000), 'webhook.enabled': 'false', junk: 'j' }
  await store(pool, [{ ...registered, attributes }])
  await refresh(pool)
  const { state } = await readState(pool, WEBHOOK)
  t.same(state.attributes, { 'webhook.url': 'ü'.repeat(2048), 'webhook.enabled': 'false' })
  const { rows } = await pool.query('select enabled from sidelight.mv_webhook_performance')
  t.same(rows, [{ enabled: false }], 'also where that was sent as text')
})

t.test(
  'a refresh reads what it adds to and little else, of a month that was not analysed',
  async (t) => {
    const pool = await openEvents(t)
    const { rows: months } = await pool.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'sidelight.event_rollup'::regclass`,
    )
    for (const { name } of months) {
      await pool.query(`alter table ${name} set (autovacuum_enabled = off)`)
    }
    const subjects = 1_000
    const events = (outcome: 'failed' | 'succeeded', at: bigint) =>
      Array.from({ length: subjects }, (_, n) => delivery(at, outcome, `w${n}`))
    await store(pool, events('succeeded', pastHour()))
    await refresh(pool)
    await store(pool, [
      ...events('failed', pastHour() + HOUR_NS),
      ...events('succeeded', pastHour() + 1n),
    ])
    const client = await pool.connect()
    t.teardown(() => Promise.resolve(client.release(true)))
    await client.query('begin')
    await client.query('select sidelight.refresh_monitoring_views()')
    const { rows } = await client.query<{ read: number }>(
      `select sum(seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables where relname like 'event_rollup%'`,
    )
    await client.query('commit')
    const read = rows[0]?.read ?? NaN
    t.ok(read > 0 && read < 50 * subjects, `${read} rows`)
  },
)

t.test('minutes are kept of the api alone, and for three hours', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const request = (ageNs: bigint): SeedEvent => ({
    ...API,
    atNs: now - ageNs,
    outcome: 'succeeded',
  })
  await store(pool, [request(MINUTE_NS), request(4n * HOUR_NS), delivery(now, 'failed')])
  await refresh(pool)
  t.equal(await sumOfLevel(pool, 1), 1)
  t.equal(await sumOfLevel(pool, 2), 3)
  await pool.query(
    `update sidelight.event_rollup set bucket = bucket - interval '3 hours' where level = 1`,
  )
  await refresh(pool)
  t.equal(await sumOfLevel(pool, 1), 0)
  t.equal(await sumOfLevel(pool, 2), 3)
})

t.test('a refresh with nothing to do changes nothing', async (t) => {
  const pool = await openEvents(t)
  await store(pool, [delivery(pastHour(), 'failed'), { ...API, atNs: nowNs(), outcome: 'failed' }])
  await refresh(pool)
  const rows = async () => [await readLevels(pool), await readState(pool, WEBHOOK)]
  const before = await rows()
  await refresh(pool)
  t.same(await rows(), before)
})

t.test('one without rights on the tables refreshes nothing', async (t) => {
  const pool = await openEvents(t)
  const client: PoolClient = await pool.connect()
  t.teardown(() => Promise.resolve(client.release(true)))
  await client.query('set role sidelight_reader')
  await t.rejects(client.query('select sidelight.refresh_monitoring_views()'), { code: '42501' })
})
