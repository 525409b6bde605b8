import {
  type Counted,
  errorRatePercent,
  meanMs,
  quantileMs,
  ratePerSecond,
} from '../health/figures'
import type { Verdict } from '../health/judge'
import type { Stable } from '../health/stable'
import { composeHealth, MINUTE_MS, pastSinceMs, type SystemHealth } from '../health/system'
import type { ThresholdSet } from '../health/thresholds'
import type { Window } from './contract'
import type { ErrorQueries } from './error-contract'
import type { FigureQueries } from './figure-contract'
import { describeAnswer, describeService, elapsedOf } from './figures'
import { formatMs } from './window'

/** A question about health: of the requests of services, or of the spans of a module. */
export interface HealthQuestion {
  readonly window: Window
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly thresholds: ThresholdSet
  readonly nowMs: number
}

/** Health, of which window it is, and why it may be incomplete. */
export interface HealthAnswer {
  readonly health: SystemHealth
  readonly module: string | null
  readonly window: Window
  readonly gaps: readonly string[]
  /** How much of the window is over. */
  readonly elapsedMs: number
}

/** What health is read by. */
export type HealthQueries = Pick<FigureQueries, 'readFigures'> &
  Pick<ErrorQueries, 'countUnresolved'>

/** Judges the window, and the minutes that ended before its end for what is stable. */
export async function readHealth(
  { readFigures, countUnresolved }: HealthQueries,
  { window, tenant, service, module, thresholds, nowMs }: HealthQuestion,
): Promise<HealthAnswer> {
  const filter = { tenant, service, module, operation: null }
  const of = module === null ? 'requests' : 'spans'
  const question = { filter, of, by: ['service'] } as const
  // A minute that is not over yet would let what is stable change back and forth within it.
  const untilMs = Math.floor(Math.min(window.untilMs, nowMs) / MINUTE_MS) * MINUTE_MS
  const minutes = { sinceMs: Math.max(0, pastSinceMs(untilMs)), untilMs }
  const [now, before, unresolved] = await Promise.all([
    readFigures({ ...question, window, stepMs: null }),
    readFigures({ ...question, window: minutes, stepMs: MINUTE_MS }),
    countUnresolved({ window, tenant, service, module }),
  ])
  const past = before.stepMs === MINUTE_MS ? { untilMs, minutes: before.figures } : null
  return {
    health: composeHealth({ figures: now.figures, unresolved, past, thresholds, module }),
    module,
    window: now.window,
    gaps: [...now.gaps, ...before.gaps],
    elapsedMs: elapsedOf(now.window, nowMs),
  }
}

/** Health as it is answered. */
export function describeHealth({ health, module, window, gaps, elapsedMs }: HealthAnswer) {
  return {
    ...describeVerdict(health, health.stable),
    reasons: health.reasons.map((reason) => ({ ...reason, service: reason.service ?? '' })),
    module,
    ...describeFigures(health, elapsedMs),
    services: health.services.map((service) => ({
      ...describeService(service.identity),
      ...describeVerdict(service, service.stable),
      ...describeFigures(service, elapsedMs),
    })),
    ...describeAnswer({ window, gaps }),
  }
}

function describeVerdict({ status, reasons }: Verdict, stable: Stable | null) {
  return {
    status,
    stableStatus: stable?.status ?? null,
    stableSince: stable === null ? null : formatMs(stable.sinceMs),
    reasons: [...reasons],
  }
}

function describeFigures(
  { figures, unresolvedErrors }: { figures: Counted; unresolvedErrors: number | null },
  elapsedMs: number,
) {
  const { count, adjustedCount, errorCount } = figures
  return {
    requests: { count, adjustedCount, ratePerSecond: ratePerSecond(figures, elapsedMs) },
    performance: {
      avgResponseTimeMs: meanMs(figures),
      p50ResponseTimeMs: quantileMs(figures, 0.5),
      p95ResponseTimeMs: quantileMs(figures, 0.95),
      p99ResponseTimeMs: quantileMs(figures, 0.99),
    },
    errors: { errorRate: errorRatePercent(figures), errorCount, unresolvedErrors },
  }
}
