import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { cutCorrelationId, LONGEST_CORRELATION_ID_BYTES } from './correlation-id'
import { writeIdentity, writeNull, writeUuid } from './fields'
import type { ResourceIdentity, ScopeIdentity, ServiceIdentity } from './identity'
import { CORRELATION } from './rows'
import { TableWriter } from './table-writer'
import { decodeText } from './text'
import { dayOf, toMicros, type UnixNanos, writeTimestamp } from './time'
import type { Translation } from './translator'
import type { ValueWriter } from './value'

/** Where an id was seen. */
export interface Sighting {
  /** Where the item begins in the body. */
  readonly source: number
  /** Where the 16 bytes of the trace id begin, or -1 without a trace. */
  readonly traceIdStart: number
  readonly time: UnixNanos
  readonly service: ServiceIdentity
  readonly resource: ResourceIdentity
  readonly scope: ScopeIdentity
}

/** Besides as many bytes as the body has, what the rows of a request may take: more than ids that somebody looks up. */
const ROWS_ALLOWANCE_BYTES = 64 * 1024
/** A whole row but for the id. */
const FIXED_COLUMNS_BYTES = 64
const TRACE_ID_BYTES = 16
/** What a cut or broken character at the end of an id may take beyond. */
const LONGEST_CHARACTER_BYTES = 4

/**
 * Notices the correlation ids among the attributes of spans or log records, and writes rows of `CORRELATION`: one for each
 * id, service and trace of a request, and without a trace one for each time.
 */
export class Correlations {
  readonly table: TableWriter
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  /** The names of attributes, by their length in bytes. */
  readonly #keys: readonly (readonly Buffer[])[]
  /** The ids of the item so far. */
  #ids: string[] = []
  /** Ids of this request that were passed over, for want of room. */
  leftOut = 0
  /** What has a row in this request. */
  readonly #seen = new Set<string>()
  #endLimit = 0

  constructor(shared: Translation) {
    const { cursor, options } = shared
    this.table = new TableWriter(CORRELATION, shared)
    this.#cursor = cursor
    this.#rows = this.table.rows
    const names = options.correlationAttributes.map((name) => Buffer.from(name))
    const longest = Math.max(0, ...names.map(({ length }) => length))
    this.#keys = Array.from({ length: longest + 1 }, (_, length) =>
      names.filter((name) => name.length === length),
    )
  }

  beginRequest(bodyBytes: number): void {
    this.table.beginRequest(bodyBytes)
    // One that broke off had no end.
    this.#seen.clear()
    this.leftOut = 0
    this.#endLimit = bodyBytes + ROWS_ALLOWANCE_BYTES
    this.beginItem()
  }

  /** Lets go of its ids, of which there may be as many as the body holds. */
  endRequest(): void {
    this.#seen.clear()
  }

  beginItem(): void {
    if (this.#ids.length > 0) this.#ids = []
  }

  /** Whether the item has any. */
  get areNoticed(): boolean {
    return this.#ids.length > 0
  }

  /** Takes note of the attribute that `values` has just written into `rows` from `rowStart` on. */
  notice(values: ValueWriter, rows: RowBuffer, rowStart: number): void {
    const { bytes } = this.#cursor
    const { keyStart, keyEnd, textStart, textEnd } = values
    if (!this.#isNamed(keyStart, keyEnd)) return
    if (textStart === -1) return this.#noticeList(rows, rowStart)
    const end = Math.min(
      textEnd,
      textStart + LONGEST_CORRELATION_ID_BYTES + LONGEST_CHARACTER_BYTES,
    )
    this.#add(decodeText(bytes, textStart, end))
  }

  /** Writes the rows of the item that was read last, once it is kept. */
  keep(sighting: Sighting): void {
    for (const id of this.#ids) {
      // There may be millions: they are not even compared with those that have a row.
      if (this.#rows.end > this.#endLimit) {
        this.leftOut++
        continue
      }
      const key = this.#keyOf(id, sighting)
      if (this.#seen.has(key)) continue
      this.#seen.add(key)
      this.#write(id, sighting)
    }
  }

  #isNamed(start: number, end: number): boolean {
    const { bytes } = this.#cursor
    for (const key of this.#keys[end - start] ?? []) {
      let index = 0
      while (index < key.length && bytes[start + index] === key[index]) index++
      if (index === key.length) return true
    }
    return false
  }

  /** Headers are lists of strings. The JSON just written says what is in it, however it was sent. */
  #noticeList(rows: RowBuffer, rowStart: number): void {
    const json = rows.bytes.toString('utf8', rowStart, rows.end)
    const [value] = Object.values(JSON.parse(`{${json}}`) as Record<string, unknown>)
    if (!Array.isArray(value)) return
    for (const id of value as unknown[]) if (typeof id === 'string') this.#add(id)
  }

  #add(id: string): void {
    if (id !== '') this.#ids.push(cutCorrelationId(id))
  }

  #keyOf(id: string, { traceIdStart: start, time, service }: Sighting): string {
    const place =
      start === -1
        ? `@${toMicros(time)}`
        : `#${this.#cursor.bytes.toString('latin1', start, start + TRACE_ID_BYTES)}`
    return `${service.serial} ${place} ${id}`
  }

  #write(id: string, { source, traceIdStart, time, service, resource, scope }: Sighting): void {
    const rows = this.#rows
    this.table.open(resource, scope)
    rows.reserve(FIXED_COLUMNS_BYTES + LONGEST_CORRELATION_ID_BYTES)
    writeTimestamp(rows, time)
    writeIdentity(rows, service)
    if (traceIdStart === -1) writeNull(rows)
    else writeUuid(rows, this.#cursor, traceIdStart)
    const length = rows.bytes.write(id, rows.end + 4)
    rows.view.setInt32(rows.end, length)
    rows.end += 4 + length
    this.table.keep(source, dayOf(time))
  }
}
