/**
 * What the checks know of a receiver: where it listens, what it says of itself, and what it has stored. To point them at
 * another receiver, write a Target for it; `sidelight.ts` is ours.
 */
export interface Target extends Receiver {
  /** What holds when nothing is configured. */
  readonly defaults: Defaults
  /** The same receiver with small limits, which the checks reach and exceed. */
  readonly limited: Doors & { readonly maxBodyBytes: number; readonly maxResponseBytes: number }
  /** The same receiver behind TLS, with a token it wants to see, and an origin from which browsers may send. */
  readonly secured: Doors & {
    readonly authority: string
    readonly token: string
    readonly origin: string
  }
}

export interface Receiver extends Doors {
  /** What was received, read back as OTLP. */
  readonly store: Store
  /** How long after its acknowledgement an item may take to be readable. */
  readonly settleMs: number
}

/** Where a receiver takes OTLP: a URL without path, and host:port. */
export interface Doors {
  readonly httpUrl: string
  readonly grpcAddress: string
}

export interface Defaults {
  readonly httpHost: string
  readonly httpPort: number
  readonly grpcHost: string
  readonly grpcPort: number
  readonly maxBodyBytes: number
  readonly maxResponseBytes: number
}

export type Signal = 'traces' | 'metrics' | 'logs'
export const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

/** A protobuf message in camelCase: 64-bit integers as decimal strings, bytes as Buffers, absent fields absent. */
export interface Message {
  readonly [field: string]: unknown
}

export interface Store {
  /** Everything of a signal whose resource has this `service.name`, in any order. */
  read(signal: Signal, service: string): Promise<readonly StoredItem[]>
}

/** A span, a log record, or a metric with one data point, and what it was sent with. */
export interface StoredItem {
  readonly item: Message
  readonly resource: Message
  readonly resourceSchemaUrl: string
  readonly scope: Message
  readonly scopeSchemaUrl: string
  /** The time under which it is found. */
  readonly timeUnixNano: string
}

/** An item of the checklist as a claim about receivers; `run` throws an AssertionError where it does not hold. */
export interface Check {
  readonly item: number
  readonly claim: string
  run(target: Target): Promise<void>
}
