import type { CopyRows, Signal, Translated } from '../translate/rows'

/** One request on its way to Postgres. `digest` is its receipt, as uuid text. */
export interface GroupRequest {
  readonly digest: string
  readonly signal: Signal
  /** The tenant the caller's token is bound to, else null. */
  readonly tenant: string | null
  /** Unix milliseconds at which it arrived at the collector. */
  readonly receivedMs: number
  readonly translated: Translated
  /** An export request in protobuf of just the items these rows (ascending) come from. */
  readonly isolate: (copy: CopyRows, rows: readonly number[]) => Uint8Array
  /** What that becomes, as when the request was translated. */
  readonly retranslate: (copy: CopyRows, rows: readonly number[]) => Translated
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

/** The throws that the requests of a transaction told of. */
export interface Sightings {
  /** The severities of those nobody had told of before. */
  readonly added: readonly number[]
  /** How often one was told of that was counted before, or twice in a group. */
  readonly repeated: number
}
