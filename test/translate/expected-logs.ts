import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { decodeMessage, ExportLogsServiceRequest } from '../helpers/otlp'
import {
  type Attributed,
  clean,
  count,
  type FullRow,
  map,
  type Resource,
  resourceColumns,
  type Scope,
  scopeColumns,
  serviceColumns,
  type Value,
  value,
} from './expected-rows'
import { limitItems } from './limited-items'

/** As protobufjs decodes it. */
interface LogRecord extends Attributed {
  readonly timeUnixNano?: string
  readonly observedTimeUnixNano?: string
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: Value
  readonly flags?: number
  readonly traceId?: Buffer
  readonly spanId?: Buffer
  readonly eventName?: string
}

interface Request {
  readonly resourceLogs?: readonly {
    readonly resource?: Resource
    readonly schemaUrl?: string
    readonly scopeLogs?: readonly {
      readonly scope?: Scope
      readonly schemaUrl?: string
      readonly logRecords?: readonly LogRecord[]
    }[]
  }[]
}

const DAY_NS = 86_400_000_000_000n
const RETENTION_DAYS = 30n

/** What texts mean that the generator sends, by their upper case. */
const MEANINGS: Readonly<Record<string, number>> = {
  INFO: 9,
  WARNING: 13,
  FATAL3: 23,
  ERR: 17,
  INFORMATIONAL: 9,
  NOTICE: 10,
}

export interface ExpectedLogs {
  /** Null where a record must be rejected. */
  readonly rows: readonly (FullRow | null)[]
  /** How many of the others name a trace or span that cannot be. */
  readonly unassociated: number
}

/** The rows a body must become, read by protobufjs and written the plain way. */
export function expectedLogs(
  body: Uint8Array,
  receivedMs: number,
  limits: TranslationLimits = UNLIMITED,
): ExpectedLogs {
  const request = limitItems(
    decodeMessage(ExportLogsServiceRequest, body),
    limits,
  ) as unknown as Request
  const arrivalNs = BigInt(receivedMs) * 1_000_000n
  let unassociated = 0
  const rows = (request.resourceLogs ?? []).flatMap(
    ({ resource = {}, schemaUrl = '', scopeLogs }) =>
      (scopeLogs ?? []).flatMap(({ scope = {}, schemaUrl: scopeSchemaUrl = '', logRecords }) =>
        (logRecords ?? []).map((record) => {
          const timeNs = timeOf(record, arrivalNs)
          if (timeNs < arrivalNs - RETENTION_DAYS * DAY_NS || timeNs > arrivalNs + DAY_NS)
            return null
          if (isUnassociated(record)) unassociated++
          return {
            ...recordColumns(record, timeNs),
            service: serviceColumns(record, resource),
            resource: resourceColumns(resource, schemaUrl),
            scope: scopeColumns(scope, scopeSchemaUrl),
          }
        }),
      ),
  )
  return { rows, unassociated }
}

function timeOf({ timeUnixNano, observedTimeUnixNano }: LogRecord, arrivalNs: bigint): bigint {
  return BigInt(timeUnixNano ?? 0) || BigInt(observedTimeUnixNano ?? 0) || arrivalNs
}

function isUnassociated({ traceId, spanId }: Pick<LogRecord, 'traceId' | 'spanId'>): boolean {
  const isInvalid = (id: Buffer | undefined, bytes: number) =>
    id !== undefined && id.length > 0 && idOf(id, bytes) === null
  return isInvalid(traceId, 16) || isInvalid(spanId, 8)
}

function idOf(id: Buffer | undefined, bytes: number): Buffer | null {
  return id?.length === bytes && id.some((byte) => byte !== 0) ? id : null
}

/** Whether there is a body that says something, and not in a string. */
function hasValue(body: Value | undefined): body is Value {
  return body !== undefined && body.stringValue === undefined && value(body) !== 'null'
}

function recordColumns(record: LogRecord, timeNs: bigint): FullRow {
  const observed = BigInt(record.observedTimeUnixNano ?? 0)
  const severity = record.severityNumber ?? 0
  const meant = severity || (MEANINGS[(record.severityText ?? '').toUpperCase()] ?? 0)
  const { body } = record
  return {
    attributes: record.attributes ? map(record.attributes) : null,
    body_value: hasValue(body) ? value(body) : null,
    body: body?.stringValue === undefined ? null : clean(body.stringValue),
    time: timeNs / 1_000n,
    time_ns: BigInt(record.timeUnixNano ?? 0) ? Number(timeNs % 1_000n) : null,
    observed_time: observed ? observed / 1_000n : null,
    observed_ns: observed ? Number(observed % 1_000n) : null,
    trace_id: idOf(record.traceId, 16)?.toString('hex') ?? null,
    span_id: idOf(record.spanId, 8)?.readBigInt64BE() ?? null,
    severity_number: meant,
    sent_severity_number: meant === severity ? null : severity,
    severity_text: clean(record.severityText) || null,
    event_name: clean(record.eventName) || null,
    flags: record.flags ? record.flags | 0 : null,
    dropped_attributes_count: count(record.droppedAttributesCount),
  }
}
