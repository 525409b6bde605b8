import type { FigureAnswer, Figures } from '../api/figure-contract'
import { groupBy } from '../group-by'
import { addUp, errorRatePercent, ratePerSecond } from '../health/figures'
import { identityKey } from '../health/identity'
import type { Status } from '../health/judge'
import type { UnresolvedErrors } from '../health/system'
import { quantileNs, type Distribution } from '../translate/distribution'
import type { Minute } from './sparkline'

const MINUTE_MS = 60_000
const SECONDS_A_MINUTE = 60
const P95 = 0.95
const MAX_SLOWEST = 10

/** How the services are doing, each by its key, and all of them together. */
export interface HealthView {
  readonly status: Status
  /** What it is once a change has lasted. */
  readonly stableStatus: Status
  /** Why it is not healthy, with figures, the worst first. */
  readonly reasons: readonly string[]
  readonly statusOf: (service: Figures) => Status
}

/** Judges the requests of the last hour, a service and a minute each, and the errors that are unresolved. */
export type JudgeHealth = (
  answers: Pick<OverviewAnswers, 'minutes' | 'unresolved'>,
  nowMs: number,
) => HealthView

/** What a service, an operation or all of them did in the window. Rates and shares are by the adjusted counts. */
export interface Work {
  readonly perMinute: number
  readonly count: number
  /** Null without requests. */
  readonly errorPercent: number | null
  readonly p95Ns: number | null
  /** Traces to look at. */
  readonly errorTraceId: string | null
  readonly slowestTraceId: string | null
}

/** A row of the table of services. */
export interface ServiceView extends Work {
  readonly service: string
  /** Its environment and namespace, empty without. */
  readonly place: string
  readonly status: Status
  /** The last hour. */
  readonly minutes: readonly Minute[]
}

/** A row of the table of operations. */
export interface OperationView extends Work {
  readonly service: string
  readonly module: string
  readonly operation: string
}

/** The slowest request of an operation. */
export interface SlowestView {
  readonly traceId: string
  readonly service: string
  readonly operation: string
  readonly durationNs: number
}

/** All that the overview shows. */
export interface OverviewView {
  readonly sinceMs: number
  readonly untilMs: number
  readonly health: HealthView
  readonly total: Work
  /** Failing ones first, then by rate. */
  readonly services: readonly ServiceView[]
  readonly operations: readonly OperationView[]
  readonly slowest: readonly SlowestView[]
  /** Why figures may still change or lack something. */
  readonly gaps: readonly string[]
}

/** What the overview is made from: requests of the window by operation, and of the last hour by service and minute, and errors. */
export interface OverviewAnswers {
  readonly operations: FigureAnswer
  readonly minutes: FigureAnswer
  readonly unresolved: readonly UnresolvedErrors[]
}

/** Turns the answers into what is shown. */
export function composeOverview(
  { operations, minutes, unresolved }: OverviewAnswers,
  judge: JudgeHealth,
  nowMs: number,
): OverviewView {
  const { sinceMs, untilMs } = operations.window
  const lengthMs = Math.min(untilMs, nowMs) - sinceMs
  const health = judge({ minutes, unresolved }, nowMs)
  const figures = operations.figures
  return {
    sinceMs,
    untilMs: Math.min(untilMs, nowMs),
    health,
    total: workOf(figures, lengthMs),
    services: servicesOf(figures, minutes, health, { nowMs, lengthMs }),
    operations: figures
      .map((each) => ({ ...namesOf(each), ...workOf([each], lengthMs) }))
      .sort(byTrouble),
    slowest: slowestOf(figures),
    gaps: [...new Set([...operations.gaps, ...minutes.gaps])],
  }
}

