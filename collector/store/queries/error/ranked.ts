import type { ErrorFilter, ErrorOrder } from './question'
import { Values } from '../log-filter'
import type { Statement } from '../read'
import type { ErrorPlace } from './cursor'
import { groupConditions, groupJoin, where } from './filter'
import { type ErrorNarrowing, type LevelRange, rolled } from './rollups'
import { LEAST_KEPT, userCount } from './users'

/** Which groups are put in order, and which part of the order is wanted. */
export interface Ranking {
  readonly ranges: readonly LevelRange[]
  readonly narrowing: ErrorNarrowing
  readonly filter: ErrorFilter
  readonly order: ErrorOrder
  readonly after: ErrorPlace | null
  readonly limit: number
  /** Whether the ranges have few rows. */
  readonly isShort?: boolean
}

/**
 * The statement that adds up all throws of the window by group, and gives the first places of an order, rows of `ErrorPlace`.
 * `last_seen` and `first_seen` are of the throws of the window; the latter is what was noted of the group, if it was.
 */
export function rankedStatement(ranking: Ranking): Statement {
  const { order, after } = ranking
  const values = new Values()
  const text = order === 'users' ? byUsers(ranking, values) : bySums(ranking, values)
  const ranked = `
with ranked as (${text})
select value::text, id from ranked
${after === null ? '' : `where (value, id) < (${values.bind(after.value)}::bigint, ${values.bind(after.id)}::uuid)`}
order by ranked.value desc, ranked.id desc
limit ${values.bind(ranking.limit)}`
  return { text: ranked, values: values.list }
}

const VALUE: Readonly<Record<Exclude<ErrorOrder, 'users'>, string>> = {
  last_seen: 'max(r.last_ns)',
  first_seen: `coalesce(min((extract(epoch from g.first_seen_at) * 1000000)::bigint), min(r.first_ns) / 1000)`,
  // Sums of doubles, exact below 2^53, take a fraction of the time and memory of those of bigint, which are numeric.
  count: 'sum(r.occurrence_count::float8)::bigint',
}

function bySums(ranking: Ranking, values: Values): string {
  const { order, filter } = ranking
  if (order === 'users') throw new TypeError('cannot rank users by a sum')
  return `
  select h.group_id as id, ${VALUE[order]} as value
  from ${among(ranking, values)}
  ${order === 'first_seen' ? GROUP_JOIN : groupJoin(filter, isOfFew(ranking))}
  ${where(groupConditions(filter, values))}
  group by h.group_id
  ${having(filter, values)}`
}

/**
 * Users of a group are as many as the rows of its throws name together at most, and as those of one row at least: to count
 * each once is needed of those groups alone that may come before the page's last by these bounds. Estimates, which begin
 * at 63, are bounded by nothing.
 */
function byUsers(ranking: Ranking, values: Values): string {
  const { filter, after, limit } = ranking
  const isBehind = after === null ? 'true' : `most < ${values.bind(after.value)}::bigint`
  const mayBeBehind = after === null ? 'true' : `least <= ${values.bind(after.value)}::bigint`
  return `
  with bounded as materialized (
    select h.group_id, least(max(cardinality(r.user_hashes)), ${LEAST_KEPT - 1}) as least,
      case when sum(cardinality(r.user_hashes)) < ${LEAST_KEPT} then sum(cardinality(r.user_hashes)) else 'infinity'::numeric end as most
    from ${among(ranking, values)}
    ${groupJoin(filter, isOfFew(ranking))}
    ${where(groupConditions(filter, values))}
    group by h.group_id
    ${having(filter, values)}
  ),
  candidate as materialized (
    select group_id, least, most from bounded where ${mayBeBehind} and most >= coalesce((
      select min(least) from (
        select least from bounded where ${isBehind} order by least desc limit ${values.bind(limit)}
      ) as page having count(*) >= ${values.bind(limit)}), 0)
  )
  select group_id as id, least::bigint as value from candidate where least = most
  union all
  select c.group_id, coalesce(users.user_count, 0)
  from candidate c left join (${userCount(`
    select h.group_id, unnest(r.user_hashes) as user_hash from ${among(ranking, values)}
    where h.group_id in (select group_id from candidate where least < most)`)}) as users
    on users.group_id = c.group_id
  where c.least < c.most`
}

const GROUP_JOIN = 'left join sidelight.error_group g on g.id = h.group_id'

/**
 * The rollups in question as `r`, with the group of each as `h`. Of few rows, or few hashes, these are looked up one by one:
 * Postgres would go through all those that the filter leaves first.
 */
function among(ranking: Ranking, values: Values): string {
  const { ranges, narrowing } = ranking
  const columns = 'error_hash, occurrence_count, severe_count, first_ns, last_ns, user_hashes'
  const rollups = `${rolled(columns, ranges, narrowing, values)} as r`
  return isOfFew(ranking)
    ? `${rollups} cross join lateral (
      select h.* from sidelight.error_group_hash h where h.id = r.error_hash offset 0) as h`
    : `${rollups} join sidelight.error_group_hash h on h.id = r.error_hash`
}

function isOfFew({ isShort, narrowing }: Ranking): boolean {
  return isShort === true || narrowing.hashes !== null
}

function having({ minOccurrences, severeOnly }: ErrorFilter, values: Values): string {
  const conditions = [
    ...(minOccurrences > 1 ? [`sum(r.occurrence_count) >= ${values.bind(minOccurrences)}`] : []),
    ...(severeOnly ? ['sum(r.severe_count) > 0'] : []),
  ]
  return conditions.length === 0 ? '' : `having ${conditions.join(' and ')}`
}
