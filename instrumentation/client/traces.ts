import { ask, type CallOptions } from './ask'
import type {
  FoundTraces,
  FoundTracesQuery,
  SlowTraces,
  SlowTracesQuery,
  Trace,
  TraceStats,
  TraceStatsQuery,
} from './openapi'
import { type Hours, windowOf } from './window'

/**
 * A trace, whole: its spans as a list in order of start and as a tree, its log records, and the errors thrown in it. Durations
 * are milliseconds. `truncated` says that the trace has more spans than an answer can have.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}, with status 404 where nothing of the trace is stored.
 *
 * @example
 * import { getSlowTraces, getTrace } from 'sidelight/client'
 *
 * const [slowest] = await getSlowTraces({ hours: 1, threshold: 0, limit: 1 })
 * if (slowest !== undefined) {
 *   const { services, durationMs, spans, logs } = await getTrace(slowest.traceId)
 *   console.log(services, durationMs, spans.length, logs.length)
 * }
 */
export function getTrace(traceId: string, options: CallOptions = {}): Promise<Trace> {
  return ask('getTrace', { path: { traceId } }, options)
}

/**
 * The spans of a trace in order of start, each with its attributes, events, depth, and `selfTimeMs`, the milliseconds in which
 * none of its children ran. The id is 32 hex digits, or the same as a uuid.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}, with status 404 where nothing of the trace is stored.
 *
 * @example
 * import { getSlowTraces, getTraceSpans } from 'sidelight/client'
 *
 * const [slowest] = await getSlowTraces({ hours: 1, threshold: 0, limit: 1 })
 * for (const span of slowest === undefined ? [] : await getTraceSpans(slowest.traceId)) {
 *   console.log(' '.repeat(span.depth), span.service, span.name, span.durationMs, span.selfTimeMs)
 * }
 */
export async function getTraceSpans(
  traceId: string,
  options: CallOptions = {},
): Promise<Trace['spans']> {
  const { spans } = await ask<Trace>('getTraceSpans', { path: { traceId } }, options)
  return spans
}

/**
 * The spans of a trace as a tree: its roots in order of start, with `children` each. A parent that was not received is a node
 * with `missing`.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}, with status 404 where nothing of the trace is stored.
 *
 * @example
 * import { getSlowTraces, getTraceTree, type TraceNode } from 'sidelight/client'
 *
 * function show(nodes: readonly TraceNode[], indent = ''): void {
 *   for (const { name, durationMs, children } of nodes) {
 *     console.log(indent, name, durationMs)
 *     show(children, `${indent}  `)
 *   }
 * }
 * const [slowest] = await getSlowTraces({ hours: 1, threshold: 0, limit: 1 })
 * if (slowest !== undefined) show(await getTraceTree(slowest.traceId))
 */
export async function getTraceTree(
  traceId: string,
  options: CallOptions = {},
): Promise<Trace['tree']> {
  const { tree } = await ask<Trace>('getTraceTree', { path: { traceId } }, options)
  return tree
}

/**
 * Requests of a window that took `threshold` milliseconds or longer, 1000 unless given, slowest first, one a trace. The window
 * is the last 24 hours unless hours or `since` are given.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getSlowTraces } from 'sidelight/client'
 *
 * for (const { traceId, service, name, durationMs } of await getSlowTraces({ hours: 1, threshold: 50 })) {
 *   console.log(traceId, service, name, `${durationMs} ms`)
 * }
 */
export function getSlowTraces(
  query: SlowTracesQuery = {},
  options: CallOptions = {},
): Promise<SlowTraces> {
  return ask('getSlowTraces', { query }, options)
}

/**
 * What the requests of a window add up to, in all and by service: traces, requests, errors in percent, and durations in
 * milliseconds.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getTraceStats } from 'sidelight/client'
 *
 * const { traceCount, requestCount, errorRate, durationMs } = await getTraceStats(24)
 * console.log(traceCount, requestCount, `${errorRate} % failed, p95 ${durationMs.p95} ms`)
 */
export function getTraceStats(
  query: Hours | TraceStatsQuery = {},
  options: CallOptions = {},
): Promise<TraceStats> {
  return ask('getTraceStats', { query: windowOf(query) }, options)
}

/**
 * Traces with a span that is as asked for, newest first, each once: by service, operation, kind, status, duration in
 * milliseconds, text or attributes (`key=value`). The next page is asked for with `cursor: nextCursor`, null at the end.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { searchTraces } from 'sidelight/client'
 *
 * const { traces } = await searchTraces({ hours: 1, status: 'error', attribute: ['http.request.method=GET'] })
 * for (const { traceId, rootName, errorCount } of traces) console.log(traceId, rootName, errorCount)
 */
export function searchTraces(
  query: Hours | FoundTracesQuery = {},
  options: CallOptions = {},
): Promise<FoundTraces> {
  return ask('searchTraces', { query: windowOf(query) }, options)
}
