import { endOfDate } from './message-date'
import { replaceToken } from './message-token'

/** A text is looked at so far. */
export const MOST_MESSAGE = 8_192

/**
 * A text in which whatever varies from one time to the next is replaced by its kind: `<int>`, `<uuid>`, `<ip>`. Of the first two
 * lines that are not empty, and at most 8,192 characters; `...` says that there was more. The text is read once from left to
 * right, in tokens that white space, quotes and brackets end, so the time grows with its length, whatever it holds.
 */
export function parameterise(message: string): string {
  const { text, isCut } = firstLines(message)
  let result = ''
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code < 0x80 && isDelimiter(code)) {
      const end = endOfQuoted(text, at, code)
      result += end === -1 ? text[at]! : '<quoted_str>'
      at = end === -1 ? at + 1 : end
      continue
    }
    const end = endOfToken(text, at)
    const dateEnd = endOfDate(text, at, end)
    if (dateEnd !== -1) {
      result += '<date>'
      at = dateEnd
    } else {
      const token = replaceToken(text, at, end, isAssigned(text, at))
      result += token
      at = token === '<int>' ? endOfThousands(text, end) : end
    }
  }
  return isCut ? `${result}...` : result
}

/** The first two lines that are not empty, without white space around them. */
export function firstLines(message: string): { readonly text: string; readonly isCut: boolean } {
  const whole = message.length > MOST_MESSAGE ? message.slice(0, MOST_MESSAGE) : message
  if (!whole.includes('\n')) {
    return { text: whole.trim(), isCut: whole.length < message.length }
  }
  const lines: string[] = []
  let at = 0
  while (at < whole.length && lines.length < 2) {
    const end = whole.indexOf('\n', at)
    const line = whole.slice(at, end === -1 ? whole.length : end).trim()
    if (line !== '') lines.push(line)
    at = end === -1 ? whole.length : end + 1
  }
  const isCut = whole.length < message.length || whole.slice(at).trim() !== ''
  return { text: lines.join('\n'), isCut }
}

const DELIMITERS = new Uint8Array(0x80)
for (const char of ' \t\r\n"\'`()[]{}<>,;|=') DELIMITERS[char.charCodeAt(0)] = 1
for (let code = 0; code < 0x20; code++) DELIMITERS[code] = 1

function isDelimiter(code: number): boolean {
  return DELIMITERS[code] === 1
}

/** A URL goes on to white space, a quote or what closes a bracket; other tokens end where the next delimiter stands. */
function endOfToken(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code < 0x80 && isDelimiter(code)) break
    if (code === 0x3a && text.startsWith('://', at) && at > start) return endOfUrl(text, at + 3)
    at++
  }
  return at
}

const URL_ENDS = new Uint8Array(0x80)
for (const char of ' \t\r\n"\'`()[]{}<>|') URL_ENDS[char.charCodeAt(0)] = 1

function endOfUrl(text: string, start: number): number {
  let at = start
  // An IPv6 host is in brackets.
  if (text.charCodeAt(at) === 0x5b) at++
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const isHostEnd = code === 0x5d && text.charCodeAt(start) === 0x5b && at - start < 50
    if (code < 0x80 && URL_ENDS[code] === 1 && !isHostEnd) break
    at++
  }
  while (at > start && TRAILING.has(text.charCodeAt(at - 1))) at--
  return at
}

/** `, ; . : ! ?` behind a URL are of the sentence. */
const TRAILING: ReadonlySet<number> = new Set([0x2c, 0x3b, 0x2e, 0x3a, 0x21, 0x3f])

/** Whether `=` stands before the token, or before a quote before it. */
function isAssigned(text: string, at: number): boolean {
  return text.charCodeAt(at - 1) === 0x3d
}

/** `1,234,567` is one number. */
function endOfThousands(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === 0x2c && isDigit(text, at + 1) && isDigit(text, at + 2)) {
    if (!isDigit(text, at + 3) || isDigit(text, at + 4)) break
    at += 4
  }
  return at
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

/** How far a quoted text is looked for. */
const LONGEST_QUOTED = 256

/**
 * Where a quoted text ends that is a value or an excerpt: behind `=`, or with `...` at either of its ends, as in the errors of
 * `JSON.parse`. -1 for others, which are names more often than values.
 */
function endOfQuoted(text: string, at: number, code: number): number {
  if (code !== 0x22 && code !== 0x27 && code !== 0x60) return -1
  const isValue = isAssigned(text, at) || text.startsWith('...', at - 3)
  if (!isValue && code !== 0x22) return -1
  const close = text.slice(at + 1, at + 1 + LONGEST_QUOTED).indexOf(text[at]!)
  if (close === -1) return -1
  const end = at + close + 2
  if (text.startsWith('...', end)) return end
  return isValue ? end : -1
}
