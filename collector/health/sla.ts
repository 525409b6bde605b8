import { countAtMost, countOf } from '../translate/distribution'
import { type Counted, errorRatePercent, quantileMs } from './figures'

/** What is promised. */
export interface Objective {
  /** Percent of the requests that must succeed, below 100. */
  readonly availabilityPercent: number
  /** Null: nothing is promised about latency. */
  readonly latency: { readonly thresholdMs: number; readonly targetPercent: number } | null
}

export const DEFAULT_OBJECTIVE: Objective = { availabilityPercent: 99.9, latency: null }

/** What an SLA is told by: the figures of the period, and of its last hour and its last six. */
export interface SlaSources {
  readonly figures: Counted
  readonly lastHour: Counted
  readonly lastSixHours: Counted
  readonly periodMs: number
  readonly objective: Objective
}

/** How many requests may fail, how many did, and how many still may; in requests that there were, not those received alone. */
export interface Budget {
  readonly total: number
  readonly used: number
  readonly remaining: number
  readonly usedPercent: number
  /** Below 0 when more failed than may. */
  readonly remainingPercent: number
}

/** How a promise is kept. Null is what cannot be told without requests. */
export interface Sla {
  readonly availability: number | null
  readonly errorRate: number | null
  readonly latencyP50: number | null
  readonly latencyP95: number | null
  readonly latencyP99: number | null
  readonly isCompliant: boolean | null
  readonly budget: Budget | null
  /** How fast the budget is used: at 1 all of it in the period. */
  readonly burnRate: number | null
  readonly burnRate1h: number | null
  readonly burnRate6h: number | null
  /** At the rate of the last hour; null when it lasts. */
  readonly exhaustedInMs: number | null
  readonly latency: LatencyCompliance | null
}

/** How a promise about latency is kept. */
export interface LatencyCompliance {
  readonly thresholdMs: number
  readonly targetPercent: number
  /** Percent of the requests that took so long at most. A share adds up over time, which a percentile does not. */
  readonly withinPercent: number | null
  readonly isCompliant: boolean | null
}

const NS_A_MS = 1_000_000

/** Tells how an objective was met in a period. */
export function composeSla(sources: SlaSources): Sla {
  const { figures, lastHour, lastSixHours, objective } = sources
  const availability = availabilityPercent(figures)
  const latency = composeLatency(figures, objective)
  const isAvailable = availability === null ? null : availability >= objective.availabilityPercent
  const budget = composeBudget(figures, objective)
  const burnRate1h = burnRateOf(lastHour, objective)
  return {
    availability,
    errorRate: errorRatePercent(figures),
    latencyP50: quantileMs(figures, 0.5),
    latencyP95: quantileMs(figures, 0.95),
    latencyP99: quantileMs(figures, 0.99),
    isCompliant: isAvailable && latency?.isCompliant !== false,
    budget,
    burnRate: burnRateOf(figures, objective),
    burnRate1h,
    burnRate6h: burnRateOf(lastSixHours, objective),
    exhaustedInMs: exhaustedIn(budget, burnRate1h, sources.periodMs),
    latency,
  }
}

function availabilityPercent({ adjustedCount, adjustedErrorCount }: Counted): number | null {
  return adjustedCount > 0 ? (100 * (adjustedCount - adjustedErrorCount)) / adjustedCount : null
}

/** Percent of the requests that may fail, free of what subtraction adds: 100 - 99.9 is not 0.1. */
function allowedPercent({ availabilityPercent }: Objective): number {
  return Number((100 - availabilityPercent).toPrecision(12))
}

function composeBudget(figures: Counted, objective: Objective): Budget | null {
  const { adjustedCount, adjustedErrorCount: used } = figures
  if (adjustedCount === 0) return null
  const total = (adjustedCount * allowedPercent(objective)) / 100
  const remaining = total - used
  const usedPercent = (100 * used) / total
  return { total, used, remaining, usedPercent, remainingPercent: (100 * remaining) / total }
}

function burnRateOf(figures: Counted, objective: Objective): number | null {
  const rate = errorRatePercent(figures)
  return rate === null ? null : rate / allowedPercent(objective)
}

/** At a rate of 1 or less failures leave the period as fast as new ones come. */
function exhaustedIn(budget: Budget | null, burnRate: number | null, periodMs: number) {
  if (budget === null) return null
  if (budget.remaining <= 0) return 0
  if (burnRate === null || burnRate <= 1) return null
  return ((budget.remainingPercent / 100) * periodMs) / burnRate
}

function composeLatency({ durations }: Counted, { latency }: Objective): LatencyCompliance | null {
  if (latency === null) return null
  const { thresholdMs, targetPercent } = latency
  if (durations === null) return { ...latency, withinPercent: null, isCompliant: null }
  const within = countAtMost(durations, thresholdMs * NS_A_MS)
  const withinPercent = (100 * within) / countOf(durations)
  return { ...latency, withinPercent, isCompliant: withinPercent >= targetPercent }
}
