/** A span of time: `sinceMs` included, `untilMs` not. Unix milliseconds. */
export interface Range {
  readonly sinceMs: number
  readonly untilMs: number
}

/** What narrows a question; null: everything. Names, which rollups know as ids of dictionary rows. */
export interface FigureFilter {
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
}

/** What spans add up to: in which window, of which of them, told apart by what. */
export interface FigureQuestion {
  readonly window: Range
  readonly filter: FigureFilter
  readonly of: 'requests' | 'spans'
  readonly by: readonly ('service' | 'module' | 'operation')[]
  /** Length of the steps, whole minutes; null: the window as one. */
  readonly stepMs: number | null
}
