import type { Signal } from '../translate/rows'

/** A table with a partition a day. */
export interface PartitionedTable {
  readonly name: string
  /** What its rows are received as; they are kept as long as the one of these that is kept longest. */
  readonly signals: readonly Signal[]
  /** The index a partition gets when its day is over, which would cost too much while rows come in. */
  readonly closingIndex: { readonly column: string; readonly definition: string }
}

/** Finds rows by what is in their attributes. */
const BY_ATTRIBUTES = { column: 'attributes', definition: 'gin (attributes jsonb_path_ops)' }
/** Next to nothing; finds the rows of an hour, whatever their series. */
const BY_TIME = { column: 'time', definition: 'brin (time)' }

/** Every table with daily partitions. */
export const PARTITIONED_TABLES: readonly PartitionedTable[] = [
  { name: 'span', signals: ['traces'], closingIndex: BY_ATTRIBUTES },
  { name: 'log_record', signals: ['logs'], closingIndex: BY_ATTRIBUTES },
  { name: 'correlation', signals: ['traces', 'logs'], closingIndex: BY_TIME },
  { name: 'error_occurrence', signals: ['traces', 'logs'], closingIndex: BY_TIME },
  { name: 'event', signals: ['logs'], closingIndex: BY_TIME },
  { name: 'metric_point', signals: ['metrics'], closingIndex: BY_TIME },
  { name: 'metric_histogram', signals: ['metrics'], closingIndex: BY_TIME },
]

/** Tables with a partition a month: what spans and throws add up to. They are small, and outlive what is received. */
export const MONTHLY_TABLES: readonly string[] = [
  'span_rollup',
  'edge_rollup',
  'error_rollup',
  'event_rollup',
]

/** How many days the rows of a table are kept. */
export function keptDays(
  { signals }: PartitionedTable,
  retentionDays: (signal: Signal) => number,
): number {
  return Math.max(...signals.map(retentionDays))
}
