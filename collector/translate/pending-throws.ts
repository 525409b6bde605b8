import type { KnownError } from './error-fingerprints'
import type { ErrorPlace } from './error-sighting'
import type { ErrorOccurrence, ErrorThrow } from './error-throw'

/** A throw as it is known so far. */
export interface PendingThrow {
  readonly scope: string
  /** Whether more is kept of it than that it happened. */
  readonly isSampled: boolean
  /** Of each exception of the chains it was told of by, alone. */
  readonly alone: Set<string>
  error: KnownError
  /** Where its operation is taken from. */
  place: ErrorPlace
  severity: number
  isHandled: boolean
  minute: number
  timeNs: bigint
  userHash: bigint | null
  occurrence: ErrorOccurrence | null
}

/**
 * The throws of a request, each once. Two sightings are of one throw where they have an exception of their chains in common: an
 * SDK tells of the outermost one alone, a logger of its causes too, and the span of the call that failed of the cause.
 */
export class PendingThrows {
  /** By scope, then by exception. */
  readonly #known = new Map<string, Map<string, PendingThrow>>()
  readonly #all = new Set<PendingThrow>()

  get size(): number {
    return this.#all.size
  }

  /** In the order in which they were met. */
  all(): PendingThrow[] {
    return [...this.#all]
  }

  clear(): void {
    this.#known.clear()
    this.#all.clear()
  }

  /** Whether there is a throw of the scope. */
  has(scope: string): boolean {
    return this.#known.has(scope)
  }

  /** The throw an error of this scope is a sighting of; what turns out to be one throw becomes one. */
  find(scope: string, { alone }: KnownError): PendingThrow | undefined {
    const known = this.#known.get(scope)
    if (known === undefined) return undefined
    let found: PendingThrow | undefined
    for (const exception of alone) {
      const pending = known.get(exception)
      if (pending === undefined || pending === found) continue
      if (found === undefined) found = pending
      else found = this.#join(found, pending)
    }
    return found
  }

  /** Adds a throw, or what else it is found by. */
  add(pending: PendingThrow, { alone }: Pick<PendingThrow | KnownError, 'alone'>): void {
    this.#all.add(pending)
    let known = this.#known.get(pending.scope)
    if (known === undefined) {
      known = new Map()
      this.#known.set(pending.scope, known)
    }
    for (const exception of alone) {
      pending.alone.add(exception)
      known.set(exception, pending)
    }
  }

  #join(one: PendingThrow, other: PendingThrow): PendingThrow {
    const [kept, joined] = other.timeNs < one.timeNs ? [other, one] : [one, other]
    // By whatever either was found, the one that is kept is to be found.
    this.add(kept, joined)
    if (chainOf(joined.error) > chainOf(kept.error)) kept.error = joined.error
    if (joined.place.rank > kept.place.rank) kept.place = joined.place
    kept.severity = Math.max(kept.severity, joined.severity)
    kept.isHandled &&= joined.isHandled
    kept.userHash ??= joined.userHash
    kept.occurrence ??= joined.occurrence
    this.#all.delete(joined)
    return kept
  }
}

/** So many exceptions of a throw are told on: more than a chain has. */
const MOST_ALONE = 64

/** Those it was told of by besides, and then its own. */
function aloneOf(error: KnownError, told: ReadonlySet<string>): readonly string[] {
  const own = error.alone
  if (told.size === own.length) return own
  const others = [...told].filter((exception) => !own.includes(exception))
  return [...others.slice(0, Math.max(0, MOST_ALONE - own.length)), ...own]
}

/** How many exceptions are known of its chain. */
export function chainOf({ fingerprint }: KnownError): number {
  return fingerprint?.exceptions.length ?? 0
}

/** The throw, once all is known of it. */
export function finish({ place, error, ...known }: PendingThrow): ErrorThrow {
  return {
    scope: known.scope,
    innermost: error.innermost,
    alone: aloneOf(error, known.alone),
    hash: error.hash,
    serviceId: place.service.row.id,
    operationId: place.operation.row.id,
    resourceId: place.resource.row.id,
    release: place.release,
    severity: known.severity,
    isHandled: known.isHandled,
    minute: known.minute,
    timeNs: known.timeNs,
    userHash: known.userHash,
    occurrence: known.occurrence,
  }
}
