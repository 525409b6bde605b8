import type { AttributeTable } from './attribute-table'
import type { ErrorSource } from './error-throw'
import type { ErrorReport } from './fingerprint/fingerprint'
import type { Identity, ResourceIdentity, ServiceIdentity } from './identity'

/** How well the operation of an item tells what went wrong: that of a request best. */
export const RANK = { record: 0, span: 1, request: 2 } as const

/** Where an error was met: the span or log record, and whose it is. */
export interface ErrorPlace {
  /** Where the item begins in the body. */
  readonly source: number
  /** Where the ids begin in the body; -1 without. */
  readonly traceIdStart: number
  readonly spanIdStart: number
  readonly service: ServiceIdentity
  /** As it was sent. */
  readonly ownResource: ResourceIdentity
  /** What rows refer to. */
  readonly resource: Identity
  readonly operation: Identity
  /** Empty when it is not known. */
  readonly release: string
  /** In which it counts, in minutes since 1970. */
  readonly minute: number
  /** One of `RANK`. */
  readonly rank: number
}

/** An error as one exception event, log record or failed span tells of it. */
export interface ErrorSighting {
  readonly place: ErrorPlace
  readonly report: ErrorReport
  readonly source: ErrorSource
  /** As shown to people; that of the report may be a template. */
  readonly message: string
  readonly stack: string
  readonly severity: number
  readonly isHandled: boolean
  /** Whether the sender dropped or we cut something of it. */
  readonly isIncomplete: boolean
  /** Unix nanoseconds. */
  readonly timeNs: bigint
  readonly userId: string | null
  /** What the item says besides, the most important last; valid until the next item is read. */
  readonly tables: readonly AttributeTable[]
}
