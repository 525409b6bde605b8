import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './span-rejection'
import { Correlations } from './correlations'
import { Edges } from './edges'
import { HttpStatus } from './http-status'
import type { Identity, ResourceIdentity, ScopeIdentity, ServiceIdentity } from './identity'
import { Rejections } from './rejection'
import { Rollups } from './rollups'
import { writeColumns } from './span-row'
import { SPAN } from './rows'
import { acceptedBy, bucketOf, SpanReader } from './span'
import { Figures } from './span-figures'
import { TableWriter } from './table-writer'
import { dayOf } from './time'
import type { ItemTranslator, Translation } from './translator'
import { AttributeWatch } from './watch'

/** Spans to rows of `SPAN`, and to what follows from them. */
export class SpanTranslator implements ItemTranslator {
  readonly tables: readonly TableWriter[]
  rejections = new Rejections('span', 'spans')
  readonly #shared: Translation
  readonly #table: TableWriter
  readonly #span: SpanReader
  readonly #correlations: Correlations
  readonly #edges: Edges
  readonly #figures: Figures
  readonly #rollups: Rollups
  readonly #watch: AttributeWatch
  readonly #times: AcceptedTimes
  #receivedMs = 0

  constructor(shared: Translation) {
    const { cursor } = shared
    this.#shared = shared
    const { retentionMs, maxAheadMs } = shared.options
    this.#times = { retentionMs: retentionMs.traces, maxAheadMs }
    this.#table = new TableWriter(SPAN, shared)
    this.#correlations = new Correlations(shared)
    this.#edges = new Edges(shared)
    this.#rollups = new Rollups(shared)
    const httpStatus = new HttpStatus(cursor)
    this.#figures = new Figures(cursor, httpStatus)
    this.#watch = new AttributeWatch(shared, this.#correlations, httpStatus)
    this.tables = [this.#table, this.#correlations.table, this.#edges.table, this.#rollups.table]
    this.#span = new SpanReader(shared, this.#table, this.#watch)
  }

  get correlationsLeftOut(): number {
    return this.#correlations.leftOut
  }

  get accepted(): number {
    return this.#table.count
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#table.beginRequest(bodyBytes)
    this.#correlations.beginRequest(bodyBytes)
    this.#edges.table.beginRequest(bodyBytes)
    this.#rollups.beginRequest(bodyBytes)
    this.rejections = new Rejections('span', 'spans')
    this.#receivedMs = receivedMs
  }

  endRequest(): void {
    this.#correlations.endRequest()
    this.#rollups.endRequest()
  }

  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { cursor, dictionary, attribution } = this.#shared
    const source = cursor.at
    this.#table.open(resource, scope)
    this.#watch.beginItem()
    this.#span.read(end)
    const reason = this.#judge()
    if (reason !== undefined) {
      this.#table.discard()
      this.rejections.add(REASONS[reason], () => describe(reason, this.#span, cursor))
      return
    }
    const service = dictionary.service(resource, attribution.tenant(resource))
    const operation = this.#writeColumns(service, resource, scope)
    this.#table.keep(source, dayOf(acceptedBy(this.#span)))
    const time = bucketOf(this.#span, this.#receivedMs, this.#times.maxAheadMs)
    const figures = this.#figures
    figures.take(this.#span, time)
    this.#rollups.keep(source, service, operation, figures)
    if (figures.isCalled) this.#edges.keep(source, this.#span, figures, service)
    if (!this.#correlations.areNoticed) return
    const { traceIdStart } = figures
    this.#correlations.keep({ source, traceIdStart, time, service, resource, scope })
  }

  #judge(): Reason | undefined {
    const reason = judge(this.#span, this.#shared.cursor, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  /** Returns the operation the span counts to. */
  #writeColumns(
    service: ServiceIdentity,
    ownResource: ResourceIdentity,
    ownScope: ScopeIdentity,
  ): Identity {
    const span = this.#span
    const { cursor, dictionary, overflow, attribution } = this.#shared
    const ownOperation = dictionary.operation(
      service,
      attribution.module(ownScope),
      span.kind,
      cursor,
      span.nameStart,
      span.nameEnd,
    )
    const operation = overflow.operation(ownOperation, service)
    const resource = overflow.resource(ownResource, service)
    const scope = overflow.scope(ownScope, service)
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    dictionary.use(operation)
    const identities = { service, operation, resource, scope }
    const { rows, values } = this.#table
    const hasOwnName = operation !== ownOperation
    values.repaired += writeColumns(rows, cursor, span, identities, hasOwnName)
    return operation
  }
}
