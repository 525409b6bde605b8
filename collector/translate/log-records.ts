import { Correlations } from './correlations'
import { ErrorWatch, EXCEPTION_ATTRIBUTES } from './error-watch'
import { RANK } from './error-sighting'
import { type ErrorThrow, SEVERITY } from './error-throw'
import type { Identity, ResourceIdentity, ScopeIdentity, ServiceIdentity } from './identity'
import { LogErrors } from './log-errors'
import { LogEvents } from './log-events'
import { acceptedBy, LogRecordReader } from './log-record'
import { type AcceptedTimes, describe, judge, REASONS, type Reason } from './log-rejection'
import { type LogIdentities, meantSeverity, writeColumns } from './log-row'
import { Rejections } from './rejection'
import { useRelease } from './release'
import { LOG_RECORD } from './rows'
import { TableWriter } from './table-writer'
import { Throws } from './throws'
import { dayOf, fromMs, minuteOf, type UnixNanos } from './time'
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
  readonly #errorWatch: ErrorWatch
  readonly #throws: Throws
  readonly #errors: LogErrors
  readonly #events: LogEvents
  readonly #times: AcceptedTimes
  #receivedMs = 0
  #arrival: UnixNanos = { low: 0, high: 0 }

  constructor(shared: Translation) {
    this.#shared = shared
    const { retentionMs, maxAheadMs } = shared.options
    this.#times = { retentionMs: retentionMs.logs, maxAheadMs }
    this.#table = new TableWriter(LOG_RECORD, shared)
    this.#correlations = new Correlations(shared)
    this.#errorWatch = new ErrorWatch(shared.cursor, EXCEPTION_ATTRIBUTES)
    this.#watch = new AttributeWatch(shared, this.#correlations, this.#errorWatch)
    this.#throws = new Throws(shared)
    this.#errors = new LogErrors(shared, this.#throws)
    this.#events = new LogEvents(shared, this.#table)
    const { table: events, rollups } = this.#events
    this.tables = [this.#table, this.#correlations.table, events, rollups.table]
    this.#record = new LogRecordReader(shared, this.#table, this.#watch)
  }

  get correlationsLeftOut(): number {
    return this.#correlations.leftOut
  }

  get eventsLeftOut(): number {
    return this.#events.leftOut
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
    this.#throws.beginRequest(bodyBytes, receivedMs)
    this.#events.beginRequest(bodyBytes, receivedMs)
    this.rejections = new Rejections('log record', 'log records')
    this.unassociated = 0
    this.#receivedMs = receivedMs
    this.#arrival = fromMs(receivedMs)
  }

  endRequest(): void {
    this.#correlations.endRequest()
    this.#throws.endRequest()
    this.#events.endRequest()
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
    const identities = this.#identify(service, resource, scope)
    const release = useRelease(this.#shared, resource, service)
    table.values.repaired += writeColumns(table.rows, cursor, record, time, identities)
    table.keep(source, dayOf(time))
    if (record.hasInvalidId) this.unassociated++
    const { traceIdStart } = record
    if (this.#correlations.areNoticed) {
      this.#correlations.keep({ source, traceIdStart, time, service, resource, scope })
    }
    const isEvent = record.eventNameEnd !== record.eventNameStart && this.#events.isNoticed(record)
    if (isEvent) {
      this.#events.keep({ record, source, end, time, service, rowStart: table.rowStart })
    }
    const severity = meantSeverity(cursor, record)
    const isNoticed = this.#errorWatch.isNoticed || record.body.mayHoldException
    // Why an event failed is a fact of the event; the throw, if there was one, is told of by whoever caught it.
    if (severity < SEVERITY.error && (isEvent || !isNoticed)) return
    const place = {
      source,
      traceIdStart,
      spanIdStart: record.spanIdStart,
      service,
      release,
      ownResource: resource,
      resource: identities.resource,
      operation: this.#operation(service, scope),
      minute: minuteOf(time),
      rank: RANK.record,
    }
    this.#errors.keep({ record, place, end, time, severity, mayHoldException: isNoticed })
  }

  #judge(time: UnixNanos): Reason | undefined {
    const reason = judge(time, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { values } = this.#table
    if (values.isTooDeep) return 'tooDeep'
    return values.isTooLarge ? 'tooLarge' : undefined
  }

  /** Log records are of no operation but that of their module. */
  #operation(service: ServiceIdentity, scope: ScopeIdentity): Identity {
    const { cursor, dictionary, overflow, attribution } = this.#shared
    const module = attribution.module(scope)
    return overflow.operation(dictionary.operation(service, module, 0, cursor, 0, 0), service)
  }

  #identify(
    service: ServiceIdentity,
    ownResource: ResourceIdentity,
    ownScope: ScopeIdentity,
  ): LogIdentities {
    const { dictionary, overflow } = this.#shared
    const resource = overflow.resource(ownResource, service)
    const scope = overflow.scope(ownScope, service)
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    return { service, resource, scope }
  }
}
