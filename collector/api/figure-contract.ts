import type { Distribution } from '../translate/distribution'
import type { Window } from './contract'

export type { Distribution }

/** What figures may be told apart by. */
export const FIGURE_GROUPS = ['service', 'module', 'operation'] as const
export type FigureGroup = (typeof FIGURE_GROUPS)[number]

/** What narrows a question about figures; null: everything. `tenant` is the one the caller's token is bound to. */
export interface FigureFilter {
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
}

/** A question about what spans add up to, answered from rollups alone. */
export interface FigureQuestion {
  readonly window: Window
  readonly filter: FigureFilter
  /** `requests`: SERVER and CONSUMER spans and INTERNAL roots. `spans`: all. */
  readonly of: 'requests' | 'spans'
  /** An `operation` is one of a service and module, and a `module` one of a service. Empty: all together. */
  readonly by: readonly FigureGroup[]
  /** Length of the steps the window is cut into, whole minutes; null: the window as one. */
  readonly stepMs: number | null
}

/** What the spans of a group in a step add up to. Names are null where the question does not tell them apart. */
export interface Figures {
  readonly tenant: string | null
  readonly environment: string | null
  readonly namespace: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
  /** internal, server, client, producer or consumer. */
  readonly kind: string | null
  /** Begin of the step in unix milliseconds; that of the window without steps. */
  readonly sinceMs: number
  /** Spans received; those of them that failed; those of them without a parent. */
  readonly count: number
  readonly errorCount: number
  readonly rootCount: number
  /** How many there were, each span counted for those it stands for by its sampling threshold. */
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
  /** Null when no duration is known. */
  readonly durations: Distribution | null
  /** When the minute or hour began in which the first such span ended, and that of the last one: unix milliseconds. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** Traces to look at, 32 hex digits. */
  readonly slowestTraceId: string | null
  readonly errorTraceId: string | null
  readonly randomTraceId: string | null
}

/** Figures with the window they are of: whole minutes, and whole hours where minutes are not kept any more. */
export interface FigureAnswer {
  readonly window: Window
  /** Steps of hours where minutes were asked for and are not kept any more; null without steps. */
  readonly stepMs: number | null
  /** Groups and steps without a span are not among them. */
  readonly figures: readonly Figures[]
  /** Why figures may still change or lack something, in English; empty when they are complete. */
  readonly gaps: readonly string[]
}

/** Calls from one service to another. */
export interface Edge {
  readonly client: string
  readonly server: string
  readonly count: number
  readonly errorCount: number
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
  readonly durationSumNs: number
  readonly durationMaxNs: number | null
}

/** The questions the API asks about rollups. Each throws Unavailable when they cannot be answered now. */
export interface FigureQueries {
  readFigures(question: FigureQuestion): Promise<FigureAnswer>
  readEdges(question: {
    readonly window: Window
    readonly tenant: string | null
  }): Promise<{ readonly window: Window; readonly edges: readonly Edge[] }>
}
