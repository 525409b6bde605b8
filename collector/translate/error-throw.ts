import type { StackException } from './fingerprint/fingerprint'

/** Severity numbers of OpenTelemetry that throws are told apart by; from `error` on they are what health counts. */
export const SEVERITY = { debug: 5, info: 9, warning: 13, error: 17, fatal: 21 } as const

/** A throw, as the spans and log records of one request tell of it. Ids are as Postgres text. */
export interface ErrorThrow {
  /** uuid of whose throw it is: tenant, service and trace, or without a trace the service instance and the time. */
  readonly scope: string
  /** uuid: the hash of the innermost exception. With `scope` it says which throw. */
  readonly innermost: string
  /**
   * uuids: the hashes of each exception of the chain alone, the last is `innermost`. Who tells of the throw without its causes has
   * one of them in common. Left out, it is the innermost one.
   */
  readonly alone?: readonly string[]
  /** uuid: the hash the throw is counted by, a row of the dictionary `error_group_hash`. */
  readonly hash: string
  readonly serviceId: string
  readonly operationId: string
  readonly resourceId: string
  /** Empty when it is not known. */
  readonly release: string
  /** The worst of what tells of it: one of `SEVERITY`. */
  readonly severity: number
  readonly isHandled: boolean
  /** In which it counts, in minutes since 1970. */
  readonly minute: number
  /** Unix nanoseconds, the earliest at which it was seen. */
  readonly timeNs: bigint
  /** Signed 64 bits of a hash of the user affected; null when nobody is named. */
  readonly userHash: bigint | null
  /** Null where none is kept: only a sample is. */
  readonly occurrence: ErrorOccurrence | null
}

/** Where a throw was seen. */
export type ErrorSource = 'exception_event' | 'log_exception' | 'log' | 'span_status'

/** What is kept of a throw, for people. */
export interface ErrorOccurrence {
  readonly source: ErrorSource
  /** 32 and 16 lower-case hex digits. */
  readonly traceId: string | null
  readonly spanId: string | null
  /** Whether the sender dropped or cut something of it. */
  readonly isIncomplete: boolean
  readonly class: string
  readonly code: string | null
  /** As sent, up to a limit. */
  readonly message: string
  readonly stackTrace: string | null
  readonly userId: string | null
  readonly correlationId: string | null
  readonly requestId: string | null
  readonly httpMethod: string | null
  readonly httpPath: string | null
  /** From the outermost to the cause. */
  readonly exceptions: readonly StackException[]
  /** What the span or log record says besides, as stored attribute values in JSON; null when there is nothing. */
  readonly attributesJson: string | null
}
