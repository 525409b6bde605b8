import { SPAN_ROLLUP } from '../translate/rows'
import { createFolding } from './levels'

const COLUMNS = SPAN_ROLLUP.columns.filter((column) => column !== 'level')
const KEY = ['bucket', 'is_request', 'service_id', 'operation_id']
const SUMS = [
  'span_count',
  'root_count',
  'error_count',
  'adjusted_count',
  'adjusted_error_count',
  'duration_sum_ns',
  'zero_count',
]

const PUT = `
sums as (
  select level, ${KEY.join(', ')}, ${SUMS.map((column) => `sum(${column}) as ${column}`).join(', ')},
    min(duration_min_ns) as duration_min_ns, max(duration_max_ns) as duration_max_ns,
    (array_agg(slowest_trace_id order by duration_max_ns desc nulls last)
      filter (where slowest_trace_id is not null))[1] as slowest_trace_id,
    (array_agg(error_trace_id) filter (where error_trace_id is not null))[1] as error_trace_id,
    (array_agg(random_trace_id order by random()) filter (where random_trace_id is not null))[1] as random_trace_id
  from part group by level, ${KEY.join(', ')}
),
counted as (
  select level, ${KEY.join(', ')}, b.index, sum(b.count) as count
  from part, unnest(bucket_indexes, bucket_counts) as b (index, count)
  group by level, ${KEY.join(', ')}, b.index
),
histogram as (
  select level, ${KEY.join(', ')}, array_agg(index order by index) as bucket_indexes,
    array_agg(count order by index) as bucket_counts
  from counted group by level, ${KEY.join(', ')}
),
put as (
  select level, ${COLUMNS.map(folded).join(', ')}
  from sums left join histogram using (level, ${KEY.join(', ')})
)`

/** Folds what spans add up to, an operation's in one row a minute and an hour. */
export const foldRollups = createFolding({
  table: SPAN_ROLLUP.name,
  columns: COLUMNS,
  key: KEY,
  sums: PUT,
})

function folded(column: string): string {
  return column.startsWith('bucket_') ? `coalesce(${column}, '{}') as ${column}` : column
}
