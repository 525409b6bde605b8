import type { BusinessQueries } from './business-contract'
import type { ErrorActions, ErrorCountQueries, ErrorQueries } from './error-contract'
import type { FigureQueries } from './figure-contract'
import type { MetricQueries } from './metric-contract'
import type { MonitoringQueries } from './monitoring-contract'
import type { Log } from './schemas/log'
import type { SlowTrace, StoredSpan, TraceStatistics } from './schemas/trace'
import type { SearchQueries } from './search-contract'

/** A span of time asked about: `since` included, `until` not. Unix milliseconds. */
export interface Window {
  readonly sinceMs: number
  readonly untilMs: number
}

/** What narrows a question. `tenant` is the one the caller's token is bound to, else null for all. */
export interface TraceFilter {
  readonly window: Window
  readonly service: string | null
  readonly module: string | null
  readonly tenant: string | null
}

/** A trace as stored: spans in order of start, log records in order of time. Truncated when there are more than were asked for. */
export interface StoredTrace {
  readonly spans: readonly StoredSpan[]
  readonly isTruncated: boolean
  readonly logs: readonly Log[]
  readonly isLogsTruncated: boolean
}

/** The questions the API asks about traces. Each throws Unavailable when they cannot be answered now. */
export interface TraceQueries {
  /** `traceId` is 32 lower-case hex digits; nothing when the trace is unknown. */
  readTrace(question: {
    readonly traceId: string
    readonly tenant: string | null
    /** Most spans, and most log records. */
    readonly maxSpans: number
  }): Promise<StoredTrace>
  /**
   * Requests that took `thresholdMs` or longer, slowest first, the slowest of each trace only: of each operation the slowest
   * one of every minute, or hour where minutes are not kept.
   */
  readSlowTraces(
    question: TraceFilter & { readonly thresholdMs: number; readonly limit: number },
  ): Promise<readonly SlowTrace[]>
  /** With the window that was used: whole minutes, or hours where minutes are not kept. */
  readTraceStatistics(question: TraceFilter): Promise<TraceStatistics & { window: Window }>
}

/** What narrows a question about log records; null and empty: everything. */
export interface LogFilter {
  readonly tenant: string | null
  readonly service: string | null
  /** This severity number and those above. */
  readonly minSeverity: number | null
  /** In the body, whatever the case. */
  readonly text: string | null
  /** 32 lower-case hex digits. */
  readonly traceId: string | null
  /** 16 lower-case hex digits. */
  readonly spanId: string | null
  readonly eventName: string | null
  /** All of these. */
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export type LogOrder = 'asc' | 'desc'

/** A place in the order of log records or spans, behind which a page begins. */
export interface Position {
  /** Unix microseconds. */
  readonly timeUs: bigint
  readonly restNs: number
  /** "(block,offset)" */
  readonly place: string
}

/** A page of log records. `window` is null for all time, with a trace id only; `after` for the first page. */
export interface LogQuestion {
  readonly filter: LogFilter
  readonly window: Window | null
  readonly order: LogOrder
  readonly limit: number
  readonly after: Position | null
}

/** A page of log records: `next` is where to go on, null at the end; `searchedToUs` how far was looked, null without a search. */
export interface FoundLogs {
  readonly logs: readonly Log[]
  readonly next: Position | null
  readonly searchedToUs: bigint | null
}

/** The questions the API asks about log records. Throws Unavailable when they cannot be answered now. */
export interface LogQueries {
  readLogs(question: LogQuestion): Promise<FoundLogs>
}

/** What is stored about an id: the newest traces with it, their earliest spans, and log records in order of time. */
export interface StoredCorrelation {
  /** As far as it is indexed. */
  readonly id: string
  readonly traceIds: readonly string[]
  readonly spans: readonly StoredSpan[]
  readonly logs: readonly Log[]
  /** Which of them are more than were asked for. */
  readonly truncated: { readonly traces: boolean; readonly spans: boolean; readonly logs: boolean }
}

/** The question the API asks about correlation ids. Throws Unavailable when it cannot be answered now. */
export interface CorrelationQueries {
  readCorrelation(question: {
    readonly id: string
    /** Attributes whose values are ids. */
    readonly attributes: readonly string[]
    readonly tenant: string | null
    readonly maxTraces: number
    readonly maxSpans: number
    readonly maxLogs: number
  }): Promise<StoredCorrelation>
}

/** All questions the API asks, and what it does to groups of errors. */
export interface Queries
  extends
    TraceQueries,
    LogQueries,
    CorrelationQueries,
    MetricQueries,
    FigureQueries,
    SearchQueries,
    ErrorQueries,
    ErrorCountQueries,
    ErrorActions,
    MonitoringQueries,
    BusinessQueries {}
