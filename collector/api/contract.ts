import type { SlowTrace, StoredSpan, TraceStatistics } from './schemas/trace'

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

/** A trace as stored, in order of start. `isTruncated` when it has more spans than were asked for. */
export interface StoredTrace {
  readonly spans: readonly StoredSpan[]
  readonly isTruncated: boolean
}

/** The questions the API asks about traces. Each throws Unavailable when they cannot be answered now. */
export interface TraceQueries {
  /** `traceId` is 32 lower-case hex digits; no spans when the trace is unknown. */
  readTrace(question: {
    readonly traceId: string
    readonly tenant: string | null
    readonly maxSpans: number
  }): Promise<StoredTrace>
  /** Requests that took `thresholdMs` or longer, slowest first, the slowest of each trace only. */
  readSlowTraces(
    question: TraceFilter & { readonly thresholdMs: number; readonly limit: number },
  ): Promise<readonly SlowTrace[]>
  readTraceStatistics(question: TraceFilter): Promise<TraceStatistics>
}
