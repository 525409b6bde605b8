import { ask, type CallOptions } from './ask'
import type {
  BusinessEvents,
  BusinessEventsQuery,
  BusinessSeries,
  BusinessSeriesQuery,
  Costs,
  CostsQuery,
} from './openapi'
import { type Hours, windowOf } from './window'

/** `none`, or some of user, endpoint, day, service and tenant, separated by commas. */
export type CostGroups = 'none' | ListOf<CostGroup>

/** A question for costs. */
export type CostsQuestion = Omit<CostsQuery, 'groupBy'> & { readonly groupBy?: CostGroups }

/**
 * What was spent in a window, in US dollars: by user unless `groupBy` says otherwise, such as `user,day` or `none`, and
 * in all. The window is the last 24 hours, in whole hours, unless hours or `since` are given.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getCosts } from 'sidelight/client'
 *
 * const { totalUsd, costs } = await getCosts({ hours: 24, groupBy: 'user,day' })
 * for (const { user, day, costUsd } of costs) console.log(user, day, costUsd)
 * console.log(totalUsd)
 */
export function getCosts(
  query: Hours | CostsQuestion = {},
  options: CallOptions = {},
): Promise<Costs> {
  return ask('getCosts', { query: windowOf(query) }, options)
}

/**
 * Business events of a window, newest first: by name, status, service, user or correlation id. Durations are milliseconds, costs
 * US dollars. The next page is asked for with `cursor: nextCursor`, which is null at the end.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getBusinessEvents } from 'sidelight/client'
 *
 * const { events } = await getBusinessEvents({ hours: 24, name: 'order', status: 'completed' })
 * for (const { time, userId, durationMs, costUsd } of events) console.log(time, userId, durationMs, costUsd)
 */
export function getBusinessEvents(
  query: Hours | BusinessEventsQuery = {},
  options: CallOptions = {},
): Promise<BusinessEvents> {
  return ask('getBusinessEvents', { query: windowOf(query) }, options)
}

/**
 * Business events over time: how many there are of each name and status, what they cost in US dollars and how long they
 * take in milliseconds, a number for every step of the window.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getBusinessSeries } from 'sidelight/client'
 *
 * const { times, series } = await getBusinessSeries({ hours: 6, step: '1h' })
 * for (const { name, status, counts } of series) console.log(name, status, times[0], counts)
 */
export function getBusinessSeries(
  query: Hours | BusinessSeriesQuery = {},
  options: CallOptions = {},
): Promise<BusinessSeries> {
  return ask('getBusinessSeries', { query: windowOf(query) }, options)
}

type Cost = Costs['costs'][number]
/** What costs are told apart by: what they say of themselves beside how much it was. */
type CostGroup = Exclude<keyof Cost, 'costUsd' | 'count'>
/** Some words, each once, with commas between. */
type ListOf<Words extends string, Word extends Words = Words> = Word extends Word
  ? Word | `${Word},${ListOf<Exclude<Words, Word>>}`
  : never
