import type { Position, Window } from './contract'

/** What costs can be told apart by. */
export const COST_GROUPS = ['user', 'endpoint', 'day', 'service', 'tenant'] as const
export type CostGroup = (typeof COST_GROUPS)[number]

export const COST_ORDERS = ['cost', 'count', 'day'] as const
export type CostOrder = (typeof COST_ORDERS)[number]

/** What a group costs; null where the question does not tell such apart. */
export interface Cost {
  readonly user: string | null
  readonly endpoint: string | null
  /** UTC, as in 2026-03-01. */
  readonly day: string | null
  readonly service: string | null
  readonly tenant: string | null
  readonly costUsd: number
  /** Costs that were told. */
  readonly count: number
}

/** Costs of a window, of all and by group. */
export interface Costs {
  /** Whole hours. */
  readonly window: Window
  readonly totalUsd: number
  readonly count: number
  readonly groupCount: number
  readonly costs: readonly Cost[]
}

export const BUSINESS_STATUSES = ['started', 'completed', 'failed'] as const
export type BusinessStatus = (typeof BUSINESS_STATUSES)[number]

/** What narrows a question about business events; null: everything. */
export interface BusinessFilter {
  readonly tenant: string | null
  readonly name: string | null
  readonly status: BusinessStatus | null
  readonly service: string | null
}

/** A value that any of these attributes may have. */
export interface AnyAttribute {
  readonly keys: readonly string[]
  readonly value: string
}

/** A business event as it is stored. */
export interface StoredBusinessEvent {
  /** RFC 3339 with nanoseconds. */
  readonly time: string
  readonly name: string
  readonly status: string
  readonly tenant: string
  readonly service: string
  readonly durationMs: number | null
  readonly costUsd: number | null
  readonly traceId: string | null
  readonly spanId: string | null
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Business events of one name and status over time; steps without any are not among them. */
export interface BusinessSeries {
  readonly name: string
  readonly status: string
  readonly steps: readonly {
    readonly sinceMs: number
    readonly count: number
    readonly costUsd: number
    /** Null without a known duration. */
    readonly avgDurationMs: number | null
    readonly maxDurationMs: number | null
  }[]
}

/** The questions the API asks about costs and business events. Each throws Unavailable when they cannot be answered now. */
export interface BusinessQueries {
  readCosts(question: {
    readonly window: Window
    readonly tenant: string | null
    readonly user: string | null
    readonly endpoint: string | null
    readonly service: string | null
    readonly by: readonly CostGroup[]
    readonly order: CostOrder
    readonly limit: number
  }): Promise<Costs>
  /** A page, newest first. */
  listBusinessEvents(question: {
    readonly window: Window
    readonly filter: BusinessFilter
    readonly attributes: readonly AnyAttribute[]
    readonly limit: number
    readonly after: Position | null
  }): Promise<{
    readonly events: readonly StoredBusinessEvent[]
    readonly next: Position | null
    readonly searchedToUs: bigint | null
  }>
  /** Those with the most events, most first. The window is of whole steps; those shorter than hours are counted event by event. */
  readBusinessSeries(question: {
    readonly window: Window
    readonly stepMs: number
    readonly filter: BusinessFilter
    readonly limit: number
  }): Promise<{ readonly series: readonly BusinessSeries[]; readonly isTruncated: boolean }>
}
