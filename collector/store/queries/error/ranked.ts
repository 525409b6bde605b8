import type { ErrorFilter, ErrorOrder } from './question'
import { Values } from '../log-filter'
import type { Statement } from '../read'
import type { ErrorPlace } from './cursor'
import { groupConditions, groupJoin, where } from './filter'
import { type ErrorNarrowing, type LevelRange, rolled } from './rollups'
import { userCount } from './users'

/** Which groups are put in order, and which part of the order is wanted. */
export interface Ranking {
  readonly ranges: readonly LevelRange[]
  readonly narrowing: ErrorNarrowing
  readonly filter: ErrorFilter
  readonly order: ErrorOrder
  readonly after: ErrorPlace | null
  readonly limit: number
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
  last_seen: 'max(c.last_ns)',
  first_seen: `coalesce(min((extract(epoch from g.first_seen_at) * 1000000)::bigint), min(c.first_ns) / 1000)`,
  count: 'sum(c.occurrences)::bigint',
}
/** What of the sums an order needs. */
const SUMS: Readonly<Record<ErrorOrder, readonly string[]>> = {
  last_seen: ['max(last_ns) as last_ns'],
  first_seen: ['min(first_ns) as first_ns'],
  count: ['sum(occurrence_count) as occurrences'],
  users: [],
}

function bySums(ranking: Ranking, values: Values): string {
  const { order } = ranking
  if (order === 'users') throw new TypeError('cannot rank users by a sum')
  return `
  select h.group_id as id, ${VALUE[order]} as value
  from (${countedByHash(ranking, values)}) as c
  ${joinsOf(ranking)}
  ${where(groupConditions(ranking.filter, values))}
  group by h.group_id
  ${having(ranking.filter, values)}`
}

/** Groups, each with the distinct hashes of its users, which are counted where there are few. */
function byUsers(ranking: Ranking, values: Values): string {
  const columns = 'error_hash, occurrence_count, severe_count, user_hashes'
  const rows = `
    select h.group_id, r.occurrence_count, r.severe_count, r.user_hashes
    from ${among(columns, ranking, values)} as r join sidelight.error_group_hash h on h.id = r.error_hash
    ${groupJoin(ranking.filter)}
    ${where(groupConditions(ranking.filter, values))}`
  return `
  select each.group_id as id, coalesce(users.user_count, 0) as value
  from (
    select group_id from (${rows}) as c group by group_id
    ${having(ranking.filter, values, 'occurrence_count', 'severe_count')}
  ) as each
  left join (${userCount(`select group_id, unnest(user_hashes) as user_hash from (${rows}) as r`)}) as users
    on users.group_id = each.group_id`
}

function countedByHash(ranking: Ranking, values: Values): string {
  const { filter, order } = ranking
  const sums = new Set(SUMS[order])
  if (filter.minOccurrences > 1) sums.add('sum(occurrence_count) as occurrences')
  if (filter.severeOnly) sums.add('sum(severe_count) as severe')
  const columns = 'error_hash, occurrence_count, severe_count, first_ns, last_ns'
  return `
    select ${['error_hash', ...sums].join(', ')}
    from ${among(columns, ranking, values)} as r group by error_hash`
}

/** The rollups in question. */
function among(columns: string, { ranges, narrowing }: Ranking, values: Values): string {
  return rolled(columns, ranges, narrowing, values)
}

function joinsOf({ filter, order }: Ranking): string {
  const hash = 'join sidelight.error_group_hash h on h.id = c.error_hash'
  const group =
    order === 'first_seen'
      ? 'left join sidelight.error_group g on g.id = h.group_id'
      : groupJoin(filter)
  return `${hash} ${group}`
}

function having(
  { minOccurrences, severeOnly }: ErrorFilter,
  values: Values,
  occurrences = 'c.occurrences',
  severe = 'c.severe',
): string {
  const conditions = [
    ...(minOccurrences > 1 ? [`sum(${occurrences}) >= ${values.bind(minOccurrences)}`] : []),
    ...(severeOnly ? [`sum(${severe}) > 0`] : []),
  ]
  return conditions.length === 0 ? '' : `having ${conditions.join(' and ')}`
}
