import type { Cursor } from '../otlp/cursor'
import type { Attribution } from './attribution'
import { ByteCache, type CacheKey } from './cache'
import type { DataPointReader } from './data-point'
import { type Dictionary, joinParts } from './dictionary'
import { identify, type Identity, type ServiceIdentity } from './identity'
import { addChanges, type Changes, UNCHANGED } from './limits'
import { HISTOGRAM, type MetricReader } from './metric'
import { OVERFLOW_NAME, type Overflow } from './overflow'
import type { DecodedAttributes, SeriesAttributes } from './series-attributes'
import { type Bounds, BoundsDictionary, NO_BOUNDS } from './series-bounds'
import type { Family } from './series-family'
import type { Translation } from './translator'

/** A metric stream as it is known by the bytes of its data points. */
export interface Series {
  readonly family: Family
  readonly service: ServiceIdentity
  readonly bounds: Bounds
  readonly attributes: DecodedAttributes
  /** What refers to its row, and the resource and scope that the row refers to; null until it is used. */
  own: SeriesReference | null
  resource: Identity | null
  scope: Identity | null
}

/** The series that the row of a data point refers to. */
export interface SeriesReference {
  readonly identity: Identity
  /** What the row itself has to say, as text of jsonb, where the series stands in for others: the attributes. */
  readonly attributes: string | null
}

const NO_BYTES = new Uint8Array()
/** A serial that no family has. */
const NO_FAMILY = 0
/** Series are that many times as many as the rows of any other dictionary. */
const SERIES_A_ROW = 2
/** What the SDKs of OpenTelemetry say of the series that stands in for those above their limit. */
const OVERFLOW_ATTRIBUTES = '{"otel.metric.overflow":true}'
/** Where a row has the name of its metric when even the series that stand in are too many. */
const NAME_ATTRIBUTE = 'sidelight.metric.name'

/** Turns metric streams into rows of `metric_series`; one that is known costs neither decoding nor hashing its content. */
export class SeriesDictionary {
  readonly #source: Cursor
  readonly #attribution: Attribution
  readonly #dictionary: Dictionary
  readonly #overflow: Overflow
  readonly #attributes: SeriesAttributes
  readonly #bounds: BoundsDictionary
  readonly #known: ByteCache<Series>
  /** By service and family, what stands in for the series above the cap. */
  readonly #standIns: ByteCache<Identity>
  readonly #key: CacheKey = { first: 0, second: 0, third: 0, bytes: NO_BYTES, start: 0, end: 0 }

  constructor(shared: Translation, attributes: SeriesAttributes) {
    const { dictionaryCacheSize } = shared.options
    this.#source = shared.cursor
    this.#attribution = shared.attribution
    this.#dictionary = shared.dictionary
    this.#overflow = shared.overflow
    this.#attributes = attributes
    this.#bounds = new BoundsDictionary(shared.cursor, dictionaryCacheSize)
    this.#known = new ByteCache(dictionaryCacheSize * SERIES_A_ROW)
    this.#standIns = new ByteCache(dictionaryCacheSize)
  }

  /** The series of a data point that has just been read. */
  of(family: Family, metric: MetricReader, point: DataPointReader): Series {
    const bounds = metric.data === HISTOGRAM ? this.#bounds.of(point.bounds) : NO_BOUNDS
    const key = this.#fill(family, bounds, point)
    const known = this.#known.find(key)
    if (known !== undefined) return known
    const attributes = this.#attributes.decodeFields(runsOf(point))
    const tenant = this.#attribution.tenant(family.resource)
    const service = this.#dictionary.service(family.resource, tenant)
    const made = { family, service, bounds, attributes, own: null, resource: null, scope: null }
    // How large is too large depends on the request.
    if (!attributes.isTooLarge) this.#known.add(key, made)
    return made
  }

  /** Says that a row refers to the series, or to what stands in for it above the cap of its service. */
  refer(series: Series): SeriesReference {
    const { family, service } = series
    const overflow = this.#overflow
    const resource = overflow.resource(family.resource, service)
    const scope = overflow.scope(family.scope, service)
    if (series.own === null || series.resource !== resource || series.scope !== scope) {
      series.own = { identity: identifySeries(series, resource, scope), attributes: null }
      series.resource = resource
      series.scope = scope
    }
    const { own } = series
    if (!overflow.admitsSeries(own.identity, service)) return this.#standIn(series)
    this.#use(own.identity, resource, scope, service)
    return own
  }

