import { RowBuffer } from '../../collector/translate/buffer'
import { CORRELATION, LOG_RECORD, type Translated } from '../../collector/translate/rows'
import { toRemainder, type UnixNanos, writeTimestamp } from '../../collector/translate/time'
import { ExportLogsServiceRequest } from '../helpers/otlp'
import {
  type AnyValue,
  createIdentities,
  type KeyValue,
  type Resource,
  toJson,
  toObject,
  writeBytes,
  writeCount,
  writeInt16,
  writeInt32,
  writeInt64,
  writeJson,
  writeNull,
  writeText,
} from './peer-row'

interface LogRecord {
  readonly timeUnixNano: UnixNanos
  readonly observedTimeUnixNano: UnixNanos
  readonly severityNumber: number
  readonly severityText: string
  readonly body?: AnyValue
  readonly attributes: readonly KeyValue[]
  readonly droppedAttributesCount: number
  readonly flags: number
  readonly traceId: Buffer
  readonly spanId: Buffer
  readonly eventName: string
}

interface Request {
  readonly resourceLogs: readonly {
    readonly resource: Resource
    readonly scopeLogs: readonly {
      readonly scope: { readonly name: string; readonly attributes: readonly KeyValue[] }
      readonly logRecords: readonly LogRecord[]
    }[]
  }[]
}

interface Id {
  readonly idHigh: number
  readonly idLow: number
}

const CORRELATED = 'request.id'

/** The same for log records as `createTracePeer` for spans; ids are correlated, each once a request. */
export function createLogPeer(): (body: Buffer) => Pick<Translated, 'copies'> {
  const identity = createIdentities()
  return (body) => {
    const request = ExportLogsServiceRequest.decode(body) as unknown as Request
    const rows = new RowBuffer(body.length * 2)
    const correlations = new RowBuffer(4_096)
    const offsets: number[] = []
    const correlated = new Map<string, number>()
    for (const { resource, scopeLogs } of request.resourceLogs) {
      const resourceId = identity(JSON.stringify(toObject(resource.attributes)))
      for (const { scope, logRecords } of scopeLogs) {
        const scopeId = identity(scope.name + JSON.stringify(toObject(scope.attributes)))
        for (const record of logRecords) {
          offsets.push(rows.end)
          const attributes = toObject(record.attributes)
          writeRecord(rows, record, attributes, [resourceId, resourceId, scopeId])
          const id = attributes[CORRELATED]
          if (typeof id !== 'string' || correlated.has(id)) continue
          correlated.set(id, correlations.end)
          writeCorrelation(correlations, record, resourceId, id)
        }
      }
    }
    const rest = { sources: [], days: [] }
    return {
      copies: [
        { table: LOG_RECORD, bytes: rows.written(), offsets, ...rest },
        {
          table: CORRELATION,
          bytes: correlations.written(),
          offsets: [...correlated.values()],
          ...rest,
        },
      ],
    }
  }
}

function writeRecord(
  rows: RowBuffer,
  record: LogRecord,
  attributes: object,
  identities: readonly Id[],
): void {
  rows.reserve(512)
  rows.end = rows.bytes.writeInt16BE(LOG_RECORD.columns.length, rows.end)
  writeJson(rows, record.attributes.length > 0 ? attributes : null)
  const body = record.body === undefined ? null : toJson(record.body)
  if (typeof body === 'string') {
    writeNull(rows)
    writeText(rows, body)
  } else {
    writeJson(rows, body as object | null)
    writeNull(rows)
  }
  rows.reserve(512)
  for (const time of [record.timeUnixNano, record.observedTimeUnixNano]) {
    writeTimestamp(rows, time)
    writeInt16(rows, toRemainder(time))
  }
  writeBytes(rows, record.traceId)
  writeBytes(rows, record.spanId)
  for (const { idHigh, idLow } of identities) writeInt64(rows, idHigh, idLow)
  writeInt32(rows, record.severityNumber)
  writeNull(rows)
  writeText(rows, record.severityText)
  writeText(rows, record.eventName)
  rows.reserve(64)
  if (record.flags === 0) writeNull(rows)
  else writeInt32(rows, record.flags | 0)
  writeCount(rows, record.droppedAttributesCount)
}

function writeCorrelation(rows: RowBuffer, record: LogRecord, service: Id, id: string): void {
  rows.reserve(256)
  rows.end = rows.bytes.writeInt16BE(CORRELATION.columns.length, rows.end)
  writeTimestamp(rows, record.timeUnixNano)
  writeInt64(rows, service.idHigh, service.idLow)
  writeBytes(rows, record.traceId)
  writeText(rows, id)
}
