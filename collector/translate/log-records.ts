import { Correlations } from './correlations'
import type { ResourceIdentity, ScopeIdentity, ServiceIdentity } from './identity'
import { acceptedBy, LogRecordReader } from './log-record'
import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './log-rejection'
import { writeColumns } from './log-row'
import { Rejections } from './rejection'
import { LOG_RECORD } from './rows'
import { TableWriter } from './table-writer'
import { dayOf, fromMs, type UnixNanos } from './time'
import type { ItemTranslator, Translation } from './translator'
import { AttributeWatch } from './watch'

/** Log records to rows of `LOG_RECORD`. */
export class LogRecordTranslator implements ItemTranslator {
  readonly tables: readonly TableWriter[]
  rejections = new Rejections('log record', 'log records')
  /** Records kept although an id of theirs says nothing. */
  unassociated = 0
  readonly #shared: Translation
  readonly #table: TableWriter
  readonly #record: LogRecordReader
  readonly #correlations: Correlations
  readonly #watch: AttributeWatch
  readonly #times: AcceptedTimes
  #receivedMs = 0
  #arrival: UnixNanos = { low: 0, high: 0 }

  constructor(shared: Translation) {
    this.#shared = shared
    const { retentionMs, maxAheadMs } = shared.options
    this.#times = { retentionMs: retentionMs.logs, maxAheadMs }
    this.#table = new TableWriter(LOG_RECORD, shared)
    this.#correlations = new Correlations(shared)
    this.#watch = new AttributeWatch(shared, this.#correlations)
    this.tables = [this.#table, this.#correlations.table]
    this.#record = new LogRecordReader(shared, this.#table, this.#watch)
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
    this.rejections = new Rejections('log record', 'log records')
    this.unassociated = 0
    this.#receivedMs = receivedMs
    this.#arrival = fromMs(receivedMs)
  }

  endRequest(): void {
    this.#correlations.endRequest()
  }

  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { cursor, dictionary, attribution } = this.#shared
    const source = cursor.at
    const table = this.#table
    const record = this.#record
    table.open(resource, scope)
    this.#watch.beginItem()
    record.read(end)
    const time = acceptedBy(record, this.#arrival)
    const reason = this.#judge(time)
    if (reason !== undefined) {
      table.discard()
      this.rejections.add(REASONS[reason], () => describe(reason, record, time, cursor))
      return
    }
    const service = dictionary.service(resource, attribution.tenant(resource))
    table.values.repaired += this.#writeColumns(service, resource, scope, time)
    table.keep(source, dayOf(time))
    if (record.hasInvalidId) this.unassociated++
    if (!this.#correlations.areNoticed) return
    const { traceIdStart } = record
    this.#correlations.keep({ source, traceIdStart, time, service, resource, scope })
  }

  #judge(time: UnixNanos): Reason | undefined {
    const reason = judge(time, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  #writeColumns(
    service: ServiceIdentity,
    ownResource: ResourceIdentity,
    ownScope: ScopeIdentity,
    time: UnixNanos,
  ): number {
    const { cursor, dictionary, overflow } = this.#shared
    const resource = overflow.resource(ownResource, service)
    const scope = overflow.scope(ownScope, service)
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    const identities = { service, resource, scope }
    return writeColumns(this.#table.rows, cursor, this.#record, time, identities)
  }
}