  #standIn({ family, service, attributes }: Series): SeriesReference {
    const resource = this.#overflow.resourceOf(family.resource, service)
    const scope = this.#overflow.scopes
    const named = this.#standInOf(family, service, resource, scope)
    const isNamed = this.#overflow.admitsMetric(named, service)
    const identity = isNamed ? named : this.#namelessOf(family, service, resource, scope)
    this.#use(identity, resource, scope, service)
    return {
      identity,
      attributes: isNamed ? attributes.json : withName(attributes.json, family.name),
    }
  }

  #standInOf(
    family: Family,
    service: ServiceIdentity,
    resource: Identity,
    scope: Identity,
  ): Identity {
    const key = this.#standInKey(service, family.serial, NO_BYTES)
    return this.#knownStandIn(key, () => identifyStandIn(family, service, resource, scope))
  }

  /** What stands in for metrics of one kind, whatever their names. */
  #namelessOf(
    family: Family,
    service: ServiceIdentity,
    resource: Identity,
    scope: Identity,
  ): Identity {
    const { kind, temporality, isMonotonic } = family
    const bytes = Buffer.from(`${kind} ${temporality} ${isMonotonic}`)
    return this.#knownStandIn(this.#standInKey(service, NO_FAMILY, bytes), () =>
      identifyStandIn({ ...family, name: OVERFLOW_NAME, unit: '' }, service, resource, scope),
    )
  }

  #standInKey(service: ServiceIdentity, family: number, bytes: Uint8Array): CacheKey {
    const key = this.#key
    key.first = service.serial
    key.second = family
    key.third = 0
    key.bytes = bytes
    key.start = 0
    key.end = bytes.length
    return key
  }

  #knownStandIn(key: CacheKey, make: () => Identity): Identity {
    const known = this.#standIns.find(key)
    if (known !== undefined) return known
    const made = make()
    this.#standIns.add(key, made)
    return made
  }

  #use(series: Identity, resource: Identity, scope: Identity, service: ServiceIdentity): void {
    const dictionary = this.#dictionary
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    dictionary.use(series)
  }

  #fill(family: Family, bounds: Bounds, point: DataPointReader): CacheKey {
    const key = this.#key
    key.first = family.serial
    key.second = this.#attribution.tokenTenant?.serial ?? 0
    key.third = bounds.serial
    if (point.earlierAttributes.length === 0) {
      key.bytes = this.#source.bytes
      key.start = point.attributesStart
      key.end = point.attributesEnd
      return key
    }
    key.bytes = joinParts(this.#source.bytes, runsOf(point))
    key.start = 0
    key.end = key.bytes.length
    return key
  }
}

function runsOf({ earlierAttributes, attributesStart, attributesEnd }: DataPointReader): number[] {
  return [...earlierAttributes, attributesStart, attributesEnd]
}

/** A series that refers to a stand-in for its resource or scope is still another than that of the next resource. */
function identifySeries(series: Series, resource: Identity, scope: Identity): Identity {
  const { family, service, bounds, attributes } = series
  const values = [
    service.row.id,
    resource.row.id,
    scope.row.id,
    family.name,
    family.kind,
    family.unit,
    family.temporality,
    family.isMonotonic,
    family.description,
    family.metadata,
    attributes.json,
    bounds.text,
  ]
  const gathered = resource !== family.resource || scope !== family.scope
  const own = gathered ? [family.resource.row.id, family.scope.row.id] : []
  return identify('metric_series', [...values, ...own], values, changesOf(series))
}

/** One for each metric of a service, whatever resources and scopes it comes from. */
function identifyStandIn(
  { name, kind, unit, temporality, isMonotonic }: Family,
  service: ServiceIdentity,
  resource: Identity,
  scope: Identity,
): Identity {
  const ids = [service.row.id, resource.row.id, scope.row.id]
  const metric = [name, kind, unit, temporality, isMonotonic]
  const values = [...ids, ...metric, '', '{}', OVERFLOW_ATTRIBUTES, null]
  return identify('metric_series', values, values, UNCHANGED)
}

/** What was changed in the content of the series. */
export function changesOf({ family, attributes }: Series): Changes {
  return addChanges(family.changes, attributes.changes)
}

function withName(attributes: string, name: string): string {
  const named = `{${JSON.stringify(NAME_ATTRIBUTE)}:${JSON.stringify(name)}`
  return attributes === '{}' ? `${named}}` : `${named},${attributes.slice(1)}`
}
