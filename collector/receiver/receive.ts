import type { Logger } from 'pino'
import type { ExportOutcome, ExportRequest } from '../ingest/contract'
import { encodeExportResponse } from '../otlp/response'
import type { Counters } from '../telemetry/counters'
import type { Admission, Reservation } from './admission'
import { Refusal, tooSlow } from './refusal'
import type { DoorTls } from './tls'
import { within } from './timeout'
import type { IngestToken } from './token'

/** What every OTLP door is made of. */
export interface ReceiverParts {
  /** Stores a request; `onReleased` is called when its bytes are not used any more. Throws BadData or Unavailable. */
  readonly accept: (request: ExportRequest, onReleased: () => void) => Promise<ExportOutcome>
  readonly admission: Admission
  readonly maxConnections: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxBodyBytes: number
  readonly maxResponseBytes: number
  readonly tokens: readonly IngestToken[]
  /** Null where connections are plain. */
  readonly tls: DoorTls | null
  readonly counters: Counters
  readonly log: Logger
}

/**
 * The way of a request behind either door: it is read under a reservation of its own and within the time for bodies, stored,
 * and answered by the bytes of an Export<signal>ServiceResponse. Throws what `read` and `accept` throw, and Refusal 408; what is
 * being read by then goes on until its connection or stream is closed or its reservation is gone.
 */
export async function receive(
  { accept, admission, bodyTimeoutMs, maxResponseBytes, counters }: ReceiverParts,
  about: Pick<ExportRequest, 'signal' | 'encoding' | 'tenant'>,
  read: (reservation: Reservation) => Promise<Buffer>,
): Promise<Buffer> {
  const reservation = admission.open()
  let body: Buffer
  try {
    body = await within(
      bodyTimeoutMs,
      () => tooSlow(bodyTimeoutMs),
      () => read(reservation),
    )
  } catch (error) {
    reservation.release()
    if (error instanceof Refusal && error.limit !== null) {
      counters.refusedRequests.inc({ reason: error.limit })
    }
    throw error
  }
  counters.receivedBytes.inc(body.length)
  const request = { ...about, body, receivedMs: Date.now() }
  const outcome = await accept(request, () => reservation.release())
  return encodeExportResponse(about.signal, about.encoding, outcome, maxResponseBytes)
}
