import { FOUND_COLUMNS, FOUND_JOINS } from './found-span'
import { Values } from './log-filter'
import type { Statement } from './read'
import { allAtOnce, byService, ofServices, type Searched } from './search-statement'
import { instant, isShort, type Position, type Slice } from './slices'
import { spanConditions, spanServiceCondition, type SpanFilter } from './span-filter'

const SPANS: Searched = { table: 'span', alias: 'span' }

/** `order by` of spans, newest first: `place`, their ctid, tells apart those of one instant, for rows are never updated. */
const NEWEST_FIRST = 'span.start_time desc, coalesce(span.start_ns, -1) desc, span.place desc'

/** What is looked for, within which time, behind which span, and how many. */
export interface SpanSearch {
  readonly filter: SpanFilter
  readonly slice: Slice
  readonly after: Position | null
  readonly limit: number
}

/** The statement that finds the newest `limit` spans of the search, rows of `FOUND_COLUMNS` and of others. */
export function spanStatement(search: SpanSearch, others: readonly string[] = []): Statement {
  const values = new Values()
  const { filter, slice, after } = search
  const own = spanConditions(filter, values)
  const conditions = [...own, ...boundsOf(slice, after, values)]
  const service = spanServiceCondition(filter, values)
  const ordered = `order by ${NEWEST_FIRST} limit ${values.bind(search.limit)}`
  const found = isByService(search, own.length > 0)
    ? byService(SPANS, conditions, service, ordered)
    : allAtOnce(SPANS, conditions, service, ordered)
  // The dictionaries are joined after the limit, so that only spans in the answer pay for them.
  const text = `
with found as (${found})
select ${[FOUND_COLUMNS, ...others].join(', ')}
from found as span ${FOUND_JOINS}
order by ${NEWEST_FIRST}`
  return { text, values: values.list }
}

/** The statement that tells which of these traces have a span of the search newer than `after`, or `after` itself. */
export function newerStatement(
  { filter, slice, after }: SpanSearch & { readonly after: Position },
  traceIds: readonly string[],
): Statement {
  const values = new Values()
  const service = spanServiceCondition(filter, values)
  const conditions = [
    `span.trace_id = any(${values.bind(traceIds)}::uuid[])`,
    `span.start_time >= ${values.bind(instant(after.timeUs))}::timestamptz`,
    `span.start_time < ${values.bind(instant(slice.toUs))}::timestamptz`,
    `(span.start_time, coalesce(span.start_ns, -1), span.ctid) >= (${placeOf(after, values)})`,
    ...spanConditions(filter, values),
    ...ofServices('span', service),
  ]
  const text = `select distinct span.trace_id from sidelight.span as span where ${conditions.join(' and ')}`
  return { text, values: values.list }
}

/**
 * Service by service, the index gives the spans in order and the limit ends it early: the best where nothing else is looked
 * for, where the services are named, and for the short slices of the newest spans, which the BRIN index may not know yet.
 */
function isByService({ filter, slice }: SpanSearch, isNarrowed: boolean): boolean {
  const { service, module, operation } = filter
  const isNamed = service !== null || module !== null || operation !== null
  return isShort(slice) || !isNarrowed || isNamed
}

/** Times are parameters, which Postgres knows when it plans: partitions outside of them are not looked at. */
function boundsOf(slice: Slice, after: Position | null, values: Values): string[] {
  const bounds = [
    `span.start_time >= ${values.bind(instant(slice.fromUs))}::timestamptz`,
    `span.start_time < ${values.bind(instant(slice.toUs))}::timestamptz`,
  ]
  if (after !== null) {
    const place = placeOf(after, values)
    bounds.push(`(span.start_time, coalesce(span.start_ns, -1), span.ctid) < (${place})`)
  }
  return bounds
}

function placeOf({ timeUs, restNs, place }: Position, values: Values): string {
  return [
    `${values.bind(instant(timeUs))}::timestamptz`,
    `${values.bind(restNs)}::integer`,
    `${values.bind(place)}::tid`,
  ].join(', ')
}
