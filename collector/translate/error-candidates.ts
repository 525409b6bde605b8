import type { ErrorThrow } from './error-throw'
import { writeBool, writeInt16, writeNull } from './fields'
import {
  jsonOf,
  writeGivenHex,
  writeGivenInteger,
  writeGivenJson,
  writeGivenText,
} from './given-fields'
import { ERROR_CANDIDATE, ERROR_OCCURRENCE } from './rows'
import { TableWriter } from './table-writer'
import { writeMinute } from './time'
import type { Translation } from './translator'

/** More than all columns of known length take. */
const FIXED_BYTES = 256

/** Writes the rows of `ERROR_CANDIDATE`. */
export class ErrorCandidates {
  readonly table: TableWriter

  constructor(shared: Translation) {
    this.table = new TableWriter(ERROR_CANDIDATE, shared)
  }

  /** Writes a row of a failure. `source` is where its span begins in the body. */
  keep(source: number, failure: ErrorThrow): void {
    const { rows } = this.table
    this.table.begin()
    rows.reserve(FIXED_BYTES)
    writeMinute(rows, failure.minute)
    writeGivenHex(rows, failure.scope)
    writeGivenHex(rows, failure.innermost)
    writeGivenHex(rows, failure.hash)
    writeGivenInteger(rows, BigInt(failure.serviceId))
    writeGivenInteger(rows, BigInt(failure.operationId))
    writeGivenText(rows, failure.release)
    rows.reserve(FIXED_BYTES)
    writeInt16(rows, failure.severity)
    writeBool(rows, failure.isHandled)
    writeGivenInteger(rows, failure.timeNs)
    if (failure.userHash === null) writeNull(rows)
    else writeGivenInteger(rows, failure.userHash)
    writeGivenJson(rows, occurrenceOf(failure))
    this.table.keep(source)
  }
}

/**
 * What the row of `ERROR_OCCURRENCE` that a failure becomes has besides the columns of the candidate, as JSON by the names of its
 * columns, with which jsonb_populate_record makes the row; null where none is kept.
 */
function occurrenceOf(thrown: ErrorThrow): string | null {
  const { occurrence } = thrown
  if (occurrence === null) return null
  const { attributesJson } = occurrence
  const row: Readonly<Record<string, unknown>> = {
    resource_id: thrown.resourceId,
    trace_id: occurrence.traceId,
    span_id: occurrence.spanId === null ? null : signedOf(occurrence.spanId),
    is_incomplete: occurrence.isIncomplete,
    source: occurrence.source,
    class: occurrence.class,
    code: occurrence.code,
    message: occurrence.message,
    stack_trace: occurrence.stackTrace,
    user_id: occurrence.userId,
    correlation_id: occurrence.correlationId,
    request_id: occurrence.requestId,
    http_method: occurrence.httpMethod,
    http_path: occurrence.httpPath,
    exceptions: occurrence.exceptions,
  }
  const fields = ERROR_OCCURRENCE.columns
    .filter((column) => column in row)
    .map((column) => `"${column}":${jsonOf(row[column])}`)
  return `{${fields.join()},"attributes":${attributesJson ?? 'null'}}`
}

function signedOf(spanId: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${spanId}`)))
}
