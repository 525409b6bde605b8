import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './span-rejection'
import type { ResourceIdentity, ScopeIdentity } from './identity'
import { Rejections } from './rejection'
import { writeColumns } from './span-row'
import { SPAN } from './rows'
import { acceptedBy, SpanReader } from './span'
import { TableWriter } from './table-writer'
import { dayOf } from './time'
import type { ItemTranslator, Translation } from './translator'

/** Rows are about as long as the protobuf they come from, the fixed columns of short spans apart. */
const EXPECTED_GROWTH = 1.3

/** Spans to rows of `SPAN`. */
export class SpanTranslator implements ItemTranslator {
  readonly tables: readonly TableWriter[]
  rejections = new Rejections('span', 'spans')
  readonly #shared: Translation
  readonly #table: TableWriter
  readonly #span: SpanReader
  readonly #times: AcceptedTimes
  #receivedMs = 0

  constructor(shared: Translation) {
    const { cursor, attribution, limits } = shared
    this.#shared = shared
    const { retentionMs, maxAheadMs } = shared.options
    this.#times = { retentionMs: retentionMs.traces, maxAheadMs }
    this.#table = new TableWriter(SPAN, cursor, limits)
    this.tables = [this.#table]
    this.#span = new SpanReader(cursor, this.#table.rows, this.#table.values, attribution)
  }

  get accepted(): number {
    return this.#table.count
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#table.beginRequest(bodyBytes, EXPECTED_GROWTH)
    this.rejections = new Rejections('span', 'spans')
    this.#receivedMs = receivedMs
  }

  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { cursor, attribution } = this.#shared
    const source = cursor.at
    this.#table.open(resource, scope)
    attribution.beginItem()
    this.#span.read(end)
    const reason = this.#judge()
    if (reason !== undefined) {
      this.#table.discard()
      this.rejections.add(REASONS[reason], () => describe(reason, this.#span, cursor))
      return
    }
    this.#table.values.repaired += this.#writeColumns(resource, scope)
    this.#table.keep(source, dayOf(acceptedBy(this.#span)))
  }

  #judge(): Reason | undefined {
    const reason = judge(this.#span, this.#shared.cursor, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  #writeColumns(ownResource: ResourceIdentity, ownScope: ScopeIdentity): number {
    const span = this.#span
    const { cursor, dictionary, overflow, attribution } = this.#shared
    const service = dictionary.service(ownResource, attribution.tenant(ownResource))
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
    return writeColumns(this.#table.rows, cursor, span, identities, operation !== ownOperation)
  }
}
