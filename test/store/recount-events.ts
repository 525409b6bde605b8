import type { Pool } from 'pg'
import { quantileNs } from '../../collector/translate/distribution'
import {
  DAY_NS,
  durationsOf,
  HOUR_NS,
  idOf,
  isCounted,
  maxOf,
  minuteOf,
  type SeedEvent,
  type Subject,
} from './seed-events'

export interface State {
  readonly event_count: number
  readonly failed_count: number
  readonly amount: number
  readonly duration_sum_ns: number
  readonly duration_min_ns: number | null
  readonly duration_max_ns: number | null
  readonly p95_ns: number | null
  readonly zero_count: number
  readonly bucket_indexes: readonly number[]
  readonly bucket_counts: readonly number[]
  readonly events_24h: number
  readonly events_7d: number
  readonly failures_24h: number
  readonly last_success_ns: string | null
  readonly last_failure_ns: string | null
  readonly consecutive_failures: number
  readonly registered_ns: string | null
  readonly attributes: Readonly<Record<string, unknown>> | null
}

const STATE = `
select event_count::int, failed_count::int, amount, duration_sum_ns, duration_min_ns::float8, duration_max_ns::float8,
  p95_ns, zero_count, bucket_indexes, bucket_counts, events_24h::int, events_7d::int, failures_24h::int, last_success_ns,
  last_failure_ns, consecutive_failures::int, registered_ns, attributes,
  (extract(epoch from window_hour) * 1000000000)::bigint as window_ns
from sidelight.catalogue_state where catalogue_id = $1`

/** How a subject stands, and when the windows of that were computed. */
export async function readState(
  pool: Pool,
  subject: Subject,
): Promise<{ state: State; windowNs: bigint }> {
  const { rows } = await pool.query<State & { window_ns: string }>(STATE, [idOf(subject)])
  const [row] = rows
  if (row === undefined) throw new Error(`nothing is known of ${subject.subject}`)
  const { window_ns: windowNs, ...state } = row
  return { state, windowNs: BigInt(windowNs) }
}

/** How it must stand after all of its events. */
export function recountState(events: readonly SeedEvent[], windowNs: bigint): State {
  const counted = events.filter(isCounted)
  const failed = counted.filter(({ outcome }) => outcome === 'failed')
  const successNs = maxOf(timesOf(counted.filter(({ outcome }) => outcome === 'succeeded')))
  const registered = events.filter((event) => !isCounted(event))
  const registeredNs = maxOf(timesOf(registered))
  const durations = durationsOf(counted)
  const within = (some: readonly SeedEvent[], lengthNs: bigint) =>
    some.filter((event) => minuteOf(event) >= windowNs - lengthNs).length
  return {
    event_count: counted.length,
    failed_count: failed.length,
    amount: counted.reduce((sum, { amount = 0 }) => sum + amount, 0),
    duration_sum_ns: durations?.sumNs ?? 0,
    duration_min_ns: durations?.minNs ?? null,
    duration_max_ns: durations?.maxNs ?? null,
    p95_ns: durations === null ? null : quantileNs(durations, 0.95),
    zero_count: durations?.zeroCount ?? 0,
    bucket_indexes: durations?.indexes ?? [],
    bucket_counts: durations?.counts ?? [],
    events_24h: within(counted, DAY_NS),
    events_7d: within(counted, 7n * DAY_NS),
    failures_24h: within(failed, DAY_NS),
    last_success_ns: successNs?.toString() ?? null,
    last_failure_ns: maxOf(timesOf(failed))?.toString() ?? null,
    consecutive_failures: failed.filter(({ atNs }) => successNs === null || atNs > successNs)
      .length,
    registered_ns: registeredNs?.toString() ?? null,
    attributes: registered.findLast(({ atNs }) => atNs === registeredNs)?.attributes ?? null,
  }
}

const LEVELS = `
select level, (extract(epoch from bucket) * 1000000000)::bigint::text as begin_ns, catalogue_id::text, service_id::int,
  event_count::int, failed_count::int, amount, duration_sum_ns, bucket_indexes, bucket_counts
from sidelight.event_rollup order by level, bucket, catalogue_id::text collate "C", service_id`

/** Every row of `event_rollup`. */
export async function readLevels(pool: Pool): Promise<readonly object[]> {
  return (await pool.query<object>(LEVELS)).rows
}

/** The rows there must be: hours and days of everything, and the minutes of the api since `minutesSinceNs`. */
export function recountLevels(
  events: readonly SeedEvent[],
  minutesSinceNs: bigint,
): readonly object[] {
  const groups = new Map<string, { level: number; beginNs: bigint; events: SeedEvent[] }>()
  for (const event of events.filter(isCounted)) {
    for (const [level, lengthNs] of [
      [1, 1n] as const,
      [2, HOUR_NS] as const,
      [3, DAY_NS] as const,
    ]) {
      if (level === 1 && (event.kind !== 'api' || minuteOf(event) < minutesSinceNs)) continue
      const beginNs = minuteOf(event) - (minuteOf(event) % lengthNs)
      const key = [level, String(beginNs).padStart(20, '0'), idOf(event), event.service ?? 1].join(
        ' ',
      )
      const group = groups.get(key) ?? { level, beginNs, events: [] }
      group.events.push(event)
      groups.set(key, group)
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => levelOf(group))
}

function levelOf({
  level,
  beginNs,
  events,
}: {
  readonly level: number
  readonly beginNs: bigint
  readonly events: readonly SeedEvent[]
}) {
  const durations = durationsOf(events)
  const [first] = events
  return {
    level,
    begin_ns: String(beginNs),
    catalogue_id: first === undefined ? '' : idOf(first),
    service_id: first?.service ?? 1,
    event_count: events.length,
    failed_count: events.filter(({ outcome }) => outcome === 'failed').length,
    amount: events.reduce((sum, { amount = 0 }) => sum + amount, 0),
    duration_sum_ns: durations?.sumNs ?? 0,
    bucket_indexes: durations?.indexes ?? [],
    bucket_counts: durations?.counts ?? [],
  }
}

/** How many events all rows of a level tell of. */
export async function sumOfLevel(pool: Pool, level: number): Promise<number> {
  const { rows } = await pool.query<{ events: number }>(
    `select coalesce(sum(event_count), 0)::int as events from sidelight.event_rollup where level = $1`,
    [level],
  )
  return rows[0]?.events ?? NaN
}

function timesOf(events: readonly SeedEvent[]): bigint[] {
  return events.map(({ atNs }) => atNs)
}
