import type { Entry, Settlement } from '../helpers/ledger'
import { quantile } from '../bench/report'

/** What a scenario showed: one row of the table. */
export interface Row extends Settlement {
  readonly name: string
  readonly times: number
  /** Spans whose export has ended, however. */
  readonly sent: number
  readonly acknowledged: number
  readonly retries: number
  /** Of the acknowledged exports, retries included; NaN without one. */
  readonly slowestMs: number
  readonly p99Ms: number
  /** Exports the exporter gave up, the timed-out ones included. */
  readonly failed: number
  readonly timedOut: number
  readonly peakRssMib: number
  /** Claims of the scenario that did not hold. */
  readonly broken: readonly string[]
  /** Figures of the scenario's own. */
  readonly notes: readonly string[]
  readonly seconds: number
}

/** A scenario that could not be run here, or whose outcome could not be counted, which fails the run. */
export interface Uncounted {
  readonly name: string
  readonly notRun?: string
  readonly failure?: string
}

export type Result = Row | Uncounted

/** The numbers of a row that come from the ledgers. */
export function summarize(exports: readonly (Entry & { readonly spans: number })[]) {
  const acknowledged = exports.filter(({ outcome }) => outcome === 'acknowledged')
  const tookMs = acknowledged.map((entry) => entry.tookMs)
  return {
    sent: sumOfSpans(exports),
    acknowledged: sumOfSpans(acknowledged),
    slowestMs: quantile(tookMs, 1),
    p99Ms: quantile(tookMs, 0.99),
    failed: exports.length - acknowledged.length,
    timedOut: exports.filter(({ outcome }) => outcome === 'timed out').length,
  }
}

/** Why a row fails the run; empty when it does not. */
export function faultsOf(result: Result): string[] {
  if (!isRow(result)) {
    return result.failure === undefined ? [] : [`${result.name}: ${result.failure}`]
  }
  const { name, lost, duplicated, acknowledged, broken } = result
  return [
    ...(lost === 0 ? [] : [`${lost} acknowledged spans are lost`]),
    ...(duplicated === 0 ? [] : [`${duplicated} spans are stored again`]),
    ...(acknowledged > 0 ? [] : ['nothing was acknowledged, so nothing was shown']),
    ...broken,
  ].map((fault) => `${name}: ${fault}`)
}

/** The table, the scenarios' own figures below it, and the verdict. */
export function formatReport(results: readonly Result[]): string {
  const table = [HEADINGS, ...results.map(cellsOf)]
  const widths = HEADINGS.map((_, column) =>
    Math.max(
      ...table
        .filter((cells) => column === 0 || cells.length === HEADINGS.length)
        .map((cells) => (cells[column] ?? '').length),
    ),
  )
  const lines = table.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 || cells.length < HEADINGS.length
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const notes = results.flatMap((result) =>
    isRow(result) ? result.notes.map((note) => `${result.name}: ${note}`) : [],
  )
  const faults = results.flatMap(faultsOf)
  const verdict =
    faults.length === 0
      ? ['Nothing acknowledged was lost, nothing was stored twice, every claim holds.']
      : ['FAILED', ...faults.map((fault) => `  ${fault}`)]
  return [...lines, '', ...notes, ...(notes.length > 0 ? [''] : []), ...verdict].join('\n')
}

const HEADINGS = [
  'fault',
  'times',
  'sent',
  'acknowledged',
  'stored',
  'duplicated',
  'lost',
  'retries',
  'slowest ms',
  'p99 ms',
  'failed',
  'timed out',
  'peak RSS MiB',
  'seconds',
]

function cellsOf(result: Result): string[] {
  if (!isRow(result)) {
    return [result.name, result.notRun === undefined ? 'FAILED' : `not run: ${result.notRun}`]
  }
  return [
    result.name,
    ...[
      result.times,
      result.sent,
      result.acknowledged,
      result.stored,
      result.duplicated,
      result.lost,
      result.retries,
      result.slowestMs,
      result.p99Ms,
      result.failed,
      result.timedOut,
      result.peakRssMib,
      result.seconds,
    ].map((value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-')),
  ]
}

function isRow(result: Result): result is Row {
  return 'lost' in result
}

function sumOfSpans(exports: readonly { readonly spans: number }[]): number {
  return exports.reduce((sum, { spans }) => sum + spans, 0)
}
