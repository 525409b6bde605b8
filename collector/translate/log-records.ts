import type { ResourceIdentity, ScopeIdentity } from './identity'
import { acceptedBy, LogRecordReader } from './log-record'
import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './log-rejection'
import { writeColumns } from './log-row'
import { Rejections } from './rejection'
import { LOG_RECORD } from './rows'
import { TableWriter } from './table-writer'
import { dayOf, fromMs, type UnixNanos } from './time'
import type { ItemTranslator, Translation } from './translator'

/** Rows are about as long as the protobuf they come from, the fixed columns of short records apart. */
const EXPECTED_GROWTH = 1.3

/** Log records to rows of `LOG_RECORD`. */
export class LogRecordTranslator implements ItemTranslator {
  readonly tables: readonly TableWriter[]
  rejections = new Rejections('log record', 'log records')
  /** Records kept although an id of theirs says nothing. */
  unassociated = 0
  readonly #shared: Translation
  readonly #table: TableWriter
  readonly #record: LogRecordReader
  readonly #times: AcceptedTimes
  #receivedMs = 0
  #arrival: UnixNanos = { low: 0, high: 0 }

  constructor(shared: Translation) {
    const { cursor, attribution, limits } = shared
    this.#shared = shared
    const { retentionMs, maxAheadMs } = shared.options
    this.#times = { retentionMs: retentionMs.logs, maxAheadMs }
    this.#table = new TableWriter(LOG_RECORD, cursor, limits)
    this.tables = [this.#table]
    const { rows, values } = this.#table
    this.#record = new LogRecordReader({ cursor, rows, values, attribution, limits })
  }

  get accepted(): number {
    return this.#table.count
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#table.beginRequest(bodyBytes, EXPECTED_GROWTH)
    this.rejections = new Rejections('log record', 'log records')
    this.unassociated = 0
    this.#receivedMs = receivedMs
    this.#arrival = fromMs(receivedMs)
  }

  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { cursor, attribution } = this.#shared
    const source = cursor.at
    const table = this.#table
    const record = this.#record
    table.open(resource, scope)
    attribution.beginItem()
    record.read(end)
    const time = acceptedBy(record, this.#arrival)
    const reason = this.#judge(time)
    if (reason !== undefined) {
      table.discard()
      this.rejections.add(REASONS[reason], () => describe(reason, record, time, cursor))
      return
    }
    table.values.repaired += this.#writeColumns(resource, scope, time)
    table.keep(source, dayOf(time))
    if (record.hasInvalidId) this.unassociated++
  }

  #judge(time: UnixNanos): Reason | undefined {
    const reason = judge(time, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  #writeColumns(ownResource: ResourceIdentity, ownScope: ScopeIdentity, time: UnixNanos): number {
    const { cursor, dictionary, overflow, attribution } = this.#shared
    const service = dictionary.service(ownResource, attribution.tenant(ownResource))
    const resource = overflow.resource(ownResource, service)
    const scope = overflow.scope(ownScope, service)
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    const identities = { service, resource, scope }
    return writeColumns(this.#table.rows, cursor, this.#record, time, identities)
  }
}
