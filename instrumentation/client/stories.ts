import { ask, type CallOptions } from './ask'
import type { Correlation, CorrelationQuery, FoundLogs, FoundLogsQuery } from './openapi'
import { type Hours, windowOf } from './window'

/**
 * The whole story of a correlation or request id: its request, the spans and log records of its traces, and the errors among
 * them. `limit` is the number of traces, the newest ones, 20 unless given.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}, with status 404 where nothing with the id is stored.
 *
 * @example
 * import { getCorrelation, SidelightError } from 'sidelight/client'
 *
 * try {
 *   const { request, spans, logs, errors } = await getCorrelation('req-7f3a')
 *   console.log(request?.route, spans.length, logs.length, errors.length)
 * } catch (error) {
 *   if (!(error instanceof SidelightError && error.status === 404)) throw error
 *   console.log('nothing of it has arrived yet')
 * }
 */
export function getCorrelation(
  id: string,
  query: CorrelationQuery = {},
  options: CallOptions = {},
): Promise<Correlation> {
  return ask('getCorrelation', { path: { id }, query }, options)
}

/**
 * Log records, newest first, or with `traceId` those of a trace from its beginning: by service, severity (that and worse), text,
 * event or attributes (`key=value`). The next page is asked for with `cursor: nextCursor`, which is null at the end.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { searchLogs } from 'sidelight/client'
 *
 * const { logs } = await searchLogs({ hours: 1, severity: 'warn', limit: 20 })
 * for (const { time, service, severity, body } of logs) console.log(time, service, severity, body)
 */
export function searchLogs(
  query: Hours | FoundLogsQuery = {},
  options: CallOptions = {},
): Promise<FoundLogs> {
  return ask('searchLogs', { query: windowOf(query) }, options)
}
