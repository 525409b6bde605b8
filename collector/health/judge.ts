import { addCounts, type Counted, errorRatePercent, type Noun, quantileMsOfAll } from './figures'
import type { Limits, Thresholds } from './thresholds'

/** From best to worst to know; without enough data nothing is said to be healthy. */
export const STATUSES = ['no_data', 'insufficient_data', 'healthy', 'degraded', 'critical'] as const
export type Status = (typeof STATUSES)[number]

export const CRITERIA = ['error_rate', 'p95', 'unresolved_errors', 'sample_size'] as const
/** What a reason is about; `sample_size`: how many requests there are to judge by. */
export type Criterion = (typeof CRITERIA)[number]

/** Why it is not healthy. */
export interface Reason {
  readonly criterion: Criterion
  readonly value: number
  /** The one that is passed. */
  readonly limit: number
  readonly unit: string
  readonly status: Status
  /** The same in words, with the figures. */
  readonly message: string
}

/** A status, and every criterion that is not healthy. */
export interface Verdict {
  readonly status: Status
  readonly reasons: readonly Reason[]
}

/** What is judged. */
export interface Measures {
  readonly count: number
  readonly errorCount: number
  readonly adjustedCount: number
  readonly errorRatePercent: number | null
  readonly p95Ms: number | null
  /** Null: not known. */
  readonly unresolvedErrors: number | null
}

/** So many requests that all failed are enough to know. */
const ENOUGH_FAILURES = 3

/** Judges figures: the worst criterion decides. */
export function judge(
  figures: Counted,
  thresholds: Thresholds,
  noun: Noun = 'requests',
  unresolvedErrors: number | null = null,
): Verdict {
  return judgeMeasures(measure([figures], unresolvedErrors), thresholds, noun)
}

/** What is judged of all figures together. */
export function measure(
  figures: readonly Counted[],
  unresolvedErrors: number | null = null,
): Measures {
  const counts = addCounts(figures)
  const { count, errorCount, adjustedCount } = counts
  return {
    count,
    errorCount,
    adjustedCount,
    errorRatePercent: errorRatePercent(counts),
    p95Ms: quantileMsOfAll(figures, 0.95),
    unresolvedErrors,
  }
}

/** Judges what was measured. Unresolved errors are no share of anything: they count however few requests there are. */
export function judgeMeasures(measures: Measures, thresholds: Thresholds, noun: Noun): Verdict {
  const { unresolvedErrors: value } = measures
  const limits = thresholds.unresolvedErrors
  const unresolved = exceed('unresolved_errors', value, limits, '', (errors) => {
    return `${errors} unresolved ${errors === 1 ? 'error' : 'errors'}`
  })
  const { status, reasons } = judgeRequests(measures, thresholds, noun)
  if (unresolved.length === 0) return { status, reasons }
  const others = reasons.filter(({ criterion }) => criterion !== 'sample_size')
  const all = [...others, ...unresolved]
  return {
    status: worstOf(
      all.map((reason) => reason.status),
      'healthy',
    ),
    reasons: all,
  }
}

/** The worst of several statuses; `none` when there are none. */
export function worstOf(statuses: readonly Status[], none: Status): Status {
  return statuses.reduce((worst, status) => (isWorse(status, worst) ? status : worst), none)
}

/** Whether the first is worse than the second. */
export function isWorse(status: Status, than: Status): boolean {
  return STATUSES.indexOf(status) > STATUSES.indexOf(than)
}

function judgeRequests(measures: Measures, thresholds: Thresholds, noun: Noun): Verdict {
  const { count, errorCount } = measures
  const { minRequests } = thresholds
  if (count === 0) return tellSampleSize('no_data', 0, minRequests, noun)
  if (count >= minRequests) {
    const reasons = listReasons(measures, thresholds, noun)
    return {
      status: worstOf(
        reasons.map(({ status }) => status),
        'healthy',
      ),
      reasons,
    }
  }
  const limits = thresholds.errorRatePercent
  if (count >= ENOUGH_FAILURES && errorCount === count) {
    const failed = exceed('error_rate', 100, limits, '%', () => `all ${count} ${noun} failed`)
    if (failed.length > 0) return { status: failed[0]!.status, reasons: failed }
  }
  return tellSampleSize('insufficient_data', count, minRequests, noun)
}

function listReasons(measures: Measures, thresholds: Thresholds, noun: Noun): Reason[] {
  const { errorRatePercent: rate, p95Ms } = measures
  const among = `of ${describeCount(measures, noun)}`
  return [
    ...exceed('error_rate', rate, thresholds.errorRatePercent, '%', (value, limit) => {
      return `error rate ${show(value, limit, 1)} % ${among}`
    }),
    ...exceed('p95', p95Ms, thresholds.p95Ms, 'ms', (value, limit) => {
      return `p95 ${show(value, limit, 0)} ms ${among}`
    }),
  ]
}

/** The reason a value gives by its limits, if any. */
function exceed(
  criterion: Criterion,
  value: number | null,
  { degraded, critical }: Limits,
  unit: string,
  describe: (value: number, limit: number) => string,
): Reason[] {
  const status = value === null ? 'healthy' : value > critical ? 'critical' : 'degraded'
  if (value === null || (status === 'degraded' && value < degraded)) return []
  const limit = status === 'critical' ? critical : degraded
  const told = `${limit}${unit === '' ? '' : ` ${unit}`}`
  const rule = status === 'critical' ? `critical above ${told}` : `degraded from ${told}`
  const message = `${describe(value, limit)}, ${rule}`
  return [{ criterion, value, limit, unit, status, message }]
}

function tellSampleSize(
  status: 'no_data' | 'insufficient_data',
  count: number,
  limit: number,
  noun: Noun,
): Verdict {
  const message =
    count === 0 ? `no ${noun}` : `${spell(count, noun)}, to judge by at least ${limit} are needed`
  const reason = { criterion: 'sample_size', value: count, limit, unit: noun, status } as const
  return { status, reasons: [{ ...reason, message }] }
}

/** How many there were, and by how many of them that is known where only some were sent. */
function describeCount({ count, adjustedCount }: Measures, noun: Noun): string {
  const all = Math.round(adjustedCount)
  return all === count ? spell(count, noun) : `${spell(all, noun)}, known by ${count}`
}

function spell(count: number, noun: Noun): string {
  return `${count} ${count === 1 ? noun.slice(0, -1) : noun}`
}

/** Rounded, but never to the limit that it passes. */
function show(value: number, limit: number, digits: number): string {
  const rounded = Number(value.toFixed(digits))
  if (rounded !== limit || value === limit || digits > 6) return String(rounded)
  return show(value, limit, digits + 1)
}
