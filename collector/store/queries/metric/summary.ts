import type { BinaryRow } from '../../copy-out'
import type { QuantileFold } from './buckets'
import { Cells } from './cells'
import type { Steps } from './steps'
import { lastOfStep, type Timed } from './stream'
import { FIRST_COLUMN } from './walk'

/** A point of a summary: the quantiles its sender worked out, and their values. */
export interface SummaryPoint extends Timed {
  readonly quantiles: readonly number[]
  readonly values: readonly number[]
}

/** What `readSummary` reads, after the columns that are walked. */
export const SUMMARY_COLUMNS = 'p.time, p.flags, p.quantiles, p.quantile_values'

const NONE: readonly number[] = []

export function readSummary(row: BinaryRow): SummaryPoint {
  const at = FIRST_COLUMN
  return {
    timeUs: row.unixMicros(at),
    startUs: null,
    isStale: !row.isNull(at + 1) && (row.int32(at + 1) & 1) === 1,
    quantiles: row.isNull(at + 2) ? NONE : row.float64Array(at + 2),
    values: row.isNull(at + 3) ? NONE : row.float64Array(at + 3),
  }
}

/**
 * Answers the quantiles that were sent, as the last point of each step says them. Those of several streams cannot be put
 * together (data model, "Summary"): the largest is answered, which that of all their values together does not exceed.
 */
export function foldSummaries(steps: Steps): QuantileFold<SummaryPoint> {
  const sent = new Map<number, Cells<number>>()
  return {
    open: (_series, group) =>
      lastOfStep(steps, (step, { quantiles, values }) => {
        quantiles.forEach((quantile, at) => {
          const value = values[at]
          if (value === undefined || Number.isNaN(value)) return
          const cells = sent.get(quantile) ?? new Cells<number>(steps.count, Math.max)
          sent.set(quantile, cells)
          cells.add(group, step, value)
        })
      }),
    answer: (group, quantile) => [
      ...(sent.get(quantile) ?? new Cells<number>(steps.count, Math.max)).row(group),
    ],
  }
}
