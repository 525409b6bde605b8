import { ErrorCandidates } from './error-candidates'
import type { ErrorFingerprints, KnownError } from './error-fingerprints'
import { OccurrenceWriter } from './error-occurrence'
import type { ErrorSampler } from './error-sampler'
import { Scopes, userHashOf } from './error-scope'
import type { ErrorSighting } from './error-sighting'
import { type ErrorOccurrence, type ErrorThrow, SEVERITY } from './error-throw'
import { chainOf, finish, type PendingThrow, PendingThrows } from './pending-throws'
import type { TableWriter } from './table-writer'
import type { Translation } from './translator'

/** Throws and failures of a request; what comes after them is left out, and counted. */
const MOST_THROWS = 10_000
/** Besides as many bytes as the body has, what occurrences of a request may take. */
const OCCURRENCES_ALLOWANCE_BYTES = 1024 * 1024
/** What an occurrence takes besides its texts, and a frame of it. */
const OCCURRENCE_BYTES = 512
const FRAME_BYTES = 128
const TRACE_ID_BYTES = 16

/**
 * Gathers what the items of a request tell of errors: exceptions to throws, each once; failures without one to rows of
 * `ERROR_CANDIDATE`, unless there is a throw of the same scope.
 */
export class Throws {
  readonly #shared: Translation
  readonly #fingerprints: ErrorFingerprints
  readonly #sampler: ErrorSampler
  readonly #occurrences: OccurrenceWriter
  readonly #candidates: ErrorCandidates
  readonly #throws = new PendingThrows()
  readonly #failures = new PendingThrows()
  readonly #scopes = new Scopes()
  /** Of traces of this request, by the number of their service. */
  readonly #traces = new Map<number, Map<string, string>>()
  #occurrenceRoomBytes = 0
  /** What is left of the request once it has ended. */
  finished: readonly ErrorThrow[] = []
  /** Sightings of errors passed over, because the request has too many. */
  leftOut = 0

  constructor(shared: Translation) {
    const { cursor, limits, options, errors } = shared
    this.#shared = shared
    this.#fingerprints = errors.fingerprints
    this.#sampler = errors.sampler
    this.#occurrences = new OccurrenceWriter(cursor, limits, options.correlationAttributes)
    this.#candidates = new ErrorCandidates(shared)
  }

  /** Of `ERROR_CANDIDATE`. */
  get table(): TableWriter {
    return this.#candidates.table
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#forget()
    this.finished = []
    this.leftOut = 0
    this.#occurrenceRoomBytes = bodyBytes + OCCURRENCES_ALLOWANCE_BYTES
    this.table.beginRequest(bodyBytes)
    this.#fingerprints.beginRequest(receivedMs)
  }

  /** Takes note of an exception, or of a log record that tells of an error. */
  addThrow(sighting: ErrorSighting): void {
    this.#add(this.#throws, sighting)
  }

  /** Takes note of a span that failed without one, or of a call with no more than a sentence of one. */
  addFailure(sighting: ErrorSighting): void {
    this.#add(this.#failures, sighting)
  }

