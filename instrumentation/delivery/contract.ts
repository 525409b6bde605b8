export type Signal = 'traces' | 'metrics' | 'logs'

/** The body of an OTLP request, encoded once: what is sent, sent again, and handed over in a file. */
export interface Body {
  readonly signal: Signal
  /** An Export…ServiceRequest in protobuf. */
  readonly bytes: Uint8Array
  /** Spans, data points or log records in it. */
  readonly items: number
  /** Unix milliseconds at which it was sent first, set by whoever sends it; a collector may have stored it since. */
  triedMs?: number
}

/** Keeps bodies until a collector has taken them (`outbox.ts`). */
export interface Outbox {
  /** Takes a body; it is sent as soon as possible, in order. Never throws. */
  put(body: Body): void
  /** Resolves when nothing is left, or sending failed, or time is up; never rejects. */
  flush(deadlineMs: number): Promise<void>
  /** Synchronously writes what is left into the folder for handing over, if there is one. Returns the items lost. */
  handOver(): number
}

/** What the end of the application needs of whoever sends its telemetry (`ending.ts`). */
export interface Pipeline {
  /** Sends what waits, metrics included; resolves after `deadlineMs` at the latest; never rejects. */
  flush(deadlineMs: number): Promise<void>
  /** Synchronously saves what can be saved of what was not sent: the process ends now. */
  save(): void
}
