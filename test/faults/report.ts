import { type Signal, SIGNALS } from '../../collector/translate/rows'
import { quantile } from '../bench/report'
import { bySignal } from '../../collector/otlp/signal'
import { type Entry, type Settlement } from '../helpers/ledger'

/** What became of the items of one signal. */
export interface Counts extends Settlement {
  /** Items whose export has ended, however. */
  readonly sent: number
  readonly acknowledged: number
}

/** What a scenario showed: one row of the table. */
export interface Row {
  readonly name: string
  readonly times: number
  readonly counts: Readonly<Record<Signal, Counts>>
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

/** The numbers of a row that come from the ledgers and their settlement. */
export function summarize(
  exports: readonly (Entry & { readonly items: number })[],
  settlement: Readonly<Record<Signal, Settlement>>,
) {
  const acknowledged = exports.filter(({ outcome }) => outcome === 'acknowledged')
  const tookMs = acknowledged.map((entry) => entry.tookMs)
  return {
    counts: bySignal((signal) => ({
      sent: sumOfItems(exports, signal),
      acknowledged: sumOfItems(acknowledged, signal),
      ...settlement[signal],
    })),
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
  const { name, counts, broken } = result
  const faults = SIGNALS.flatMap((signal) => {
    const { lost, duplicated, acknowledged } = counts[signal]
    const items = ITEMS[signal]
    return [
      ...(lost === 0 ? [] : [`${lost} acknowledged ${items} are lost`]),
      ...(duplicated === 0 ? [] : [`${duplicated} ${items} are stored again`]),
      ...(acknowledged > 0 ? [] : [`no ${items} were acknowledged, so nothing was shown of them`]),
    ]
  })
  return [...faults, ...broken].map((fault) => `${name}: ${fault}`)
}

/** The table, the totals of each signal, the scenarios' own figures, and the verdict. */
export function formatReport(results: readonly Result[]): string {
  const rows = results.filter(isRow)
  const notes = rows.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`))
  const faults = results.flatMap(faultsOf)
  const verdict =
    faults.length === 0
      ? ['Nothing acknowledged was lost, nothing was stored twice, every claim holds.']
      : ['FAILED', ...faults.map((fault) => `  ${fault}`)]
  const parts = [
    alignTable([HEADINGS, ...results.map(cellsOf)]),
    alignTable([
      ['in all', ...COUNTED],
      ...SIGNALS.map((signal) => [
        ITEMS[signal],
        ...countsOf(rows.map(({ counts }) => counts[signal])).map(format),
      ]),
    ]),
    notes,
    verdict,
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

const ITEMS = { traces: 'spans', metrics: 'data points', logs: 'log records' } as const
const COUNTED = ['sent', 'acknowledged', 'stored', 'duplicated', 'lost'] as const

const HEADINGS = [
  'fault',
  'times',
  ...COUNTED,
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
      ...countsOf(SIGNALS.map((signal) => result.counts[signal])),
      result.retries,
      result.slowestMs,
      result.p99Ms,
      result.failed,
      result.timedOut,
      result.peakRssMib,
      result.seconds,
    ].map(format),
  ]
}

function isRow(result: Result): result is Row {
  return 'counts' in result
}

function sumOfItems(
  exports: readonly { readonly signal: Signal; readonly items: number }[],
  signal: Signal,
): number {
  return exports.reduce((sum, one) => sum + (one.signal === signal ? one.items : 0), 0)
}

/** The sums of what is counted, in its order. */
function countsOf(counts: readonly Counts[]): number[] {
  return COUNTED.map((name) => counts.reduce((sum, one) => sum + one[name], 0))
}

function format(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-'
}

/** A line of fewer cells than the first says something instead of them. */
function alignTable(table: readonly (readonly string[])[]): string[] {
  const columns = table[0]?.length ?? 0
  const isWhole = (cells: readonly string[]) => cells.length === columns
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(
      ...table
        .filter((cells) => column === 0 || isWhole(cells))
        .map((cells) => (cells[column] ?? '').length),
    ),
  )
  return table.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 || !isWhole(cells)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
