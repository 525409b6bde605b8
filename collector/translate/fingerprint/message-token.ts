import { kindOfAddress, isHostname, isMac } from './message-address'
import { kindOfNumber, isDuration, isId, kindOfHex } from './message-number'

/**
 * What stands for a token of a message: its kind where the whole of it is one, else itself with the parts replaced that `-`,
 * `_`, `/`, `.`, `:`, `#`, `@`, `&` and the like divide it into. `isValue`: whether it is what something is set to.
 */
export function replaceToken(text: string, start: number, end: number, isValue: boolean): string {
  let stop = end
  while (stop > start && isTrailing(text.charCodeAt(stop - 1))) stop--
  const token = text.slice(start, stop)
  const rest = text.slice(stop, end)
  if (token.length < 2 && !isDigit(text.charCodeAt(start))) return token + rest
  if (isValue && (token === 'true' || token === 'false')) return `<bool>${rest}`
  return (kindOf(token) ?? replaceParts(token)) + rest
}

/** `.`, `:`, `!`, `?` at the end of a token are of the sentence. */
function isTrailing(code: number): boolean {
  return code === 0x2e || code === COLON || code === 0x21 || code === 0x3f
}

const COLON = 0x3a
const AT = 0x40

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** What the whole token is; null for words and for what has several parts. */
function kindOf(token: string): string | null {
  const traits = traitsOf(token)
  if (traits.isUrl) return '<url>'
  if (traits.at > 0 && traits.lastDot > traits.at + 1 && traits.lastDot < token.length - 1) {
    return isHostname(token.slice(traits.at + 1), true) ? '<email>' : null
  }
  if (traits.digits > 0 || traits.colons > 1) {
    const address = kindOfAddress(token)
    if (address !== null) return address
    if (traits.colons === 5 || traits.dashes === 5) if (isMac(token)) return '<mac>'
    if (traits.digits > 0) {
      const number = kindOfNumber(token)
      if (number !== null) return number
      if (isDuration(token)) return '<duration>'
      if (isTraceparent(token)) return '<traceparent>'
      const hex = kindOfHex(token)
      if (hex !== null) return hex
      if (isId(token)) return '<id>'
    }
  }
  if (traits.lastDot > 0) {
    const colon = token.indexOf(':')
    const host = colon === -1 ? token : token.slice(0, colon)
    if (isHostname(host, false)) {
      if (colon === -1) return '<hostname>'
      return `<hostname>${replaceParts(token.slice(colon))}`
    }
  }
  return null
}

interface Traits {
  readonly digits: number
  readonly colons: number
  readonly dashes: number
  readonly lastDot: number
  readonly at: number
  readonly isUrl: boolean
}

function traitsOf(token: string): Traits {
  let digits = 0
  let colons = 0
  let dashes = 0
  let lastDot = -1
  let at = -1
  let isUrl = false
  for (let index = 0; index < token.length; index++) {
    const code = token.charCodeAt(index)
    if (isDigit(code)) digits++
    else if (code === COLON) {
      colons++
      if (token.charCodeAt(index + 1) === 0x2f && token.charCodeAt(index + 2) === 0x2f) {
        isUrl ||= index > 0
      }
    } else if (code === 0x2d) dashes++
    else if (code === 0x2e) lastDot = index
    else if (code === AT && at === -1) at = index
  }
  return { digits, colons, dashes, lastDot, at, isUrl }
}

/** W3C: version, trace, span and flags in hexadecimal. */
function isTraceparent(token: string): boolean {
  return (
    token.length === 55 &&
    token.charCodeAt(2) === 0x2d &&
    token.charCodeAt(35) === 0x2d &&
    token.charCodeAt(52) === 0x2d &&
    kindOfHex(token.slice(3, 35)) !== null
  )
}

/** Goes through the parts of a token, replacing numbers, ids and uuids among them. */
function replaceParts(token: string): string {
  let result = ''
  let at = 0
  while (at < token.length) {
    if (isSeparator(token.charCodeAt(at))) {
      result += token[at]!
      at++
      continue
    }
    const uuidEnd = at + 36
    if (token.length >= uuidEnd && kindOfHex(token.slice(at, uuidEnd)) === '<uuid>') {
      result += '<uuid>'
      at = uuidEnd
      continue
    }
    let end = at + 1
    while (end < token.length && !isSeparator(token.charCodeAt(end))) end++
    result += replacePart(token, at, end)
    at = end
  }
  return result
}

const SEPARATORS = new Uint8Array(0x80)
for (const char of '-_/.:#@&+~%$!?*^\\') SEPARATORS[char.charCodeAt(0)] = 1

function isSeparator(code: number): boolean {
  return code < 0x80 && SEPARATORS[code] === 1
}

/** Words that have a number as part of their name: `utf-8`, `sha-256`, `HTTP/2`, `int32`. */
const NUMBERED: ReadonlySet<string> = new Set(
  (
    'aes amd arm base big cp crc ecma ed es float h hmac http https ieee int iso koi md p ps rfc rs rsa s secp sha shift ' +
    'ssl tls ucs uint utf v windows win x ec ip ipv oauth log node k e ora ts errno'
  ).split(' '),
)

/** Of which a version stands behind a slash. */
const VERSIONED: ReadonlySet<string> = new Set(['http', 'https', 'tls', 'ssl'])

function replacePart(token: string, start: number, end: number): string {
  const part = token.slice(start, end)
  let letters = 0
  while (letters < part.length && !isDigit(part.charCodeAt(letters))) letters++
  if (letters === part.length) return part
  if (letters === 0 && isAllDigits(part, 0)) {
    return isNamed(token, start) ? part : '<int>'
  }
  const hex = kindOfHex(part)
  if (hex !== null) return hex
  if (isDuration(part)) return '<duration>'
  if (isId(part)) return '<id>'
  const digits = part.length - letters
  if (digits > 2 && isAllDigits(part, letters)) {
    const word = part.slice(0, letters)
    return NUMBERED.has(word.toLowerCase()) ? part : `${word}<int>`
  }
  return part
}

function isAllDigits(part: string, from: number): boolean {
  for (let at = from; at < part.length; at++) if (!isDigit(part.charCodeAt(at))) return false
  return true
}

/** Whether the word before, if any, has the number as part of its name; `iso-8859-1` has two. */
function isNamed(token: string, at: number): boolean {
  let end = at
  for (let steps = 0; steps < 3 && end > 0; steps++) {
    const code = token.charCodeAt(end - 1)
    if (code !== 0x2d && code !== 0x2f && code !== 0x2e) return false
    let start = end - 1
    while (start > 0 && end - start < 12 && !isSeparator(token.charCodeAt(start - 1))) start--
    const word = token.slice(start, end - 1).toLowerCase()
    if (code === 0x2f) return VERSIONED.has(word)
    if (NUMBERED.has(word)) return true
    if (!isAllDigits(word, 0) || word === '') return false
    end = start
  }
  return false
}
