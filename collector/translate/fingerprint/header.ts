/** The first line of a stack, taken apart. */
export interface Header {
  /** Null where the text does not begin with a name. */
  readonly class: string | null
  /** In square brackets behind the name, else null. */
  readonly code: string | null
  /** Where the message begins. */
  readonly messageAt: number
}

/**
 * Reads `Name: `, `Name [CODE]: ` or a name alone, which ends at `end`. A name is made of letters, digits and what languages
 * write between them.
 */
export function readHeader(text: string, at: number, end: number): Header {
  const none = { class: null, code: null, messageAt: at }
  const start = text.startsWith('Uncaught ', at) ? at + 9 : at
  const nameEnd = endOfName(text, start, end)
  if (nameEnd === start || isDigit(text.charCodeAt(start))) return none
  let rest = nameEnd
  let code: string | null = null
  if (text.startsWith(' [', rest)) {
    const close = text.indexOf(']', rest)
    if (close === -1 || close > Math.min(end, rest + LONGEST_NAME)) return none
    code = text.slice(rest + 2, close)
    rest = close + 1
  }
  const isOfDom = code !== null && text.startsWith('DOMException', start)
  const name = isOfDom ? code! : text.slice(start, nameEnd)
  // `util.inspect` writes what a DOMException is where others have their code.
  if (isOfDom) code = null
  if (text.charCodeAt(rest) === COLON && rest < end) {
    if (rest + 1 < end && text.charCodeAt(rest + 1) !== SPACE) return none
    return { class: name, code, messageAt: Math.min(end, rest + 2) }
  }
  while (rest < end && text.charCodeAt(rest) <= SPACE) rest++
  return rest === end ? { class: name, code, messageAt: end } : none
}

/**
 * Whether what was sent as the type is a code, as SDKs send it that prefer `error.code` to `error.name`: `ENOENT`, `ERR_X`,
 * `FST_ERR_VALIDATION`, an SQLSTATE (`23505`, `42P01`), a number.
 */
export function isCode(type: string): boolean {
  if (type.length === 0 || type.length > 64) return false
  let digits = 0
  let hasBar = false
  for (let index = 0; index < type.length; index++) {
    const code = type.charCodeAt(index)
    if (isDigit(code)) digits++
    else if (code === UNDERSCORE) hasBar = true
    else if (code < 0x41 || code > 0x5a) return false
  }
  if (digits === type.length) return true
  if (hasBar) return true
  if (type.length === 5 && digits > 0) return true
  return type.charCodeAt(0) === 0x45 && type.length > 3 && type !== 'ERROR' && type !== 'EXCEPTION'
}

/** Names that say no more than that something failed, so that a more telling one counts for more. */
export function isGeneric(name: string): boolean {
  return GENERIC.has(name)
}

/**
 * The code that messages of Node's system errors begin with: `ENOENT: no such file`, `connect ECONNREFUSED 10.0.0.1:80`. Null
 * for others.
 */
export function codeOfMessage(message: string): string | null {
  const colon = message.indexOf(':')
  if (colon > 2 && colon < 20 && isErrno(message, 0, colon)) return message.slice(0, colon)
  const space = message.indexOf(' ')
  if (space < 3 || space > 16) return null
  let end = space + 1
  while (end < message.length && end < space + 20 && message.charCodeAt(end) > SPACE) end++
  return isErrno(message, space + 1, end) ? message.slice(space + 1, end) : null
}

/**
 * Class and code out of the sentence that instrumentation-pg records instead of an error, so that no message of Postgres is sent:
 * `PostgreSQL error of type 'error' occurred (code: 23505)`. Null for every other text.
 */
export function readSentence(message: string): { class: string; code: string | null } | null {
  if (!message.startsWith(SENTENCE_START) || !message.endsWith(')')) return null
  const middle = message.indexOf(SENTENCE_MIDDLE, SENTENCE_START.length)
  if (middle === -1) return null
  const code = message.slice(middle + SENTENCE_MIDDLE.length, -1)
  return {
    class: message.slice(SENTENCE_START.length, middle),
    code: code === '' || code === 'UNKNOWN' ? null : code,
  }
}

const SENTENCE_START = "PostgreSQL error of type '"
const SENTENCE_MIDDLE = "' occurred (code: "
const SPACE = 0x20
const COLON = 0x3a
const UNDERSCORE = 0x5f
/** Longer names are prose. */
const LONGEST_NAME = 120
const GENERIC: ReadonlySet<string> = new Set([
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
])

/** `E` and at least three capitals or digits, `_` in between. */
function isErrno(text: string, start: number, end: number): boolean {
  if (end - start < 4 || text.charCodeAt(start) !== 0x45 || end > text.length) return false
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at)
    if (!isDigit(code) && code !== UNDERSCORE && (code < 0x41 || code > 0x5a)) return false
  }
  return !text.startsWith('ERROR', start)
}

function endOfName(text: string, start: number, end: number): number {
  const most = Math.min(end, start + LONGEST_NAME)
  let at = start
  while (at < most) {
    const code = text.charCodeAt(at)
    if (code === COLON) {
      if (text.charCodeAt(at + 1) !== COLON) break
      at++
    } else if (!isNamePart(code)) break
    at++
  }
  return Math.min(at, most)
}

function isNamePart(code: number): boolean {
  if (code >= 0x80) return true
  const letter = code | 0x20
  if ((letter >= 0x61 && letter <= 0x7a) || isDigit(code)) return true
  return code === UNDERSCORE || code === 0x24 || code === 0x2e || code === 0x5c || code === 0x2b
}

/** Whether a character is `0` to `9`. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
