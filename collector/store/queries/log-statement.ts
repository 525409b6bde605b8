import { LOG_COLUMNS, LOG_JOINS, logOrder } from './log'
import {
  isAboutErrors,
  logConditions,
  serviceCondition,
  Values,
  type LogFilter,
} from './log-filter'
import type { Statement } from './read'
import { allAtOnce, byService, type Searched } from './search-statement'
import { instant, isShort, type Order, type Position, type Slice } from './slices'

const LOGS: Searched = { table: 'log_record', alias: 'log' }

/** What is looked for, within which time (null: any), behind which record, and how many. */
export interface LogSearch {
  readonly filter: LogFilter
  readonly slice: Slice | null
  readonly order: Order
  readonly after: Position | null
  readonly limit: number
}

/** The statement that finds the first `limit` records of the search, rows of `LOG_COLUMNS`. */
export function logStatement(search: LogSearch): Statement {
  const values = new Values()
  const own = logConditions(search.filter, values)
  const conditions = [...own, ...boundsOf(search, values)]
  const service = serviceCondition(search.filter, values)
  const limit = values.bind(search.limit)
  const ordered = `order by ${logOrder(search.order)} limit ${limit}`
  const found = isByService(search, own.length > 0)
    ? byService(LOGS, conditions, service, ordered)
    : allAtOnce(LOGS, conditions, service, ordered)
  // The dictionaries are joined after the limit, so that only records in the answer pay for them.
  const text = `
with found as (${found})
select ${LOG_COLUMNS}
from found as log ${LOG_JOINS}
order by ${logOrder(search.order)}`
  return { text, values: values.list }
}

/**
 * Service by service, the index gives the records in order and the limit ends it early: the best where nothing else is
 * looked for, where the service is named, for errors, which have an index of their own, and for the short slices of the newest records, which the BRIN index may not
 * know yet. A trace has an index of its own.
 */
function isByService({ filter, slice }: LogSearch, isNarrowed: boolean): boolean {
  if (slice === null || filter.traceId !== null) return false
  return isShort(slice) || !isNarrowed || filter.service !== null || isAboutErrors(filter)
}

/** Times are parameters, which Postgres knows when it plans: partitions outside of them are not looked at. */
function boundsOf({ slice, order, after }: LogSearch, values: Values): string[] {
  const bounds: string[] = []
  if (slice !== null) {
    bounds.push(`log.time >= ${values.bind(instant(slice.fromUs))}::timestamptz`)
    bounds.push(`log.time < ${values.bind(instant(slice.toUs))}::timestamptz`)
  }
  if (after !== null) {
    const place = [
      `${values.bind(instant(after.timeUs))}::timestamptz`,
      `${values.bind(after.restNs)}::integer`,
      `${values.bind(after.place)}::tid`,
    ].join(', ')
    const beyond = order === 'desc' ? '<' : '>'
    bounds.push(`(log.time, coalesce(log.time_ns, -1), log.ctid) ${beyond} (${place})`)
  }
  return bounds
}
