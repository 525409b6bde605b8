import type { Coverage } from './coverage'
import type { Range } from './question'

/** Rollups of which services or operations, as decimal ids; null: all. */
export interface Narrowing {
  readonly column: 'service_id' | 'operation_id'
  readonly ids: readonly string[]
}

/** Which rollups to read, and what they are told apart by. */
export interface RollupRange {
  readonly coverage: Coverage
  readonly narrowing: Narrowing | null
  readonly requestsOnly: boolean
  /** Null: all together. */
  readonly key: 'service_id' | 'operation_id' | null
}

/**
 * A statement for what was rolled up, several rows for the same key and step. Minutes and hours come as they are: they are
 * few and have many buckets, which are added up faster here. Deltas, of which there are any number while nobody folds them,
 * are added up by Postgres and its workers: the sums in one row, the buckets in another. One statement, for a delta moves
 * into a minute and an hour meanwhile.
 */
export function selectRollups({ coverage, narrowing, requestsOnly, key }: RollupRange): string {
  const { window, stepMs } = coverage
  const keys = `${key ?? '0::bigint'} as key, ${stepColumn(window, stepMs)} as step, is_request`
  const narrowed = `${requestsOnly ? ' and is_request' : ''}${among(narrowing)}`
  const deltas = `from sidelight.span_rollup where ${isDelta(coverage)}${narrowed}`
  return `
    select ${keys}, bucket, bucket, ${COLUMNS} from sidelight.span_rollup
    where ${isFolded(coverage)}${narrowed}
    union all
    select ${keys}, min(bucket), max(bucket), ${SUMS} ${deltas} group by 1, 2, 3
    union all
    select key, step, is_request, null, null, ${NOTHING}, array_agg(index), array_agg(count), null, null, null from (
      select key, step, is_request, index, sum(count) as count from (
        select ${keys}, unnest(bucket_indexes) as index, unnest(bucket_counts) as count ${deltas}
      ) as each group by 1, 2, 3, 4
    ) as merged group by 1, 2, 3`
}

/** Whether a rollup is one of the deltas of a window, as a condition. */
export function isDelta({ window }: Coverage): string {
  return `(level = 0 and ${within(window)})`
}

/** Whether it is one of its minutes and hours. */
export function isFolded({ hours, minutes }: Coverage): string {
  const ranges = [
    ...minutes.map((range) => `(level = 1 and ${within(range)})`),
    ...(hours === null ? [] : [`(level = 2 and ${within(hours)})`]),
  ]
  return `(${ranges.join(' or ')})`
}

/** Narrows to these, as one more condition. COPY takes no parameters: nothing but decimal integers gets into its text. */
export function among(narrowing: Narrowing | null): string {
  if (narrowing === null) return ''
  const { column, ids } = narrowing
  const strange = ids.find((id) => !/^-?\d{1,19}$/.test(id))
  if (strange !== undefined) throw new TypeError(`cannot ask about "${strange}": it is no integer`)
  return ` and ${column} = any('{${ids.join(',')}}'::bigint[])`
}

/** The bounds as literals, so that partitions out of range are left out when the statement is planned. */
function within({ sinceMs, untilMs }: Range): string {
  return `bucket >= ${timeLiteral(sinceMs)} and bucket < ${timeLiteral(untilMs)}`
}

const COLUMNS = `span_count, error_count, root_count, adjusted_count, adjusted_error_count, duration_sum_ns,
      duration_min_ns, duration_max_ns, zero_count, bucket_indexes, bucket_counts,
      slowest_trace_id, error_trace_id, random_trace_id`

/** Added to a duration it makes 19 digits of any: texts are in the order of the numbers. */
const DIGITS = 1_000_000_000_000_000_000n
const MAX_DURATION = 8n * DIGITS
const UUID_LENGTH = 36

/** `max` knows arrays of uuid, and uuid itself only lately. */
const SUMS = `sum(span_count)::bigint, sum(error_count)::bigint, sum(root_count)::bigint, sum(adjusted_count),
      sum(adjusted_error_count), sum(duration_sum_ns), min(duration_min_ns), max(duration_max_ns), sum(zero_count),
      '{}'::smallint[], '{}'::float8[],
      right(max((${DIGITS} + least(duration_max_ns, ${MAX_DURATION}))::text || slowest_trace_id::text collate "C"), ${UUID_LENGTH})::uuid,
      (max(array[error_trace_id]) filter (where error_trace_id is not null))[1], (max(array[random_trace_id]))[1]`

const NOTHING = `0::bigint, 0::bigint, 0::bigint, 0::float8, 0::float8, 0::float8, null, null, 0::float8`

function stepColumn({ sinceMs }: Range, stepMs: number | null): string {
  const since = timeLiteral(sinceMs)
  return stepMs === null ? since : `date_bin('${stepMs} milliseconds', bucket, ${since})`
}

function timeLiteral(ms: number): string {
  return `timestamptz '${new Date(ms).toISOString()}'`
}
