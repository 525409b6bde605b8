import type { Translated } from '../translate/rows'

/** `traces` for now; metrics and logs join with their receivers. */
export type Signal = 'traces'

/** One export request as a door hands it over: decompressed, still in the caller's encoding. */
export interface ExportRequest {
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  /** The decompressed body exactly as received. */
  readonly body: Buffer
  /** The tenant the caller's token is bound to, else null. */
  readonly tenant: string | null
  /** Unix milliseconds at which the body had been read. */
  readonly receivedMs: number
}

/** What an accepted request is answered with. Rejections of the whole request are thrown: BadData or Unavailable. */
export interface ExportOutcome {
  /** Items refused for good; the caller must not send them again. */
  readonly rejected: number
  /** Why, and how to mend it; empty when nothing is to be said. */
  readonly message: string
}

/** One request on its way to Postgres. `digest` is its receipt, as uuid text. */
export interface GroupRequest {
  readonly digest: string
  readonly translated: Translated
}

/** An item Postgres itself refused (SQLSTATE class 22, 23 or 54), found by bisection. */
export interface PoisonItem {
  readonly table: string
  /** Index of the row in the request's copy of that table. */
  readonly row: number
  readonly sqlstate: string
  readonly message: string
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
