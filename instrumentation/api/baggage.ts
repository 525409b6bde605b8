import { type Baggage, type BaggageEntry, propagation } from '@opentelemetry/api'
import { ATTRIBUTE } from './attributes'

/** What of a request other services are told of, by these names. */
const CARRIED: readonly string[] = [ATTRIBUTE.correlationId, ATTRIBUTE.userId, ATTRIBUTE.tenantId]

/**
 * The baggage of a request: the ids it has when it is asked, for a user may be known only later, and what else came with
 * it. Ids that came with it and were not believed go no further.
 */
export class RequestBaggage implements Baggage {
  readonly #request: { readonly attributes: Readonly<Record<string, string>> } | undefined
  readonly #rest: Baggage | undefined

  constructor(
    request: { readonly attributes: Readonly<Record<string, string>> } | undefined,
    rest: Baggage | undefined,
  ) {
    this.#request = request
    this.#rest = rest instanceof RequestBaggage ? rest.#rest : rest
  }

  getEntry(key: string): BaggageEntry | undefined {
    if (!CARRIED.includes(key)) return this.#rest?.getEntry(key)
    const value = this.#request?.attributes[key]
    return value === undefined ? undefined : { value }
  }

  getAllEntries(): [string, BaggageEntry][] {
    const entries: [string, BaggageEntry][] = []
    // First: what is too much is cut at the end.
    for (const key of CARRIED) {
      const entry = this.getEntry(key)
      if (entry !== undefined) entries.push([key, entry])
    }
    for (const entry of this.#rest?.getAllEntries() ?? []) {
      if (!CARRIED.includes(entry[0])) entries.push(entry)
    }
    return entries
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    if (CARRIED.includes(key)) return this.#copy().setEntry(key, entry)
    const rest = this.#rest ?? propagation.createBaggage()
    return new RequestBaggage(this.#request, rest.setEntry(key, entry))
  }

  removeEntry(key: string): Baggage {
    return this.removeEntries(key)
  }

  removeEntries(...keys: string[]): Baggage {
    if (keys.some((key) => CARRIED.includes(key))) return this.#copy().removeEntries(...keys)
    return new RequestBaggage(this.#request, this.#rest?.removeEntries(...keys))
  }

  clear(): Baggage {
    return propagation.createBaggage()
  }

  /** That stays as it is now. */
  #copy(): Baggage {
    return propagation.createBaggage(Object.fromEntries(this.getAllEntries()))
  }
}
