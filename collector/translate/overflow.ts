import { type Capped, Cardinality } from './cardinality'
import {
  identify,
  type Identity,
  type ResourceIdentity,
  type ScopeIdentity,
  type ServiceIdentity,
} from './identity'
import { addDropped, type TranslationLimits, UNCHANGED } from './limits'

/** The name of the operation and of the scope that stand in for those above the cap. */
export const OVERFLOW_NAME = '(overflow)'
/** What tells a resource that stands in for others. */
const OVERFLOW_ATTRIBUTE = 'sidelight.overflow'

/**
 * Gathers the operations, resources and scopes above a service's caps in one of each: `own` is handed back as long as it
 * is within its cap. Of metric series it says which are above.
 */
export class Overflow {
  readonly #cardinality: Cardinality
  /** What stands in for scopes. */
  readonly scopes: Identity
  /** References of this request's rows to a stand-in. */
  counts = noCounts()

  constructor(limits: TranslationLimits) {
    this.#cardinality = new Cardinality(limits)
    const values = [OVERFLOW_NAME, '', '{}', '0', '']
    this.scopes = identify('scope', values, values, UNCHANGED)
  }

  beginRequest(receivedMs: number): void {
    this.#cardinality.beginRequest(receivedMs)
    this.counts = noCounts()
  }

  operation(own: Identity, service: ServiceIdentity): Identity {
    if (this.#cardinality.admits('operation', own, service)) return own
    this.counts.operation++
    return (service.overflow.operation ??= createOperation(service))
  }

  resource(own: ResourceIdentity, service: ServiceIdentity): Identity {
    if (this.#cardinality.admits('resource', own, service)) return own
    this.counts.resource++
    return this.resourceOf(own, service)
  }

  /** What stands in for resources of the service; it is made of `own` if there is none yet. */
  resourceOf(own: ResourceIdentity, service: ServiceIdentity): Identity {
    return (service.overflow.resource ??= createResource(own, service))
  }

  scope(own: ScopeIdentity, service: ServiceIdentity): Identity {
    if (this.#cardinality.admits('scope', own, service)) return own
    this.counts.scope++
    return this.scopes
  }

  /** Whether the series is within the cap; else something has to stand in for it. */
  admitsSeries(own: Identity, service: ServiceIdentity): boolean {
    if (this.#cardinality.admits('metric_series', own, service)) return true
    this.counts.metric_series++
    return false
  }

  /** Whether the error is within the caps; else something has to stand in for it, and is counted by `standInForError`. */
  admitsError(own: Identity, service: ServiceIdentity): boolean {
    return this.#cardinality.admits('error_group_hash', own, service)
  }

  /** Whether the release is within the cap; else it is as if none had been named. */
  admitsRelease(own: Identity, service: ServiceIdentity): boolean {
    if (this.#cardinality.admits('release', own, service)) return true
    this.counts.release++
    return false
  }

  /** Whether the subject of an event is within the cap; else something has to stand in for it. */
  admitsSubject(own: Identity, service: ServiceIdentity): boolean {
    if (this.#cardinality.admits('catalogue', own, service)) return true
    this.counts.catalogue++
    return false
  }

  /** Whether no error that was not seen before is within the caps. */
  isFullOfErrors(service: ServiceIdentity): boolean {
    return this.#cardinality.isFullOfErrors(service)
  }

  /** Counts a throw of an error above the caps. */
  standInForError(): void {
    this.counts.error_group_hash++
  }

  /** Whether the series may stand in for those of its metric: of these, too, there are only so many. */
  admitsMetric(standIn: Identity, service: ServiceIdentity): boolean {
    return this.#cardinality.admits('metric', standIn, service)
  }
}

function noCounts(): Record<Capped, number> {
  return {
    operation: 0,
    resource: 0,
    scope: 0,
    metric_series: 0,
    error_group_hash: 0,
    release: 0,
    catalogue: 0,
  }
}

function createOperation({ names, row }: ServiceIdentity): Identity {
  const operation = ['', '0', OVERFLOW_NAME]
  return identify('operation', [...names, '', 0, OVERFLOW_NAME], [row.id, ...operation], UNCHANGED)
}

/**
 * Says of the resource what makes the service, and counts the attributes left out. The count is that of the first one
 * left out: one for each would make as many rows as there were resources.
 */
function createResource({ row }: ResourceIdentity, { names }: ServiceIdentity): Identity {
  const [, environment, namespace, name] = names
  const kept = [
    ['service.name', name],
    ['service.namespace', namespace],
    ['deployment.environment.name', environment],
  ].filter(([, value]) => value !== '')
  const [, attributes, sent] = row.values
  const sentKeys = Object.keys(JSON.parse(attributes ?? '{}') as object)
  const isKept = (key: string) =>
    kept.some(([keptKey]) => keptKey === key) ||
    (key === 'deployment.environment' && environment !== '')
  const ours = sentKeys.filter((key) => !isKept(key)).length
  const dropped = String(addDropped(Number(sent), ours) >>> 0)
  const identity = JSON.stringify({ ...Object.fromEntries(kept), [OVERFLOW_ATTRIBUTE]: true })
  const values = [identity, dropped, null, '']
  return identify('resource', values, values, UNCHANGED)
}
