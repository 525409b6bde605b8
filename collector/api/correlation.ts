import type { StoredCorrelation } from './contract'
import type { StoredOccurrence } from './error-contract'
import { findFailures } from './failures'
import type { CorrelatedRequest, Correlation } from './schemas/correlation'
import type { Log } from './schemas/log'
import type { StoredSpan } from './schemas/trace'

const MAX_ERRORS = 1000
/** An id is indexed by 256 bytes at most, without a cut character: from here on there may be more of it. */
const MAYBE_CUT_BYTES = 253

/** The answer about the id `asked`, of which `attributes` name the values; `occurrences` are the errors kept of its traces. */
export function composeCorrelation(
  asked: string,
  { id, traceIds, spans, logs, truncated }: StoredCorrelation,
  attributes: readonly string[],
  occurrences: readonly StoredOccurrence[],
): Correlation {
  const failures = findFailures(spans, logs)
  const request = findRequest(spans, (span) => carries(span, attributes, id))
  return {
    id: asked,
    request: request === null ? null : describeRequest(request),
    traceIds: [...traceIds],
    truncated: truncated.traces,
    services: servicesOf(spans, logs),
    ...extentOf(spans, logs),
    spans: [...spans],
    spansTruncated: truncated.spans,
    logs: [...logs],
    logsTruncated: truncated.logs,
    errors: failures.slice(0, MAX_ERRORS),
    errorsTruncated: failures.length > MAX_ERRORS,
    occurrences: occurrences.map((each) => ({ ...each, exceptions: [...each.exceptions] })),
  }
}

/** The earliest request; of two kinds of them the first, with the id if any of them has it. `spans` come in order of start. */
function findRequest(
  spans: readonly StoredSpan[],
  hasId: (span: StoredSpan) => boolean,
): StoredSpan | null {
  const served = spans.filter(({ kind }) => kind === 'server' || kind === 'consumer')
  const own = spans.filter(
    ({ kind, parentSpanId }) =>
      (kind === 'internal' || kind === 'unspecified') && parentSpanId === null,
  )
  return served.find(hasId) ?? own.find(hasId) ?? served[0] ?? own[0] ?? null
}

/** Ids are strings or lists of them, as they are indexed. */
function carries(span: StoredSpan, attributes: readonly string[], id: string): boolean {
  const mayBeCut = Buffer.byteLength(id) >= MAYBE_CUT_BYTES
  return attributes.some((name) => {
    const key = name.startsWith('$') ? `$${name}` : name
    return [span.attributes[key]]
      .flat()
      .some((value) => value === id || (mayBeCut && String(value).startsWith(id)))
  })
}

function describeRequest(span: StoredSpan): CorrelatedRequest {
  const { traceId, spanId, service, name, kind, status, startTime, durationMs } = span
  const first = (...names: string[]) => {
    const found = names.map((each) => span.attributes[each]).find((value) => value !== undefined)
    return found === undefined || found === null ? null : String(found)
  }
  const code = first('http.response.status_code', 'http.status_code')
  return {
    traceId,
    spanId,
    service,
    name,
    kind,
    status,
    method: first('http.request.method', 'http.method'),
    route: first('http.route', 'url.path', 'http.target'),
    statusCode: code !== null && /^\d{3}$/.test(code) ? Number(code) : null,
    startTime,
    durationMs,
  }
}

function servicesOf(spans: readonly StoredSpan[], logs: readonly Log[]): string[] {
  const seen = [
    ...spans.map(({ service, startTime }) => ({ service, time: startTime ?? '' })),
    ...logs.map(({ service, time }) => ({ service, time })),
  ]
  seen.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  return [...new Set(seen.map(({ service }) => service))]
}

/** Times are written alike, so that their texts sort as they do. */
function extentOf(spans: readonly StoredSpan[], logs: readonly Log[]) {
  let startTime: string | null = null
  let endTime: string | null = null
  const times = [
    ...spans.flatMap((span) => [span.startTime, span.endTime]),
    ...logs.map((log) => log.time),
  ]
  for (const time of times) {
    if (time === null) continue
    if (startTime === null || time < startTime) startTime = time
    if (endTime === null || time > endTime) endTime = time
  }
  return { startTime, endTime }
}
