import { AttributeTable, decodeCut, mapOf } from './attribute-table'
import type { Cursor } from '../otlp/cursor'
import { LONGEST_MESSAGE_BYTES, LONGEST_STACK_BYTES } from './error-limits'
import { names } from './error-occurrence'

/** What an item says of an exception; empty where it says nothing. */
export interface ExceptionText {
  readonly type: string
  readonly message: string
  readonly stack: string
  readonly code: string | null
}

const LONGEST_TYPE_BYTES = 512

/** Names under which an exception tells its parts. */
interface PartNames {
  readonly type: readonly Buffer[]
  readonly message: readonly Buffer[]
  readonly stack: readonly Buffer[]
  readonly code: readonly Buffer[]
}

const SEMANTIC: PartNames = partNames('exception.', ['type'], ['message'], ['stacktrace'])
const OLDER: readonly PartNames[] = ['err.', 'error.'].map((prefix) =>
  partNames(prefix, ['type', 'name', 'kind'], ['message'], ['stack', 'stacktrace', 'stack_trace']),
)
/** As pino's serializer of errors and others write them. */
const MAP: PartNames = partNames(
  '',
  ['type', 'name', 'class'],
  ['message', 'msg'],
  ['stack', 'stacktrace', 'stack_trace', 'stackTrace'],
)
const MAPS = names('err', 'error', 'exception')
/**
 * A line of a stack of Node.js or the JVM, and the first line of one of Python or Go. A line is indented by itself: were line
 * breaks taken for it, a text of nothing else would be looked through from each of them.
 */
const STACK = /^(?:[ \t]+at .+|Traceback \(most recent call last\):|goroutine \d+ \[)/m

/** Reads what attributes and bodies say of exceptions. */
export class ExceptionTexts {
  readonly #cursor: Cursor
  readonly #map: AttributeTable

  constructor(cursor: Cursor) {
    this.#cursor = cursor
    this.#map = new AttributeTable(cursor)
  }

  /** What `exception.type`, `.message` and `.stacktrace` say; null where neither is there. */
  ofEvent(attributes: AttributeTable): ExceptionText | null {
    return readParts(attributes, SEMANTIC)
  }

  /** What the attributes of a log record say: as of an event, or in the ways of loggers. */
  ofAttributes(attributes: AttributeTable): ExceptionText | null {
    const read = readParts(attributes, SEMANTIC) ?? this.#ofMaps(attributes)
    if (read !== null) return read
    for (const parts of OLDER) {
      const older = readParts(attributes, parts)
      // A type alone says of what kind a failure is, of an operation that need not have thrown anything.
      if (older !== null && older.message + older.stack !== '') return older
    }
    return null
  }

  /** What a body says that is a map: an exception, or a record that has one. */
  ofBody(body: readonly number[]): ExceptionText | null {
    const pieces = mapOf(this.#cursor, body)
    if (pieces === null) return null
    const fields = new AttributeTable(this.#cursor)
    fields.readMap(pieces)
    const own = readParts(fields, SEMANTIC) ?? this.#ofMaps(fields)
    if (own !== null) return own
    const whole = readParts(fields, MAP)
    return whole !== null && sniff(whole.stack) !== null ? whole : null
  }

  #ofMaps(attributes: AttributeTable): ExceptionText | null {
    for (const name of MAPS) {
      const pieces = attributes.map(name)
      if (pieces !== null) {
        this.#map.clear()
        this.#map.readMap(pieces)
        const read = readParts(this.#map, MAP)
        if (read !== null) return read
        continue
      }
      const text = attributes.string(name, LONGEST_STACK_BYTES)
      if (text !== null && text !== '') return sniff(text) ?? messageAlone(text)
    }
    return null
  }
}

/** The exception whose stack a text holds; null where there is no stack in it. */
export function sniff(text: string): ExceptionText | null {
  return STACK.test(text) ? { type: '', message: '', stack: text, code: null } : null
}

function messageAlone(text: string): ExceptionText {
  return { type: '', message: cutText(text, LONGEST_MESSAGE_BYTES), stack: '', code: null }
}

/** Whole characters of a text, up to so many bytes of UTF-8. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  return decodeCut(bytes, 0, bytes.length, maxBytes)
}

function readParts(table: AttributeTable, parts: PartNames): ExceptionText | null {
  const type = table.firstText(parts.type, LONGEST_TYPE_BYTES) ?? ''
  const message = table.firstText(parts.message, LONGEST_MESSAGE_BYTES) ?? ''
  const stack = table.firstText(parts.stack, LONGEST_STACK_BYTES) ?? ''
  if (type === '' && message === '' && stack === '') return null
  return { type, message, stack, code: table.firstText(parts.code) }
}

function partNames(
  prefix: string,
  type: readonly string[],
  message: readonly string[],
  stack: readonly string[],
): PartNames {
  const prefixed = (parts: readonly string[]) => names(...parts.map((part) => `${prefix}${part}`))
  return {
    type: prefixed(type),
    message: prefixed(message),
    stack: prefixed(stack),
    code: prefixed(['code']),
  }
}
