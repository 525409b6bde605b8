import type { StoredTrace } from '../../collector/api/contract'
import type { FigureAnswer, FigureQuestion, Figures } from '../../collector/api/figure-contract'
import type { Log } from '../../collector/api/schemas/log'
import type { StoredSpan } from '../../collector/api/schemas/trace'
import type { HealthView, JudgeHealth } from '../../collector/pages/overview'
import { bucketIndexOf, type Distribution } from '../../collector/translate/distribution'

const MINUTE_MS = 60_000
const NS_PER_MS = 1e6

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const START_NS = BigInt(Date.parse('2026-03-01T11:59:00Z')) * 1_000_000n

/** Durations of so many requests, all of them as long. */
export function durations(count: number, ms: number): Distribution {
  const ns = ms * NS_PER_MS
  const [indexes, counts] = [[bucketIndexOf(ns)], [count]]
  return { minNs: ns, maxNs: ns, sumNs: count * ns, zeroCount: 0, indexes, counts }
}

/** Figures as a test needs them; what is left out is a healthy service. */
export function figuresOf(given: Partial<Figures> & { readonly ms?: number } = {}): Figures {
  const { ms = 120, count = 600, errorCount = 0, ...others } = given
  return {
    tenant: null,
    environment: null,
    namespace: null,
    service: 'orders',
    module: null,
    operation: null,
    kind: null,
    sinceMs: 0,
    count,
    errorCount,
    rootCount: 0,
    adjustedCount: count,
    adjustedErrorCount: errorCount,
    durations: durations(count, ms),
    firstSeenMs: 0,
    lastSeenMs: 0,
    slowestTraceId: TRACE_ID,
    errorTraceId: errorCount > 0 ? TRACE_ID : null,
    randomTraceId: TRACE_ID,
    ...others,
  }
}

/** Answers questions about figures: what each service does, by how they are told apart. */
export function readSample(services: readonly Partial<Figures>[]) {
  return ({ window, filter, stepMs }: FigureQuestion): Promise<FigureAnswer> => {
    const asked = services.filter(
      ({ service }) => filter.service === null || service === filter.service,
    )
    const figures = asked.flatMap((each, at) =>
      stepMs === null
        ? figuresOf({ module: 'http', operation: `GET /${each.service}/{id}`, ...each })
        : minutesOf(each, at, window.sinceMs),
    )
    return Promise.resolve({ window, stepMs, figures, gaps: [] })
  }
}

/** An hour that goes up and down, with its failures at the end. */
function minutesOf(each: Partial<Figures>, at: number, sinceMs: number): Figures[] {
  return Array.from({ length: 60 }, (_, minute) => {
    const count = Math.round((each.count ?? 600) * (1 + 0.4 * Math.sin((minute + 7 * at) / 6)))
    const errorCount = minute < 45 ? 0 : Math.round((each.errorCount ?? 0) * (minute / 60))
    return figuresOf({ ...each, sinceMs: sinceMs + minute * MINUTE_MS, count, errorCount })
  })
}

/** A judge that says the same of all services but those it is told of. */
export function judgeOf(
  given: Partial<HealthView>,
  byService: Readonly<Record<string, HealthView['status']>> = {},
): JudgeHealth {
  return () => ({
    status: 'healthy',
    stableStatus: given.status ?? 'healthy',
    reasons: [],
    statusOf: ({ service }) => byService[service ?? ''] ?? 'healthy',
    ...given,
  })
}

const RESOURCE = {
  attributes: { 'service.name': 'orders', 'host.name': 'web-1' },
  droppedAttributesCount: 0,
  entityRefs: [],
  schemaUrl: '',
}
const SCOPE = {
  name: 'http',
  version: '1.0',
  attributes: {},
  droppedAttributesCount: 0,
  schemaUrl: '',
}

/** A span as a test needs it, `fromMs` after the start of the trace. */
export function spanOf(
  number: number,
  parent: number | null,
  fromMs: number,
  durationMs: number,
  given: Partial<StoredSpan> = {},
): StoredSpan {
  const startNs = START_NS + BigInt(Math.round(fromMs * NS_PER_MS))
  const endNs = startNs + BigInt(Math.round(durationMs * NS_PER_MS))
  return {
    traceId: TRACE_ID,
    spanId: hexOf(number),
    parentSpanId: parent === null ? null : hexOf(parent),
    name: `operation ${number}`,
    service: 'orders',
    module: 'http',
    kind: 'internal',
    status: 'unset',
    statusMessage: '',
    traceState: '',
    flags: 1,
    startTime: timeOf(startNs),
    startTimeUnixNano: String(startNs),
    endTime: timeOf(endNs),
    endTimeUnixNano: String(endNs),
    durationMs,
    attributes: {},
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    resource: {
      ...RESOURCE,
      attributes: { ...RESOURCE.attributes, 'service.name': given.service ?? 'orders' },
    },
    scope: SCOPE,
    ...given,
  }
}

/** A log record as a test needs it, `fromMs` after the start of the trace. */
export function logOf(fromMs: number, body: unknown, given: Partial<Log> = {}): Log {
  const ns = START_NS + BigInt(Math.round(fromMs * NS_PER_MS))
  return {
    time: timeOf(ns),
    timeUnixNano: String(ns),
    observedTime: null,
    observedTimeUnixNano: null,
    severity: 'info',
    severityNumber: 9,
    severityText: 'INFO',
    sentSeverityNumber: 9,
    sentSeverityText: 'INFO',
    eventName: null,
    body,
    traceId: TRACE_ID,
    spanId: null,
    flags: 1,
    service: 'orders',
    attributes: {},
    droppedAttributesCount: 0,
    resource: RESOURCE,
    scope: SCOPE,
    ...given,
  }
}

/** A stored trace of these spans and log records. */
export function traceOf(spans: readonly StoredSpan[], logs: readonly Log[] = []): StoredTrace {
  return { spans, isTruncated: false, logs, isLogsTruncated: false }
}

function hexOf(number: number): string {
  return number.toString(16).padStart(16, '0')
}

function timeOf(ns: bigint): string {
  const rest = String(ns % 1_000_000n).padStart(6, '0')
  return new Date(Number(ns / 1_000_000n)).toISOString().replace('Z', `${rest}Z`)
}
