import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { MAJORS } from '../helpers/postgres'
import { createRandom, type Random } from '../helpers/random'
import { readLevels, readState, recountLevels, recountState } from './recount-events'
import {
  DAY_NS,
  HOUR_NS,
  idOf,
  MINUTE_NS,
  nowNs,
  openEvents,
  refresh,
  type SeedEvent,
  store,
  type Subject,
} from './seed-events'

const WEBHOOK = { kind: 'webhook', subject: 'w' } as const
const SUBJECTS: readonly Subject[] = [
  WEBHOOK,
  { kind: 'webhook', subject: 'w', tenant: 'acme' },
  { kind: 'rule', subject: 'r' },
]
const OTHERS: readonly Subject[] = [
  { kind: 'api', subject: 'orders', detail: '200' },
  { kind: 'api', subject: 'orders', detail: '500' },
  { kind: 'cost', subject: 'ann', detail: '/pay' },
  { kind: 'business', subject: 'order.paid', detail: 'completed' },
]

/** Of the beginning and the end of minutes and hours, and between, so that much of it collides. */
function timeOf(random: Random, now: bigint): bigint {
  const hour = now - (now % HOUR_NS) - HOUR_NS
  const back = random.pick([
    0n,
    0n,
    0n,
    HOUR_NS,
    2n * HOUR_NS,
    3n * DAY_NS,
    6n * DAY_NS,
    20n * DAY_NS,
  ])
  const minute = BigInt(random.below(3)) * random.pick([MINUTE_NS, 29n * MINUTE_NS])
  return (
    hour -
    back +
    minute +
    random.pick([0n, 1n, 999n, 1_000n, 1_001n, 30_000_000_000n, MINUTE_NS - 1n])
  )
}

function eventOf(random: Random, now: bigint): SeedEvent {
  const about = random.chance(0.8) ? random.pick(SUBJECTS) : random.pick(OTHERS)
  const at = { ...about, atNs: timeOf(random, now), service: random.pick([1, 2]) }
  if (about.kind !== 'api' && about.kind !== 'cost' && random.chance(0.1)) {
    return {
      ...at,
      outcome: 'registered',
      attributes: { [`${about.kind}.enabled`]: random.chance(0.5) },
    }
  }
  const durationNs = random.pick([0, 1, 17, 5_000_000, random.below(2_000_000_000)])
  const outcome = random.chance(0.7) || about.detail === '500' ? 'failed' : 'succeeded'
  return {
    ...at,
    outcome,
    amount: random.below(8),
    ...(random.chance(0.9) ? { durationNs } : {}),
  }
}

async function sameAsRecount(t: Test, pool: Pool, told: readonly SeedEvent[], title: string) {
  for (const subject of SUBJECTS) {
    const events = told.filter((event) => idOf(event) === idOf(subject))
    if (events.length === 0) continue
    const { state, windowNs } = await readState(pool, subject)
    const expected = recountState(events, windowNs)
    const { p95_ns: p95, ...others } = expected
    const { p95_ns: found, ...rest } = state
    if (!t.same(rest, others, `${title}, ${subject.kind}`)) return false
    // Postgres and JavaScript raise 2 to a power each in its own way.
    if (!t.ok(Math.abs((found ?? -1) - (p95 ?? -1)) < 0.001, 'the percentile')) return false
  }
  return true
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, whatever comes in whatever order adds up to a recount`,
    async (t) => {
      const pool = await openEvents(t, major)
      const random = createRandom(major)
      const now = nowNs()
      const told: SeedEvent[] = []
      for (let round = 0; round < 60; round++) {
        const batch = Array.from({ length: 1 + random.below(6) }, () => eventOf(random, now))
        told.push(...batch)
        await store(pool, batch)
        if (random.chance(0.3)) continue
        await refresh(pool)
        if (!(await sameAsRecount(t, pool, told, `round ${round}`))) return
      }
      await refresh(pool)
      const rows = recountLevels(told, now - 3n * HOUR_NS - 10n * MINUTE_NS)
      const minutesAside = (level: object) => (level as { level: number }).level > 1
      t.same((await readLevels(pool)).filter(minutesAside), rows.filter(minutesAside))
    },
  )
}
