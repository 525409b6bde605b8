/** What a table's rows were received as; how long they are kept is said for each. */
export type Signal = 'traces'

/** A table with a partition a day. */
export interface PartitionedTable {
  readonly name: string
  readonly signal: Signal
  /** The jsonb column that is indexed when a day is over. */
  readonly searchedColumn: string
}

/** Every table with daily partitions. */
export const PARTITIONED_TABLES: readonly PartitionedTable[] = [
  { name: 'span', signal: 'traces', searchedColumn: 'attributes' },
]
