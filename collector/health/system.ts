import { groupBy } from '../group-by'
import { addUp, type Counted, type Noun } from './figures'
import { type Identity, identityKey } from './identity'
import {
  isWorse,
  judge,
  judgeMeasures,
  measure,
  type Reason,
  type Status,
  type Verdict,
  worstOf,
} from './judge'
import { LEAVING_SHARE, type Moment, replay, type Stable } from './stable'
import { scaleThresholds, type ThresholdSet, type Thresholds, thresholdsOf } from './thresholds'

export const MINUTE_MS = 60_000
/** Over how many minutes each verdict of the past looks, and how many of them are looked at. */
export const VERDICT_MINUTES = 5
export const REPLAYED_MINUTES = 30

/** Figures of a service. */
export interface ServiceFigures extends Counted, Identity {}

/** Figures of a service in a minute. */
export interface MinuteFigures extends ServiceFigures {
  readonly sinceMs: number
}

/** How many errors of a service are unresolved. */
export interface UnresolvedErrors extends Identity {
  readonly count: number
}

/** The minutes before a whole one, for as long as verdicts are replayed; those without a span are not among them. */
export interface Past {
  readonly untilMs: number
  readonly minutes: readonly MinuteFigures[]
}

/** A verdict of the past. */
export interface PastVerdict extends Moment {
  readonly reasons: readonly Reason[]
}

/** How a service is, or a module in it. */
export interface ServiceHealth extends Verdict {
  readonly identity: Identity
  readonly figures: Counted
  /** Null where they are not known. */
  readonly unresolvedErrors: number | null
  /** Null where the minutes are not known. */
  readonly stable: Stable | null
  /** Verdicts of whole minutes, oldest first. */
  readonly past: readonly PastVerdict[]
}

/** How everything is: as its worst service, for whose sake the reasons are. */
export interface SystemHealth {
  readonly status: Status
  readonly reasons: readonly (Reason & { readonly service: string | null })[]
  readonly stable: Stable | null
  readonly figures: Counted
  readonly unresolvedErrors: number | null
  /** Worst first, then by name. */
  readonly services: readonly ServiceHealth[]
}

/** What health is told by; `module` when the figures are of the spans of one. */
export interface HealthSources {
  readonly figures: readonly ServiceFigures[]
  /** Null where they are not known; services without are not among them. */
  readonly unresolved: readonly UnresolvedErrors[] | null
  /** Null where minutes are not kept any more. */
  readonly past: Past | null
  readonly thresholds: ThresholdSet
  readonly module: string | null
}

/**
 * Judges each service by its figures, its unresolved errors and the past minutes, and the system by its services. Nobody knows
 * how many errors were unresolved in a minute that is over: in what is stable they count as they are now.
 */
export function composeHealth({
  figures,
  unresolved,
  past,
  thresholds,
  module,
}: HealthSources): SystemHealth {
  const noun = module === null ? 'requests' : 'spans'
  const now = groupBy(figures, identityKey)
  const before = groupBy(past?.minutes ?? [], identityKey)
  const errors = groupBy(unresolved ?? [], identityKey)
  const known: [string, Identity[]][] = [...before, ...now, ...errors]
  const identities = new Map(known.map(([key, [first]]) => [key, first!]))
  const services = [...identities].map(([key, { tenant, environment, namespace, service }]) => {
    const limits = thresholdsOf(thresholds, service, module)
    const total = addUp(now.get(key) ?? [])
    const unresolvedErrors = unresolved === null ? null : sumOf(errors.get(key) ?? [])
    const verdict = judge(total, limits, noun, unresolvedErrors)
    const verdicts =
      past === null ? [] : judgePast(before.get(key) ?? [], past.untilMs, limits, noun)
    return {
      identity: { tenant, environment, namespace, service },
      figures: total,
      unresolvedErrors,
      ...verdict,
      stable: withUnresolved(replay(verdicts), verdict, past?.untilMs ?? 0),
      past: verdicts,
    }
  })
  services.sort(byUrgency)
  const unresolvedErrors = unresolved === null ? null : sumOf(unresolved)
  return { ...judgeSystem(services, past), figures: addUp(figures), unresolvedErrors, services }
}

/** Begin of the time that has to be known for what is stable at `untilMs`. */
export function pastSinceMs(untilMs: number): number {
  return untilMs - (REPLAYED_MINUTES + VERDICT_MINUTES) * MINUTE_MS
}

function sumOf(parts: readonly UnresolvedErrors[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0)
}

/** What is stable, or what unresolved errors make of it at the last whole minute. */
function withUnresolved(stable: Stable | null, { reasons }: Verdict, atMs: number): Stable | null {
  const reason = reasons.find(({ criterion }) => criterion === 'unresolved_errors')
  if (stable === null || reason === undefined || !isWorse(reason.status, stable.status)) {
    return stable
  }
  return { status: reason.status, sinceMs: atMs }
}

/** Judges at each whole minute what was in those before it. */
function judgePast(
  minutes: readonly MinuteFigures[],
  untilMs: number,
  thresholds: Thresholds,
  noun: Noun,
): PastVerdict[] {
  const leaving = scaleThresholds(thresholds, LEAVING_SHARE)
  return Array.from({ length: REPLAYED_MINUTES }, (_, index) => {
    const atMs = untilMs - (REPLAYED_MINUTES - 1 - index) * MINUTE_MS
    const sinceMs = atMs - VERDICT_MINUTES * MINUTE_MS
    const within = minutes.filter((minute) => minute.sinceMs >= sinceMs && minute.sinceMs < atMs)
    const measures = measure(within)
    const left = judgeMeasures(measures, leaving, noun).status
    return { atMs, ...judgeMeasures(measures, thresholds, noun), leaving: left }
  })
}

function judgeSystem(services: readonly ServiceHealth[], past: Past | null) {
  const status = worstOf(
    services.map((service) => service.status),
    'no_data',
  )
  const reasons = services
    .filter((service) => service.status === status)
    .flatMap(({ identity: { service }, reasons: own }) =>
      own.map((reason) => ({ ...reason, service, message: `${service}: ${reason.message}` })),
    )
  const stables = services.flatMap(({ stable }) => stable ?? [])
  const stableStatus = worstOf(
    stables.map((stable) => stable.status),
    'no_data',
  )
  const since = stables
    .filter((stable) => stable.status === stableStatus)
    .map(({ sinceMs }) => sinceMs)
  const firstMs = past === null ? 0 : past.untilMs - (REPLAYED_MINUTES - 1) * MINUTE_MS
  const stable =
    past === null
      ? null
      : { status: stableStatus, sinceMs: since.length > 0 ? Math.min(...since) : firstMs }
  return { status, reasons, stable }
}

function byUrgency(a: ServiceHealth, b: ServiceHealth): number {
  if (a.status !== b.status) return isWorse(a.status, b.status) ? -1 : 1
  const [left, right] = [a.identity.service ?? '', b.identity.service ?? '']
  return left < right ? -1 : left > right ? 1 : 0
}
