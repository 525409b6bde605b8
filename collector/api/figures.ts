import {
  countOf,
  meanNs,
  mergeDistributions,
  quantileNs,
  type Distribution,
} from '../translate/distribution'
import type { FigureAnswer, Figures } from './figure-contract'
import { formatMs } from './window'

const NS_PER_MS = 1e6
const SECOND_MS = 1000

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
export type Sum = Pick<
  Figures,
  | 'count'
  | 'errorCount'
  | 'adjustedCount'
  | 'adjustedErrorCount'
  | 'durations'
  | 'slowestTraceId'
  | 'errorTraceId'
>

/** Nothing. */
export const NO_SPANS: Sum = {
  count: 0,
  errorCount: 0,
  adjustedCount: 0,
  adjustedErrorCount: 0,
  durations: null,
  slowestTraceId: null,
  errorTraceId: null,
}

/** What several figures add up to. */
export function addFigures(parts: readonly Sum[]): Sum {
  const sum = (of: (part: Sum) => number) => parts.reduce((total, part) => total + of(part), 0)
  const maxNs = ({ durations }: Sum) => durations?.maxNs ?? -1
  const slowest = parts.reduce((a, b) => (maxNs(b) > maxNs(a) ? b : a), NO_SPANS)
  return {
    count: sum(({ count }) => count),
    errorCount: sum(({ errorCount }) => errorCount),
    adjustedCount: sum(({ adjustedCount }) => adjustedCount),
    adjustedErrorCount: sum(({ adjustedErrorCount }) => adjustedErrorCount),
    durations: mergeDistributions(parts.map(({ durations }) => durations)),
    slowestTraceId: slowest.slowestTraceId,
    errorTraceId: parts.findLast(({ errorTraceId }) => errorTraceId !== null)?.errorTraceId ?? null,
  }
}

/** Figures as they are answered; of so many seconds. */
export function describeFigures(sum: Sum, seconds: number) {
  const { count, errorCount, adjustedCount, adjustedErrorCount, durations } = sum
  return {
    count,
    errorCount,
    errorRate: percentOf(adjustedErrorCount, adjustedCount),
    ratePerSecond: seconds > 0 ? adjustedCount / seconds : 0,
    durationMs: describeDurations(durations),
    slowestTraceId: sum.slowestTraceId,
    errorTraceId: sum.errorTraceId,
  }
}

/** The names that tell a group from others. */
export function describeIdentity(figures: Figures) {
  return {
    tenant: figures.tenant ?? '',
    environment: figures.environment ?? '',
    namespace: figures.namespace ?? '',
    service: figures.service ?? '',
    module: figures.module,
    operation: figures.operation,
    kind: figures.kind,
    lastSeen: formatMs(figures.lastSeenMs),
  }
}

/** Groups with their figures, largest first; those that are alike by name. */
export function rankFigures({ figures, window }: FigureAnswer, order: FigureOrder, nowMs: number) {
  const seconds = secondsOf(window, nowMs)
  const ranked = figures.map((each) => {
    const row = { ...describeIdentity(each), ...describeFigures(each, seconds) }
    return { row, value: valueOf(row, order), name: nameOf(row) }
  })
  ranked.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return ranked.map(({ row }) => row)
}

/** What an answer from rollups says of itself. */
export function describeAnswer({ window, gaps }: Pick<FigureAnswer, 'window' | 'gaps'>) {
  return { window: describeWindow(window), gaps: [...gaps] }
}

/** A window as it is answered. */
export function describeWindow({ sinceMs, untilMs }: FigureAnswer['window']) {
  return { since: formatMs(sinceMs), until: formatMs(untilMs) }
}

/** How much of a window is over: rates are of that. */
export function secondsOf({ sinceMs, untilMs }: FigureAnswer['window'], nowMs: number): number {
  return Math.max(0, Math.min(untilMs, nowMs) - sinceMs) / SECOND_MS
}

/** Percent; null of nothing. */
export function percentOf(part: number, whole: number): number | null {
  return whole > 0 ? (100 * part) / whole : null
}

function describeDurations(durations: Distribution | null) {
  if (durations === null || countOf(durations) === 0) {
    return { avg: null, p50: null, p95: null, p99: null, min: null, max: null }
  }
  const quantileMs = (share: number) => quantileNs(durations, share) / NS_PER_MS
  return {
    avg: meanNs(durations) / NS_PER_MS,
    p50: quantileMs(0.5),
    p95: quantileMs(0.95),
    p99: quantileMs(0.99),
    min: durations.minNs / NS_PER_MS,
    max: durations.maxNs / NS_PER_MS,
  }
}

type Row = ReturnType<typeof describeIdentity> & ReturnType<typeof describeFigures>

function valueOf(row: Row, order: FigureOrder): number {
  if (order === 'count' || order === 'errorCount') return row[order]
  return (order === 'errorRate' ? row.errorRate : row.durationMs[order]) ?? -1
}

function nameOf({ service, module, operation, kind, namespace, environment, tenant }: Row) {
  return JSON.stringify([service, module, operation, kind, namespace, environment, tenant])
}
