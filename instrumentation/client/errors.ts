import { ask, type CallOptions } from './ask'
import type {
  AggregatedErrors,
  AggregatedErrorsQuery,
  ErrorDetail,
  ErrorDetailQuery,
  ErrorOccurrences,
  ErrorOccurrencesQuery,
  ErrorStats,
  ErrorStatsQuery,
  ErrorTrend,
  ErrorTrendQuery,
  ResolvedError,
  ResolvedErrorBody,
} from './openapi'
import { type Hours, windowOf } from './window'

/**
 * Groups of errors that were seen in a window, the last 24 hours unless said otherwise, the latest first. Counts are throws
 * of the window, each once, wherever it was told of; `firstSeen` and `lastSeen` are of all time. The next page is asked for with
 * `cursor: nextCursor`, which is null at the end.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getAggregatedErrors } from 'sidelight/client'
 *
 * const { errors } = await getAggregatedErrors({ unresolvedOnly: true, minOccurrences: 1, hours: 24 })
 * for (const { id, class: type, message, occurrenceCount, lastSeen } of errors) {
 *   console.log(id, type, message, occurrenceCount, lastSeen)
 * }
 */
export function getAggregatedErrors(
  query: Hours | AggregatedErrorsQuery = {},
  options: CallOptions = {},
): Promise<AggregatedErrors> {
  return ask('getAggregatedErrors', { query: windowOf(query) }, options)
}

/**
 * Everything about one group of errors: its counts of the last 30 days unless said otherwise, releases, history, and the latest
 * throw with its stack trace.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}, with status 404 where there is no such group.
 *
 * @example
 * import { getAggregatedErrors, getErrorDetail } from 'sidelight/client'
 *
 * const { errors } = await getAggregatedErrors({ hours: 24, limit: 1 })
 * for (const { id } of errors) {
 *   const { latest, history } = await getErrorDetail(id)
 *   console.log(latest?.stackTrace, history.length)
 * }
 */
export function getErrorDetail(
  id: string,
  query: Hours | ErrorDetailQuery = {},
  options: CallOptions = {},
): Promise<ErrorDetail> {
  return ask('getErrorDetail', { path: { id }, query: windowOf(query) }, options)
}

/**
 * Single throws of a group, newest first, of the last 30 days unless said otherwise: a sample, of each release the first and last
 * ones and some between, with stack trace, user and correlation id. The next page is asked for with `cursor: nextCursor`.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}, with status 404 where there is no such group.
 *
 * @example
 * import { getAggregatedErrors, getErrorOccurrences } from 'sidelight/client'
 *
 * const { errors } = await getAggregatedErrors({ hours: 24, limit: 1 })
 * for (const { id } of errors) {
 *   const { occurrences } = await getErrorOccurrences(id, { limit: 10 })
 *   for (const { time, traceId, correlationId } of occurrences) console.log(time, traceId, correlationId)
 * }
 */
export function getErrorOccurrences(
  id: string,
  query: Hours | ErrorOccurrencesQuery = {},
  options: CallOptions = {},
): Promise<ErrorOccurrences> {
  return ask('getErrorOccurrences', { path: { id }, query: windowOf(query) }, options)
}

/**
 * What the errors of a window add up to: groups, throws, users affected, and throws by class, module and service.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getErrorStats } from 'sidelight/client'
 *
 * const { groupCount, unresolvedCount, occurrenceCount, byClass } = await getErrorStats(24)
 * console.log(groupCount, unresolvedCount, occurrenceCount, byClass[0]?.name)
 */
export function getErrorStats(
  query: Hours | ErrorStatsQuery = {},
  options: CallOptions = {},
): Promise<ErrorStats> {
  return ask('getErrorStats', { query: windowOf(query) }, options)
}

/**
 * Throws over time, of all errors or, with `id`, of one group: a row for every step of the window, in order. `step` is such
 * as `1h`.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getErrorTrend } from 'sidelight/client'
 *
 * const { trend } = await getErrorTrend({ hours: 24, step: '1h' })
 * for (const { time, occurrenceCount, groupCount } of trend) console.log(time, occurrenceCount, groupCount)
 */
export function getErrorTrend(
  query: Hours | ErrorTrendQuery = {},
  options: CallOptions = {},
): Promise<ErrorTrend> {
  return ask('getErrorTrend', { query: windowOf(query) }, options)
}

/**
 * Resolves a group of errors, and resolves to the group as it is then. A later throw makes it regressed; with
 * `in: 'next_release'` or `in: 'release'` only one of a later release does. `who` and `notes` are for its history. Asking again
 * changes nothing but who resolved it last.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}, with status 404 where there is no such group, and 409 where
 * its service has no such release.
 *
 * @example
 * import { getAggregatedErrors, resolveError } from 'sidelight/client'
 *
 * const { errors } = await getAggregatedErrors({ unresolvedOnly: true, hours: 24, limit: 1 })
 * for (const { id } of errors) {
 *   const { state } = await resolveError(id, 'ada@example.com', 'the pool is larger now')
 *   console.log(state) // prints resolved
 * }
 */
export function resolveError(
  id: string,
  who: string,
  notes?: string,
  options: CallOptions & Pick<ResolvedErrorBody, 'in' | 'release'> = {},
): Promise<ResolvedError> {
  const { in: when, release, ...others } = options
  const body: { [Key in keyof ResolvedErrorBody]: ResolvedErrorBody[Key] | undefined } = {
    by: who,
    notes,
    in: when,
    release,
  }
  return ask('resolveError', { path: { id }, body }, others)
}