function workOf(parts: readonly Figures[], lengthMs: number): Work {
  const total = addUp(parts)
  const { count, durations } = total
  return {
    perMinute: SECONDS_A_MINUTE * ratePerSecond(total, lengthMs),
    count,
    errorPercent: errorRatePercent(total),
    p95Ns: durations === null ? null : quantileNs(durations, P95),
    errorTraceId: worst(parts, (part) => part.errorCount)?.errorTraceId ?? null,
    slowestTraceId: worst(parts, (part) => part.durations?.maxNs ?? 0)?.slowestTraceId ?? null,
  }
}

/** The part of which there is most, null where there is none of any. */
function worst(parts: readonly Figures[], valueOf: (part: Figures) => number): Figures | null {
  let [found, most]: [Figures | null, number] = [null, 0]
  for (const part of parts) if (valueOf(part) > most) [found, most] = [part, valueOf(part)]
  return found
}

/** Services with requests in the window or the last hour. */
function servicesOf(
  operations: readonly Figures[],
  minutes: FigureAnswer,
  health: HealthView,
  { nowMs, lengthMs }: { readonly nowMs: number; readonly lengthMs: number },
): ServiceView[] {
  const inWindow = groupBy(operations, identityKey)
  const inHour = groupBy(minutes.figures, identityKey)
  const keys = new Set([...inWindow.keys(), ...inHour.keys()])
  return [...keys]
    .flatMap((key) => {
      const parts = inWindow.get(key) ?? []
      const steps = inHour.get(key) ?? []
      const [one] = [...parts, ...steps]
      if (one === undefined) return []
      return {
        service: one.service ?? '',
        place: [one.tenant, one.namespace, one.environment].filter(Boolean).join(' / '),
        status: health.statusOf(one),
        minutes: wholeMinutes(steps, minutes, nowMs),
        ...workOf(parts, lengthMs),
      }
    })
    .sort(byTrouble)
}

/** One a step that is over, those without a request as well. */
function wholeMinutes(
  steps: readonly Figures[],
  { window, stepMs }: FigureAnswer,
  nowMs: number,
): Minute[] {
  const lengthMs = stepMs ?? MINUTE_MS
  const countOfSteps = Math.floor((Math.min(window.untilMs, nowMs) - window.sinceMs) / lengthMs)
  const minutes = Array.from({ length: Math.max(0, countOfSteps) }, () => ({
    count: 0,
    errorCount: 0,
  }))
  for (const { sinceMs, adjustedCount, adjustedErrorCount } of steps) {
    const minute = minutes[Math.floor((sinceMs - window.sinceMs) / lengthMs)]
    if (minute === undefined) continue
    minute.count += adjustedCount
    minute.errorCount += adjustedErrorCount
  }
  return minutes
}

const RANK: Readonly<Record<Status, number>> = {
  critical: 0,
  degraded: 1,
  healthy: 2,
  insufficient_data: 2,
  no_data: 2,
}

/** The worst first; what is doing as well, by how much of it there is. */
function byTrouble<T extends Work & { readonly status?: Status }>(a: T, b: T): number {
  const byStatus = RANK[a.status ?? 'healthy'] - RANK[b.status ?? 'healthy']
  return byStatus || b.perMinute - a.perMinute
}

function namesOf({ service, module, operation }: Figures) {
  return { service: service ?? '', module: module ?? '', operation: operation ?? '' }
}

/** The slowest request of each operation, of a trace the slowest only. */
function slowestOf(figures: readonly Figures[]): SlowestView[] {
  const byTrace = new Map<string, SlowestView>()
  const known = figures.filter(
    (each): each is Figures & { slowestTraceId: string; durations: Distribution } =>
      each.slowestTraceId !== null && each.durations !== null,
  )
  for (const each of known.sort((a, b) => b.durations.maxNs - a.durations.maxNs)) {
    const { slowestTraceId: traceId, durations } = each
    if (byTrace.size === MAX_SLOWEST) break
    if (byTrace.has(traceId)) continue
    byTrace.set(traceId, { traceId, ...namesOf(each), durationNs: durations.maxNs })
  }
  return [...byTrace.values()]
}
