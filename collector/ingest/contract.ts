import type { Signal } from '../otlp/signal'

export type { Signal }

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
  /**
   * Of a request that lies in a file of its application's until it is committed: how many items are to be in it. It may
   * have been stored before, and is refused instead of spooled.
   */
  readonly handedOver?: { readonly items: number }
}

/** An export request as it is translated, kept on disk and translated again: in protobuf, whatever the caller's encoding was. */
export interface Message extends Omit<ExportRequest, 'encoding' | 'body' | 'handedOver'> {
  readonly body: Uint8Array
}

/** What an accepted request is answered with. Rejections of the whole request are thrown: BadData or Unavailable. */
export interface ExportOutcome {
  /** Items refused for good; the caller must not send them again. */
  readonly rejected: number
  /** Why, and how to mend it; empty when nothing is to be said. */
  readonly message: string
}
