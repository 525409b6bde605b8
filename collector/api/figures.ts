import {
  addUp,
  type Counted,
  errorRatePercent,
  meanMs,
  quantileMs,
  ratePerSecond,
} from '../health/figures'
import type { Identity } from '../health/identity'
import type { FigureAnswer, Figures } from './figure-contract'
import { formatMs } from './window'

const NS_PER_MS = 1e6

/** What answers are ordered by. */
export const FIGURE_ORDERS = [
  'count',
  'errorCount',
  'errorRate',
  'avg',
  'p50',
  'p95',
  'p99',
  'max',
] as const
export type FigureOrder = (typeof FIGURE_ORDERS)[number]

/** What figures are made of, whoever they belong to. */
export type Sum = Counted & Pick<Figures, 'slowestTraceId' | 'errorTraceId'>

/** Nothing. */
export const NO_SPANS: Sum = { ...addUp([]), slowestTraceId: null, errorTraceId: null }

/** What several figures add up to, with the slowest of their slowest traces. */
export function addFigures(parts: readonly Sum[]): Sum {
  const maxNs = ({ durations }: Sum) => durations?.maxNs ?? -1
  const slowest = parts.reduce((a, b) => (maxNs(b) > maxNs(a) ? b : a), NO_SPANS)
  return {
    ...addUp(parts),
    slowestTraceId: slowest.slowestTraceId,
    errorTraceId: parts.findLast(({ errorTraceId }) => errorTraceId !== null)?.errorTraceId ?? null,
  }
}

/** Figures as they are answered; of so much time. */
export function describeFigures(sum: Sum, ms: number) {
  return {
    count: sum.count,
    errorCount: sum.errorCount,
    errorRate: errorRatePercent(sum),
    ratePerSecond: ratePerSecond(sum, ms),
    durationMs: {
      avg: meanMs(sum),
      p50: quantileMs(sum, 0.5),
      p95: quantileMs(sum, 0.95),
      p99: quantileMs(sum, 0.99),
      min: sum.durations === null ? null : sum.durations.minNs / NS_PER_MS,
      max: sum.durations === null ? null : sum.durations.maxNs / NS_PER_MS,
    },
    slowestTraceId: sum.slowestTraceId,
    errorTraceId: sum.errorTraceId,
  }
}

/** The names that tell a service from others. */
export function describeService({ tenant, environment, namespace, service }: Identity) {
  return {
    tenant: tenant ?? '',
    environment: environment ?? '',
    namespace: namespace ?? '',
    service: service ?? '',
  }
}

/** Groups with their figures, largest first; those that are alike by name. */
export function rankFigures({ figures, window }: FigureAnswer, order: FigureOrder, nowMs: number) {
  const elapsedMs = elapsedOf(window, nowMs)
  const ranked = figures.map((each) => {
    const row = { ...describeIdentity(each), ...describeFigures(each, elapsedMs) }
    return { row, value: valueOf(row, order), name: nameOf(row) }
  })
  ranked.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return ranked.map(({ row }) => row)
}

/** What an answer from rollups says of itself; of several, which are of the same window, what each says. */
export function describeAnswer(
  { window, gaps }: Pick<FigureAnswer, 'window' | 'gaps'>,
  ...others: readonly Pick<FigureAnswer, 'gaps'>[]
) {
  const all = [gaps, ...others.map((other) => other.gaps)].flat()
  return { window: describeWindow(window), gaps: [...new Set(all)] }
}

/** A window as it is answered. */
export function describeWindow({ sinceMs, untilMs }: FigureAnswer['window']) {
  return { since: formatMs(sinceMs), until: formatMs(untilMs) }
}

/** How much of a window is over, in milliseconds: rates are of that. */
export function elapsedOf({ sinceMs, untilMs }: FigureAnswer['window'], nowMs: number): number {
  return Math.max(0, Math.min(untilMs, nowMs) - sinceMs)
}

function describeIdentity(figures: Figures) {
  const { module, operation, kind, lastSeenMs } = figures
  return { ...describeService(figures), module, operation, kind, lastSeen: formatMs(lastSeenMs) }
}

type Row = ReturnType<typeof describeIdentity> & ReturnType<typeof describeFigures>

function valueOf(row: Row, order: FigureOrder): number {
  if (order === 'count' || order === 'errorCount') return row[order]
  return (order === 'errorRate' ? row.errorRate : row.durationMs[order]) ?? -1
}

function nameOf({ service, module, operation, kind, namespace, environment, tenant }: Row) {
  return JSON.stringify([service, module, operation, kind, namespace, environment, tenant])
}
