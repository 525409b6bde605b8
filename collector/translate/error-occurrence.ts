import type { Cursor } from '../otlp/cursor'
import type { AttributeTable } from './attribute-table'
import { RowBuffer } from './buffer'
import { LONGEST_MESSAGE_BYTES, LONGEST_STACK_BYTES } from './error-limits'
import type { KnownError } from './error-fingerprints'
import type { ErrorSighting } from './error-sighting'
import type { ErrorOccurrence } from './error-throw'
import type { TranslationLimits } from './limits'
import { OVERFLOW_NAME } from './overflow'
import { decodeText } from './text'
import { ValueWriter } from './value'

const MOST_ATTRIBUTES_BYTES = 16 * 1_024
/** Longer values are cut, so that one does not take the room of all. */
const LONGEST_VALUE_BYTES = 4 * 1_024
const COMMA = 0x2c
const BYTES_A_UNIT = 3
const LONGEST_CHARACTER_BYTES = 4
const LAST_LINE_LENGTH = 1_024
const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8
const REQUEST_ID = /request[._-]?id|req[._-]?id/i
const METHOD = names('http.request.method', 'http.method')
const PATH = names('url.path', 'http.target', 'http.route')
/** They have columns of their own. */
const TOLD_APART = names(
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'err',
  'error',
  'exception',
)
/** What the end of a stack looks like that was cut by the sender. */
const CUT_STACK = /(?:\n\s+at [^\n]*[^)\d>\s]|\.\.\.|…|\[truncated\]|<truncated>)\s*$/

/** Tells what is kept of throws for people. */
export class OccurrenceWriter {
  readonly #cursor: Cursor
  readonly #rows = new RowBuffer(0)
  readonly #values: ValueWriter
  readonly #requestIds: readonly Buffer[]
  readonly #correlationIds: readonly Buffer[]

  constructor(cursor: Cursor, limits: TranslationLimits, correlationAttributes: readonly string[]) {
    this.#cursor = cursor
    const maxAttributeBytes = Math.min(limits.maxAttributeBytes, LONGEST_VALUE_BYTES)
    this.#values = new ValueWriter(cursor, this.#rows, { ...limits, maxAttributeBytes })
    const isRequestId = (name: string) => REQUEST_ID.test(name)
    this.#requestIds = names(...correlationAttributes.filter(isRequestId))
    this.#correlationIds = names(...correlationAttributes.filter((name) => !isRequestId(name)))
  }

  describe(sighting: ErrorSighting, { fingerprint }: KnownError): ErrorOccurrence {
    const { place, report, tables, message, stack } = sighting
    const first = (wanted: readonly Buffer[]) => firstOf(tables, wanted)
    const path = first(PATH)
    return {
      source: sighting.source,
      traceId: this.#hex(place.traceIdStart, TRACE_ID_BYTES),
      spanId: this.#hex(place.spanIdStart, SPAN_ID_BYTES),
      isIncomplete: sighting.isIncomplete || isCut(message, stack),
      class: fingerprint?.class ?? OVERFLOW_NAME,
      code: fingerprint === null ? report.code : fingerprint.code,
      message,
      stackTrace: stack === '' ? null : stack,
      userId: sighting.userId,
      correlationId: first(this.#correlationIds),
      requestId: first(this.#requestIds),
      httpMethod: first(METHOD),
      httpPath: path === null ? null : withoutQuery(path),
      exceptions: fingerprint?.exceptions ?? [],
      attributesJson: this.#attributes(tables),
    }
  }

  #hex(start: number, length: number): string | null {
    return start === -1 ? null : this.#cursor.bytes.toString('hex', start, start + length)
  }

  /** As stored attribute values; what is over the limit is left out. */
  #attributes(tables: readonly AttributeTable[]): string | null {
    const rows = this.#rows
    const cursor = this.#cursor
    rows.reset()
    for (const table of tables) {
      const { places } = table
      for (let at = 0; at < table.count * 2; at += 2) {
        if (TOLD_APART.some((name) => table.isNamed(at, name))) continue
        const { end } = rows
        if (end > 0) rows.byte(COMMA)
        this.#values.endLimit = MOST_ATTRIBUTES_BYTES
        this.#values.isTooLarge = false
        cursor.at = places[at]!
        this.#values.keyValue(places[at + 1]!, 1)
        if (rows.end > MOST_ATTRIBUTES_BYTES - 2) rows.end = end
      }
    }
    const written = rows.written()
    const json = written.length === 0 ? null : `{${decodeText(written, 0, written.length)}}`
    rows.reset()
    return json
  }
}

/** Whether we have cut it, or the sender has. */
function isCut(message: string, stack: string): boolean {
  const isLong = (text: string, limitBytes: number) =>
    text.length * BYTES_A_UNIT > limitBytes &&
    Buffer.byteLength(text) > limitBytes - LONGEST_CHARACTER_BYTES
  if (isLong(message, LONGEST_MESSAGE_BYTES) || isLong(stack, LONGEST_STACK_BYTES)) return true
  return CUT_STACK.test(stack.slice(-LAST_LINE_LENGTH))
}

/** The first of the names that says something; what tells more of the error comes last in the tables. */
export function firstOf(
  tables: readonly AttributeTable[],
  wanted: readonly Buffer[],
  maxBytes?: number,
): string | null {
  for (let index = tables.length - 1; index >= 0; index--) {
    const text = tables[index]!.firstText(wanted, maxBytes)
    if (text !== null) return text
  }
  return null
}

/** Names of attributes as they are looked up. */
export function names(...texts: readonly string[]): readonly Buffer[] {
  return texts.map((text) => Buffer.from(text))
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}
