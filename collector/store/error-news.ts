import type { QueryResultRow } from 'pg'
import { nanosOf, timeOf } from './error-times'
import type { Leadership } from './leadership'

/** Groups a statement changes at most. */
export const BATCH = 50_000
/** A minute is folded some seconds after it is over: those that are since the last look began so long before it at most. */
const SETTLED = `interval '150 seconds'`

/**
 * What came lately, by group: all that is not folded, whatever its time, and what has been folded since the last look. Late
 * rows that are stored and folded between two looks are found by what looks at everything (`error-sweep.ts`).
 */
const NEWS = `
news as materialized (
  select h.group_id, min(r.first_ns) as first_ns, max(r.last_ns) as last_ns
  from (
    select error_hash, min(first_ns) as first_ns, max(last_ns) as last_ns from (
      select error_hash, first_ns, last_ns from sidelight.error_rollup where level = 0
      union all
      select error_hash, first_ns, last_ns from sidelight.error_rollup
      where level = 1 and bucket >= to_timestamp($1::float8 / 1000) - ${SETTLED}
    ) row group by error_hash
  ) r
  join sidelight.error_group_hash h on h.id = r.error_hash
  group by h.group_id
)`

/** Rows for groups of which `source` tells group_id, first_ns and last_ns; all hashes of a group are of one service. */
export function makeGroups(source: string, limit: string): string {
  return `
missing as (
  select s.group_id, s.first_ns, s.last_ns from ${source} s
  where not exists (select from sidelight.error_group g where g.id = s.group_id)
  order by s.group_id limit ${limit}
),
made as (
  insert into sidelight.error_group (id, tenant, namespace, service, first_seen_at, last_seen_at)
  select m.group_id, h.tenant, h.namespace, h.service, ${timeOf('m.first_ns')}, ${timeOf('m.last_ns')}
  from missing m cross join lateral (
    select tenant, namespace, service from sidelight.error_group_hash
    where group_id = m.group_id order by id limit 1
  ) h
  order by m.group_id
  on conflict (id) do nothing
  returning id
),
told as (
  insert into sidelight.error_group_event (group_id, actor, action, details)
  select id, '', 'new', '{"reason": "first_seen"}' from made order by id
)
select count(*)::int as groups from made`
}

const MAKE = `with ${NEWS},${makeGroups('news', '$2')}`

/** A minute behind at most, so that what is always active is not written all the time; rows that people change come next time. */
const TOUCH = `
with ${NEWS},
told as (
  select group_id, ${timeOf('first_ns')} as first_at, ${timeOf('last_ns')} as last_at from news
),
stale as (
  select g.id, t.first_at, t.last_at from told t join sidelight.error_group g on g.id = t.group_id
  where t.first_at < g.first_seen_at or (t.last_at > g.last_seen_at and (
    t.last_at > g.last_seen_at + interval '1 minute'
    or t.last_at < statement_timestamp() - interval '1 minute'
  ))
  order by g.id limit $2 for no key update of g skip locked
),
touched as (
  update sidelight.error_group g set
    first_seen_at = least(g.first_seen_at, stale.first_at),
    last_seen_at = greatest(g.last_seen_at, stale.last_at)
  from stale where g.id = stale.id
  returning g.id
)
select array(
  select g.id from news n join sidelight.error_group g on g.id = n.group_id
  where (g.state = 'resolved' and n.last_ns > ${nanosOf('g.resolved_through')})
    or (g.state = 'muted' and g.muted_count is not null)
  order by g.id
) as candidates,
  (select count(*)::int from touched) as touched,
  exists (
    select from news n where not exists (select from sidelight.error_group g where g.id = n.group_id)
  ) as "hasMissing"`

/** What the news since a moment, unix milliseconds, made of groups. */
export interface News {
  /** Groups seen for the first time. */
  readonly madeCount: number
  /** Ids of resolved and muted groups that the news may concern. */
  readonly candidates: readonly string[]
}

/** Gives groups with news a row and keeps when they were first and last seen, batch by batch; mostly it is one statement. */
export async function takeNews(leadership: Leadership, sinceMs: number): Promise<News> {
  let madeCount = 0
  for (;;) {
    const [row] = await askByHash<Touched>(leadership, TOUCH, [sinceMs, BATCH])
    if (row === undefined) return { madeCount, candidates: [] }
    if (row.hasMissing) madeCount += await makeAll(leadership, MAKE, [sinceMs, BATCH])
    if (row.touched < BATCH) return { madeCount, candidates: row.candidates }
  }
}

interface Touched {
  readonly candidates: readonly string[]
  readonly touched: number
  readonly hasMissing: boolean
}

/** Makes groups by a statement of `makeGroups`, again and again until none is missing; returns how many. */
export async function makeAll(
  leadership: Leadership,
  text: string,
  values: readonly number[],
): Promise<number> {
  let madeCount = 0
  for (let made = BATCH; made === BATCH; madeCount += made) {
    const [row] = await askByHash<{ groups: number }>(leadership, text, values)
    made = row?.groups ?? 0
  }
  return madeCount
}

/** Postgres takes hashes with news for few, and would look each of them up by itself. */
export async function askByHash<R extends QueryResultRow>(
  leadership: Leadership,
  text: string,
  values: readonly number[] = [],
): Promise<R[]> {
  return leadership.transaction(async (client) => {
    await client.query('set local enable_nestloop = off; set local enable_mergejoin = off')
    return (await client.query<R>(text, [...values])).rows
  })
}