  /** Writes the rows and makes the throws, once all items have been read. */
  endRequest(): void {
    this.finished = this.#throws.all().map((pending) => {
      this.#use(pending)
      return finish(pending)
    })
    for (const pending of this.#failures.all()) {
      if (this.#throws.has(pending.scope)) continue
      this.#use(pending)
      this.#candidates.keep(pending.place.source, finish(pending))
    }
    this.#forget()
  }

  #add(known: PendingThrows, sighting: ErrorSighting): void {
    if (this.#throws.size + this.#failures.size >= MOST_THROWS) {
      this.leftOut++
      return
    }
    const error = this.#fingerprints.of(sighting.report, sighting.place.service)
    const scope = this.#scopeOf(sighting)
    let pending = known.find(scope, error)
    if (pending === undefined) pending = this.#begin(sighting, error, scope)
    else this.#merge(pending, sighting, error)
    known.add(pending, error)
  }

  #begin(sighting: ErrorSighting, error: KnownError, scope: string): PendingThrow {
    const { place, severity, isHandled, timeNs, userId } = sighting
    const { minute, release } = place
    const { hash, innermost } = error
    const isFatal = severity >= SEVERITY.fatal
    const isSampled = this.#sampler.takes(scope, innermost, { hash, release, minute, isFatal })
    const begun: PendingThrow = {
      scope,
      isSampled,
      alone: new Set<string>(),
      error,
      place,
      severity,
      isHandled,
      minute,
      timeNs,
      userHash: userId === null ? null : userHashOf(userId),
      occurrence: null,
    }
    if (isSampled) this.#describe(begun, sighting)
    return begun
  }

  /** The longest chain of causes names it, the worst severity counts, and the earliest time. */
  #merge(pending: PendingThrow, sighting: ErrorSighting, error: KnownError): void {
    const { place, severity, isHandled, timeNs, userId } = sighting
    const isLonger = chainOf(error) > chainOf(pending.error)
    if (isLonger) pending.error = error
    if (place.rank > pending.place.rank) pending.place = place
    if (severity > pending.severity) pending.severity = severity
    if (!isHandled) pending.isHandled = false
    if (timeNs < pending.timeNs) {
      pending.timeNs = timeNs
      pending.minute = place.minute
    }
    if (userId !== null) pending.userHash ??= userHashOf(userId)
    if (!pending.isSampled) return
    const hasStack = sighting.stack !== ''
    if (isLonger || (hasStack && pending.occurrence?.stackTrace === null)) {
      this.#describe(pending, sighting)
    }
  }

  /** What was known of it before fills in what this sighting does not say. */
  #describe(pending: PendingThrow, sighting: ErrorSighting): void {
    if (this.#occurrenceRoomBytes < 0) return
    const described = this.#occurrences.describe(sighting, pending.error)
    const { occurrence } = pending
    pending.occurrence = {
      ...described,
      userId: described.userId ?? occurrence?.userId ?? null,
      correlationId: described.correlationId ?? occurrence?.correlationId ?? null,
      requestId: described.requestId ?? occurrence?.requestId ?? null,
      httpMethod: described.httpMethod ?? occurrence?.httpMethod ?? null,
      httpPath: described.httpPath ?? occurrence?.httpPath ?? null,
    }
    this.#occurrenceRoomBytes -= sizeOf(described)
  }

  #scopeOf({ place, timeNs }: ErrorSighting): string {
    const { service, traceIdStart, ownResource } = place
    if (traceIdStart === -1) return this.#scopes.ofInstance(service, ownResource.instance, timeNs)
    const { bytes } = this.#shared.cursor
    const traceIdEnd = traceIdStart + TRACE_ID_BYTES
    let known = this.#traces.get(service.serial)
    if (known === undefined) {
      known = new Map()
      this.#traces.set(service.serial, known)
    }
    const traceId = bytes.toString('latin1', traceIdStart, traceIdEnd)
    let scope = known.get(traceId)
    if (scope === undefined) {
      scope = this.#scopes.ofTrace(service, bytes, traceIdStart, traceIdEnd)
      known.set(traceId, scope)
    }
    return scope
  }

  #use({ error, place }: PendingThrow): void {
    const { dictionary, overflow } = this.#shared
    if (error.fingerprint === null) overflow.standInForError()
    dictionary.use(error.identity)
    dictionary.use(place.operation)
  }

  #forget(): void {
    this.#throws.clear()
    this.#failures.clear()
    this.#traces.clear()
  }
}

function sizeOf({ message, stackTrace, attributesJson, exceptions }: ErrorOccurrence): number {
  let bytes = OCCURRENCE_BYTES + message.length
  bytes += (stackTrace?.length ?? 0) + (attributesJson?.length ?? 0)
  for (const { frames, message: text } of exceptions) {
    bytes += text.length + frames.length * FRAME_BYTES
  }
  return bytes
}
