import type { Range } from './figure/question'

/** What narrows a question about traces; null: everything. */
export interface TraceFilter {
  readonly window: Range
  readonly service: string | null
  readonly module: string | null
  readonly tenant: string | null
}
