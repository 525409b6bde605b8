import type { Position, Window } from './contract'
import type { PerformanceMetric } from './schemas/performance'
import type { FoundTrace } from './schemas/search'

/** What kinds and statuses of spans can be asked for. */
export const SPAN_KINDS = ['internal', 'server', 'client', 'producer', 'consumer'] as const
export const SPAN_STATUSES = ['unset', 'ok', 'error'] as const

/** What narrows a question about spans; null and empty: everything. `tenant` is the one the caller's token is bound to. */
export interface SpanFilter {
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
  readonly kind: (typeof SPAN_KINDS)[number] | null
  readonly status: (typeof SPAN_STATUSES)[number] | null
  readonly minDurationMs: number | null
  readonly maxDurationMs: number | null
  /** In the name or the status message, whatever the case. */
  readonly text: string | null
  /** All of these. */
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

/** A page, newest first; `after` is null for the first. */
export interface SpanQuestion {
  readonly filter: SpanFilter
  readonly window: Window
  readonly limit: number
  readonly after: Position | null
}

/** Where a page ends: `next` is where to go on, null at the end; `searchedToUs` how far was looked. */
export interface FoundPage {
  readonly next: Position | null
  readonly searchedToUs: bigint | null
}

/** The questions the API asks about single spans. Each throws Unavailable when they cannot be answered now. */
export interface SearchQueries {
  /** Traces with such a span, by their newest one. */
  searchTraces(
    question: SpanQuestion,
  ): Promise<FoundPage & { readonly traces: readonly FoundTrace[] }>
  searchSpans(
    question: SpanQuestion,
  ): Promise<FoundPage & { readonly spans: readonly PerformanceMetric[] }>
  /** Spans that took `thresholdMs` or longer, slowest first; the window may be widened to whole minutes or hours. */
  readSlowSpans(question: {
    readonly window: Window
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
    readonly operation: string | null
    readonly thresholdMs: number
    readonly limit: number
  }): Promise<{ readonly window: Window; readonly spans: readonly PerformanceMetric[] }>
}
