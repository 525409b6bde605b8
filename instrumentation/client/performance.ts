import { ask, type CallOptions } from './ask'
import type {
  PerformanceMetrics,
  PerformanceMetricsQuery,
  PerformanceStats,
  PerformanceStatsQuery,
  PerformanceTrends,
  PerformanceTrendsQuery,
  SlowOperations,
  SlowOperationsQuery,
  TopSlowOperations,
  TopSlowOperationsQuery,
} from './openapi'
import { type Hours, windowOf } from './window'

/**
 * What the spans of a window add up to, a row an operation (or module, or service, with `groupBy`): count, errors in percent,
 * rate a second, and average and percentiles of durations in milliseconds, which are within 2.2 % of exact. The window is the
 * last 24 hours unless hours or `since` are given; `gaps` is empty when the figures are complete.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}: status 400 names parameters that are wrong, 401 and 403
 * the token, 503 says when to ask again.
 *
 * @example
 * import { getPerformanceStats } from 'sidelight/client'
 *
 * const { stats } = await getPerformanceStats({ hours: 1, order: 'p95', limit: 5 })
 * for (const { service, operation, count, durationMs } of stats) {
 *   console.log(service, operation, count, `p95 ${durationMs.p95} ms`)
 * }
 */
export function getPerformanceStats(
  query: Hours | PerformanceStatsQuery = {},
  options: CallOptions = {},
): Promise<PerformanceStats> {
  return ask('getPerformanceStats', { query: windowOf(query) }, options)
}

/**
 * The slowest operations of a window, by the 95th percentile unless `by` says otherwise, each with the id of its slowest trace.
 * Durations are milliseconds. The window is the last 24 hours unless hours or `since` are given.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getTopSlowOperations } from 'sidelight/client'
 *
 * const { stats } = await getTopSlowOperations({ hours: 1, by: 'p99', limit: 3 })
 * for (const { operation, durationMs, slowestTraceId } of stats) {
 *   console.log(operation, `${durationMs.p99} ms`, slowestTraceId)
 * }
 */
export function getTopSlowOperations(
  query: Hours | TopSlowOperationsQuery = {},
  options: CallOptions = {},
): Promise<TopSlowOperations> {
  return ask('getTopSlowOperations', { query: windowOf(query) }, options)
}

/**
 * The figures of {@link getPerformanceStats} over time, a row for every step of the window, in order. `step` is such as `5m`.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getPerformanceTrends } from 'sidelight/client'
 *
 * const { trends } = await getPerformanceTrends({ hours: 1, step: '10m' })
 * for (const { time, count, errorRate } of trends) console.log(time, count, `${errorRate} %`)
 */
export function getPerformanceTrends(
  query: Hours | PerformanceTrendsQuery = {},
  options: CallOptions = {},
): Promise<PerformanceTrends> {
  return ask('getPerformanceTrends', { query: windowOf(query) }, options)
}

/**
 * Single spans of a window that took `threshold` milliseconds or longer, 1000 unless given, slowest first. Slow database
 * queries and external calls are told by their attributes, such as `db.operation.name` and `peer.service`.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getSlowOperations } from 'sidelight/client'
 *
 * const { operations } = await getSlowOperations({ hours: 1, threshold: 50 })
 * for (const { operation, durationMs, traceId } of operations) console.log(operation, durationMs, traceId)
 */
export function getSlowOperations(
  query: SlowOperationsQuery = {},
  options: CallOptions = {},
): Promise<SlowOperations> {
  return ask('getSlowOperations', { query }, options)
}

/**
 * Single spans of a window, raw, newest first: by service, module, operation, status or `minDuration` in milliseconds. A page
 * has 100 unless `limit` says otherwise; the next one is asked for with `cursor: nextCursor`, which is null at the end.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getPerformanceMetrics } from 'sidelight/client'
 *
 * const query = { hours: 1, status: 'error', limit: 50 } as const
 * let page = await getPerformanceMetrics(query)
 * for (const { operation, durationMs } of page.metrics) console.log(operation, durationMs)
 * if (page.nextCursor !== null) page = await getPerformanceMetrics({ ...query, cursor: page.nextCursor })
 */
export function getPerformanceMetrics(
  query: Hours | PerformanceMetricsQuery = {},
  options: CallOptions = {},
): Promise<PerformanceMetrics> {
  return ask('getPerformanceMetrics', { query: windowOf(query) }, options)
}
