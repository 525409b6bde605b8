import type { Gap } from './sampling'
import { endMs, lookBackMs, type Steps } from './steps'
import { WALKED_COLUMNS } from './walk'

export type PointTable = 'metric_point' | 'metric_histogram'

/** Which points are read: all of some series in the steps and, with `looksBack`, of a while before. */
export interface Range {
  readonly table: PointTable
  readonly columns: string
  readonly steps: Steps
  readonly looksBack: boolean
}

/** What only grows between resets; of integers and doubles as they are. */
const VALUES: Readonly<Record<PointTable, string>> = {
  metric_point: 'coalesce(p.value_int::numeric, p.value::numeric)',
  metric_histogram: 'p.count',
}

/** A statement for the points of these series, in any order. Ids are decimal. */
export function selectPoints(range: Range, ids: readonly string[]): string {
  return `${selectFrom(range)} from sidelight.${range.table} p
    where p.series_id = any(${int64Array(ids)}) and ${within(range)}`
}

/** The same, ordered as they are walked. */
export function selectInOrder(range: Range, ids: readonly string[]): string {
  return `${selectPoints(range, ids)} order by p.series_id, p.time`
}

/** A double just below the most a bigint holds, which a sum of counts may pass. */
const MOST = '9223372036854774784'

/**
 * A statement for what all points of these series count in each step, as one point at its begin; for delta histograms with
 * so many buckets, each a single stream. Points that have other buckets are left out. Sums are doubles, as all counts are in
 * the end: they take Postgres a third less time than to hand the points over, and half of that with workers.
 *
 * Those add up what they read, instead of handing it to their leader, when the planner knows of many points and few sums. It
 * takes 1 in 200 points to have so many buckets, within `coalesce` every second one; and steps to be as many as times, behind
 * an `offset` few. An offset that is yet to be cast keeps workers away.
 */
export function selectSums(range: Range, ids: readonly string[], buckets: number): string {
  const { steps, columns, table } = range
  const width = `interval '${steps.stepMs} milliseconds'`
  const sum = (column: string) => `least(sum(${column}::double precision), ${MOST})::bigint`
  const counts = Array.from({ length: buckets }, (_, at) => sum(`p.bucket_counts[${at + 1}]`))
  // Of a point that does not say it, it is not known of all.
  const said = (which: 'min' | 'max') =>
    `case when count(p.${which}) = count(*) then ${which}(p.${which}) end as ${which}`
  return `select ${WALKED_COLUMNS}, ${columns} from (
      select p.series_id, null::jsonb as attributes, p.time, null::timestamptz as start_time, ${sum('p.count')} as count,
        null::integer as flags, ${said('min')}, ${said('max')}, array[${counts.join(', ')}] as bucket_counts,
        null::double precision[] as explicit_bounds
      from (
        select p.series_id, date_bin(${width}, p.time, ${timeLiteral(steps.sinceMs)}) as time,
          p.count, p.min, p.max, p.bucket_counts
        from sidelight.${table} p
        where p.series_id = any(${int64Array(ids)}) and ${within(range)} and (p.flags is null or p.flags & 1 = 0)
          and coalesce(cardinality(p.bucket_counts) = ${buckets}, false)
        offset bigint '0') as p
      group by p.series_id, p.time) as p`
}

/** A statement for the last point of these series in each step, in any order. */
export function selectLasts(range: Range, ids: readonly string[]): string {
  return `${selectFrom(range)} from unnest(${int64Array(ids)}) as w (series_id)
    cross join lateral (${lastOfSteps(range, 0, pointOf(range))}) as p`
}

/**
 * A statement for the first point of each of these series and the last one of each step, the time before the first step
 * being one more; points that say that nothing was recorded left out. In any order; one may come twice.
 */
export function selectSamples(range: Range, ids: readonly string[]): string {
  const point = `${pointOf(range)} and coalesce(p.flags, 0) & 1 = 0`
  return `${selectFrom(range)} from unnest(${int64Array(ids)}) as w (series_id) cross join lateral (
      (${point} and ${within(range)} order by p.time limit 1) union all (${lastOfSteps(range, -1, point)})) as p`
}

/**
 * A statement for the points within these gaps, without those at which one writer goes on, from the one before to the one after:
 * what was counted in between adds up. `offset 0` has each gap looked up: planned as a join, all rows would be read.
 */
export function selectGaps(range: Range, gaps: readonly Gap[]): string {
  const micros = (column: string) => `timestamptz 'epoch' + g.${column} * interval '1 microsecond'`
  const value = VALUES[range.table]
  return `${selectFrom(range)}
    from unnest(${int64Array(gaps.map(({ series }) => series))},
      ${int64Array(gaps.map(({ afterUs }) => String(afterUs)))},
      ${int64Array(gaps.map(({ beforeUs }) => String(beforeUs)))}) as g (series_id, after_us, before_us)
    cross join lateral (select * from (
      select p.*, lag(p.start_time) over w is not distinct from p.start_time
        and lead(p.start_time) over w is not distinct from p.start_time
        and lag(${value}) over w <= ${value} and lead(${value}) over w >= ${value} as goes_on
      from sidelight.${range.table} p
      where p.series_id = g.series_id and p.time > ${micros('after_us')} and p.time < ${micros('before_us')}
        and coalesce(p.flags, 0) & 1 = 0 and ${within(range)}
      window w as (order by p.time)) as p where goes_on is not true offset 0) as p
    order by p.series_id, p.time`
}

function pointOf({ table }: Range): string {
  return `select p.* from sidelight.${table} p where p.series_id = w.series_id`
}

/** The last of such points in each step from `first` on; step -1 is all the time before that is read. */
function lastOfSteps(range: Range, first: number, point: string): string {
  const { steps } = range
  const sinceMs = timeLiteral(steps.sinceMs)
  const step = `interval '${steps.stepMs} milliseconds'`
  return `select last.* from generate_series(${first}, ${steps.count - 1}) as s (step) cross join lateral (
      ${point}
        and p.time >= case s.step when -1 then ${timeLiteral(lookBackMs(steps))} else ${sinceMs} + s.step * ${step} end
        and p.time < ${sinceMs} + (s.step + 1) * ${step} and ${within(range)}
      order by p.time desc limit 1) as last`
}

function selectFrom({ columns }: Range): string {
  return `select ${WALKED_COLUMNS}, ${columns}`
}

/** The bounds as literals, so that partitions out of range are left out when the statement is planned. */
function within({ steps, looksBack }: Range): string {
  const sinceMs = looksBack ? lookBackMs(steps) : steps.sinceMs
  return `p.time >= ${timeLiteral(sinceMs)} and p.time < ${timeLiteral(endMs(steps))}`
}

function timeLiteral(ms: number): string {
  return `timestamptz '${new Date(ms).toISOString()}'`
}

/** COPY takes no parameters: nothing but decimal integers gets into its text. */
function int64Array(values: readonly string[]): string {
  const strange = values.find((value) => !/^-?\d{1,19}$/.test(value))
  if (strange !== undefined) throw new TypeError(`cannot ask about "${strange}": it is no integer`)
  return `'{${values.join(',')}}'::bigint[]`
}
