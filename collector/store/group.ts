import type { CopyRows, Translated } from '../translate/rows'

/** One request on its way to Postgres. `digest` is its receipt, as uuid text. */
export interface GroupRequest {
  readonly digest: string
  /** `traces`, `metrics` or `logs`. */
  readonly signal: string
  /** The tenant the caller's token is bound to, else null. */
  readonly tenant: string | null
  /** Unix milliseconds at which it arrived at the collector. */
  readonly receivedMs: number
  readonly translated: Translated
  /** An export request in protobuf of just the items these rows (ascending) come from. */
  readonly isolate: (copy: CopyRows, rows: readonly number[]) => Uint8Array
}

/** An item Postgres itself refused (SQLSTATE class 22, 23 or 54), found by bisection. */
export interface PoisonItem {
  readonly table: string
  /** Index of the row in the request's copy of that table. */
  readonly row: number
  readonly sqlstate: string
  readonly message: string
  /** Whether it lies in `dead_letter`; not when Postgres refused it even there. */
  readonly isKept: boolean
}

/** What was refused for good, as `dead_letter` keeps it. */
export interface DeadLetter {
  /** The receipt of the request it came in, as uuid text. */
  readonly digest: string
  /** The table that refused it; empty for a whole request. */
  readonly table: string
  /** Index of the row among the request's rows of that table; -1 for a whole request. */
  readonly item: number
  readonly signal: string
  /** The tenant of the caller's token. */
  readonly tenant: string | null
  /** Unix milliseconds at which it arrived at the collector. */
  readonly receivedMs: number
  /** Null when it was not Postgres that refused. */
  readonly sqlstate: string | null
  readonly message: string
  /** An export request in protobuf, to be sent again; null when it is too large to be kept. */
  readonly body: Uint8Array | null
}

/** `stored`: committed now, but for `poison`. `repeated`: its receipt was there already, nothing was added. `blocked`: another transaction holds its receipt; send it again. */
export type GroupResult =
  | { readonly kind: 'stored'; readonly poison: readonly PoisonItem[] }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'blocked' }

/**
 * Writes a group in one transaction and returns a result a request, in order, once it is committed with
 * `synchronous_commit = on`. Throws Unavailable when Postgres cannot be used or the outcome is in doubt; aborting the
 * signal destroys the connection at once.
 */
export type WriteGroup = (
  group: readonly GroupRequest[],
  signal: AbortSignal,
) => Promise<readonly GroupResult[]>
