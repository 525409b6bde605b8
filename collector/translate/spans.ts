import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './span-rejection'
import { Correlations } from './correlations'
import { Edges } from './edges'
import { ErrorWatch, FAILURE_ATTRIBUTES } from './error-watch'
import { RANK } from './error-sighting'
import type { ErrorThrow } from './error-throw'
import { HttpStatus } from './http-status'
import type { ResourceIdentity, ScopeIdentity, ServiceIdentity } from './identity'
import { Rejections } from './rejection'
import { useRelease } from './release'
import { Rollups } from './rollups'
import { SpanErrors } from './span-errors'
import { type SpanIdentities, writeColumns } from './span-row'
import { SPAN } from './rows'
import { acceptedBy, bucketOf, SpanReader } from './span'
import { Figures } from './span-figures'
import { TableWriter } from './table-writer'
import { Throws } from './throws'
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
  readonly #errorWatch: ErrorWatch
  readonly #throws: Throws
  readonly #errors: SpanErrors
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
    this.#errorWatch = new ErrorWatch(cursor, FAILURE_ATTRIBUTES)
    this.#watch = new AttributeWatch(shared, this.#correlations, this.#errorWatch, httpStatus)
    this.#throws = new Throws(shared)
    this.#errors = new SpanErrors(shared, this.#throws)
    const derived = [this.#correlations, this.#edges, this.#rollups, this.#throws]
    this.tables = [this.#table, ...derived.map(({ table }) => table)]
    this.#span = new SpanReader(shared, this.#table, this.#watch)
  }

  get correlationsLeftOut(): number {
    return this.#correlations.leftOut
  }

  get throws(): readonly ErrorThrow[] {
    return this.#throws.finished
  }

  get throwsLeftOut(): number {
    return this.#throws.leftOut
  }

  get accepted(): number {
    return this.#table.count
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#table.beginRequest(bodyBytes)
    this.#correlations.beginRequest(bodyBytes)
    this.#edges.table.beginRequest(bodyBytes)
    this.#rollups.beginRequest(bodyBytes)
    this.#throws.beginRequest(bodyBytes, receivedMs)
    this.rejections = new Rejections('span', 'spans')
    this.#receivedMs = receivedMs
  }

  endRequest(): void {
    this.#correlations.endRequest()
    this.#rollups.endRequest()
    this.#throws.endRequest()
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
    const identities = this.#writeColumns(service, resource, scope)
    const { operation } = identities
    const release = useRelease(this.#shared, resource, service)
    this.#table.keep(source, dayOf(acceptedBy(this.#span)))
    const time = bucketOf(this.#span, this.#receivedMs, this.#times.maxAheadMs)
    const figures = this.#figures
    figures.take(this.#span, time)
    this.#rollups.keep(source, service, operation, figures)
    if (figures.isCalled) this.#edges.keep(source, this.#span, figures, service)
    const { traceIdStart } = figures
    if (this.#correlations.areNoticed) {
      this.#correlations.keep({ source, traceIdStart, time, service, resource, scope })
    }
    if (!this.#mayBeErroneous()) return
    const { minute, isError, isRoot, isServing } = figures
    const { spanIdStart } = this.#span
    const place = {
      source,
      traceIdStart,
      spanIdStart,
      service,
      release,
      ownResource: resource,
      resource: identities.resource,
      operation,
      minute,
      rank: isServing ? RANK.request : RANK.span,
    }
    this.#errors.keep({ span: this.#span, place, end, time, isError, isRoot })
  }

  /** Failures count of those that serve: what a call meets is told by its exception. */
  #mayBeErroneous(): boolean {
    if (this.#span.hasException) return true
    const isFailed = this.#figures.isError || this.#errorWatch.isNoticed
    return isFailed && this.#figures.isServing
  }

  #judge(): Reason | undefined {
    const reason = judge(this.#span, this.#shared.cursor, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  #writeColumns(
    service: ServiceIdentity,
    ownResource: ResourceIdentity,
    ownScope: ScopeIdentity,
  ): SpanIdentities {
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
    return identities
  }
}
