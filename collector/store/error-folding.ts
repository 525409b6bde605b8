import { MOST_USER_HASHES } from '../translate/error-rows'
import { ERROR_ROLLUP } from '../translate/rows'
import { createFolding } from './levels'

const COLUMNS = ERROR_ROLLUP.columns.filter((column) => column !== 'level')
const KEY = ['bucket', 'error_hash', 'service_id', 'operation_id', 'release']
const COUNTS = ['occurrence_count', 'severe_count', 'unhandled_count']

/** The least of all hashes of users are among the least of each part. */
const PUT = `
sums as (
  select level, ${KEY.join(', ')}, ${COUNTS.map((column) => `sum(${column}) as ${column}`).join(', ')},
    min(first_ns) as first_ns, max(last_ns) as last_ns
  from part group by level, ${KEY.join(', ')}
),
affected as (
  select level, ${KEY.join(', ')}, (array_agg(distinct user_hash order by user_hash))[1:${MOST_USER_HASHES}] as user_hashes
  from part, unnest(user_hashes) as user_hash group by level, ${KEY.join(', ')}
),
put as (
  select level, ${COLUMNS.map(folded).join(', ')}
  from sums left join affected using (level, ${KEY.join(', ')})
)`

/** Folds what throws add up to, those of a hash, operation and release in one row a minute and an hour. */
export const foldErrors = createFolding({
  table: ERROR_ROLLUP.name,
  columns: COLUMNS,
  key: KEY,
  sums: PUT,
})

function folded(column: string): string {
  return column === 'user_hashes' ? `coalesce(${column}, '{}') as ${column}` : column
}
