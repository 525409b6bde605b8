import type { Identity, ServiceIdentity } from './identity'
import type { TranslationLimits } from './limits'

/** The dictionaries that senders can fill with ever new content. */
export type Capped =
  | 'operation'
  | 'resource'
  | 'scope'
  | 'metric_series'
  | 'error_group_hash'
  | 'release'
  | 'catalogue'

/** What is counted: the metrics of which series are above the cap as well, each of which has a series that stands in for those. */
type Counted = Capped | 'metric'

/** Ids remembered over all services: about 10 MiB. When it is reached counting begins anew, so that memory is bounded. */
const MOST_REMEMBERED = 250_000
const NOTHING_SEEN = new Set<number>()
const DAY_MS = 86_400_000
/** What a spool holds may have arrived that much earlier, when Postgres was away for so long. */
const OLDEST_REPLAY_DAYS = 30

/**
 * Counts the operations, resources, scopes, metric series, errors, releases and subjects of events of each service and UTC day of
 * arrival, and says which are among the first.
 * An identity carries its last verdict, so that most spans cost two comparisons.
 */
export class Cardinality {
  readonly #caps: Readonly<Record<Counted, number>>
  /** By service and dictionary, the ids seen. */
  #seen = new Map<string, Set<number>>()
  #remembered = 0
  readonly #maxErrorsOverall: number
  /** Of all services. */
  #errors = 0
  #day = 0
  /** Names the time for which verdicts hold. */
  #period = 1

  constructor(limits: TranslationLimits) {
    const { maxOperations, maxResources, maxScopes, maxSeries, maxErrors } = limits
    this.#maxErrorsOverall = limits.maxErrorsOverall
    this.#caps = {
      operation: maxOperations,
      resource: maxResources,
      scope: maxScopes,
      metric_series: maxSeries,
      metric: maxSeries,
      error_group_hash: maxErrors,
      // It is resources that tell of them.
      release: maxResources,
      catalogue: limits.maxCatalogueEntries,
    }
  }

  /** A replayed request counts to the day that is under way. */
  beginRequest(receivedMs: number): void {
    const day = Math.floor(receivedMs / DAY_MS)
    // Further back than a replay reaches, the clock has been set back.
    if (day <= this.#day && day >= this.#day - OLDEST_REPLAY_DAYS) return
    this.#day = day
    this.#restart()
  }

  /** Whether the identity is within the cap of the service. */
  admits(dictionary: Counted, identity: Identity, service: ServiceIdentity): boolean {
    if (identity.judgedIn !== this.#period || identity.judgedFor !== service.serial) {
      identity.isAdmitted = this.#judge(dictionary, identity, service)
      identity.judgedIn = this.#period
      identity.judgedFor = service.serial
    }
    return identity.isAdmitted
  }

  /** Whether there is room for none of the service's errors but those that were seen. */
  isFullOfErrors({ row }: ServiceIdentity): boolean {
    if (this.#errors >= this.#maxErrorsOverall) return true
    const { size } = this.#seen.get(`error_group_hash ${row.id}`) ?? NOTHING_SEEN
    return size >= this.#caps.error_group_hash
  }

  #judge(dictionary: Counted, { idHigh, idLow }: Identity, service: ServiceIdentity): boolean {
    // The first 53 bits tell the few thousand ids of a service apart.
    const id = idHigh * 0x20_0000 + (idLow >>> 11)
    const place = `${dictionary} ${service.row.id}`
    const seen = this.#seen.get(place)
    if (seen?.has(id)) return true
    if ((seen?.size ?? 0) >= this.#caps[dictionary]) return false
    const isError = dictionary === 'error_group_hash'
    if (isError && this.#errors >= this.#maxErrorsOverall) return false
    if (this.#remembered >= MOST_REMEMBERED) this.#restart()
    this.#remembered++
    if (isError) this.#errors++
    const ids = this.#seen.get(place)
    if (ids === undefined) this.#seen.set(place, new Set([id]))
    else ids.add(id)
    return true
  }

  #restart(): void {
    this.#seen = new Map()
    this.#remembered = 0
    this.#errors = 0
    this.#period++
  }
}
