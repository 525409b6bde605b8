import { judgeName, NAME, type NameVerdict } from './secret-names'

/** What stands for a secret. */
export const REDACTED = '[redacted]'

/**
 * Replaces what is secret in a text: the password of a URL, what follows `Bearer` and `Basic`, JSON Web Tokens, private
 * keys, keys of well-known forms, and the values of names such as `access_token=`, `"password":` and `Cookie:`, in
 * queries, JSON, headers and connection strings. Any other text is returned as it is.
 *
 * @example
 * import { redactText } from 'sidelight'
 *
 * console.log(redactText('cannot connect to postgres://shop:s3cret@db/shop'))
 * // prints cannot connect to postgres://shop:[redacted]@db/shop
 * console.log(redactText('GET /orders?access_token=abc&page=2'))
 * // prints GET /orders?access_token=[redacted]&page=2
 */
export function redactText(text: string): string {
  if (!mayHoldSecret(text)) return text
  let redacted = text
  if (text.length > LONGEST) redacted = `${text.slice(0, LONGEST)}[truncated]`
  if (redacted.includes('-----BEGIN')) redacted = redacted.replace(PRIVATE_KEY, `$1${REDACTED}$2`)
  if (redacted.includes('://')) redacted = redacted.replace(URL_PASSWORD, `$1${REDACTED}@`)
  redacted = redacted.replace(SCHEME, `$1$2 ${REDACTED}`).replace(KNOWN_FORM, REDACTED)
  return redactPairs(redacted)
}

/**
 * False when there is certainly nothing secret in a text; what nearly every text is asked. The first look is at single
 * characters, of which every secret has one, for that takes a nanosecond a character; others take five.
 */
export function mayHoldSecret(text: string): boolean {
  const { length } = text
  if (length <= 4) return false
  const slot = length & 127
  if (cleanTexts[slot] === text) return false
  const mayHold =
    (length < SHORTEST_FORM ? TELLING_SHORT : TELLING).test(text) && isSuspicious(text)
  if (!mayHold && length <= 128) cleanTexts[slot] = text
  return mayHold
}

/** The last one of each length; messages and the like are the same again and again. */
const cleanTexts: string[] = new Array<string>(128).fill('')

function isSuspicious(text: string): boolean {
  return FORMS.test(text) || (PAIRED.test(text) && NAMES.test(text)) || URL_WITH_USER.test(text)
}

const LONGEST = 1_000_000
/** Of tokens of well-known forms. */
const SHORTEST_FORM = 16
const TELLING_SHORT = /[=:]|[rcRC]\s/
const TELLING = /[=:J_Ix]|[rcRC]\s|--B/
const FORMS =
  /[Bb](?:earer|asic)|BEARER|BASIC|eyJ|--BEGIN|[sr]k_|gh[opsur]_|github_p|xox|AKIA|ASIA|AIza/
/** Times and the schemes of URLs are no pairs. */
const PAIRED = /=|[^\d\s]\s?:(?!\/\/)|:[^\d/]/
const NAMES =
  /pass|pwd|secret|token|key|auth|bearer|cookie|credential|sess|sid|card|cvv|cvc|jwt|otp|pin|code|ssn|ccn|csrf|xsrf|csc|social/i
const URL_WITH_USER = /:\/\/[^\s/?#"'<>]*@/
const PRIVATE_KEY =
  /(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)[^]*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g
/** Up to the last @ before the path, for passwords have some. */
const URL_PASSWORD = /(:\/\/[^\s/?#:@"'<>]*:)[^\s/?#"'<>]*@/g
/** Words of prose behind it are none: `missing bearer token`, `basic education`. */
const SCHEME =
  /\b(?:(BEARER|[Bb]earer)\s+(?!(?:tokens?|auth\w*|scheme|header|credentials?|format|bonds?)\b)[\w.~+/=-]{4,}|(BASIC|[Bb]asic)\s+(?=[\w.~+/-]*[0-9A-Z=])[\w.~+/=-]{6,})/g
const KNOWN_FORM =
  /\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*|\b[sr]k_(?:live|test)_\w{8,}|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}|\bxox[a-z]-[\w-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}/g

/** A name and what is between it and its value: `name=`, `name: `, `"name":"`, `\"name\":\"`, `name => '`. */
const PAIR =
  /(?<!\w)([A-Za-z_$][\w$-]{1,80}(?:\.sid)?)(\\*["'])?\s{0,8}(=>?|:(?!\/\/))\s{0,8}(\\*["'`])?/g
const PLAIN_VALUE = /[^\s&;,"'`<>()[\]{}\\]+/y
const LITERAL = /^(?:true|false|null|undefined)$/
const NUMBER = /^[0-9]+(?:\.[0-9]+)?$/
const WORD = /^[A-Za-z][a-z]*[.!?]?$/
const REST_OF_LINE = /[^\r\n"]+/y
/** The scheme and what follows it. */
const CREDENTIALS = /(?:[A-Za-z][\w-]{2,20} +)?[^\s,"']+/y
const COOKIE = /cookie$/i
const AUTHORIZATION = /authorization$/i

function redactPairs(text: string): string {
  PAIR.lastIndex = 0
  let redacted = ''
  let taken = 0
  for (let found = PAIR.exec(text); found !== null; found = PAIR.exec(text)) {
    const [whole, name = '', nameQuote, separator = '', quote] = found
    const verdict = judgeName(name)
    if (verdict === NAME.open || verdict === NAME.told) {
      // The value of one may be the name of the next: `error=token=abc`.
      if (quote !== undefined) PAIR.lastIndex -= quote.length
      continue
    }
    const start = found.index + whole.length
    const end =
      quote === undefined
        ? endOfValue(text, start, { name, verdict, separator, isQuoted: nameQuote !== undefined })
        : endOfQuoted(text, start, quote)
    if (end <= start) continue
    const isJson = quote === undefined && nameQuote !== undefined
    redacted += text.slice(taken, start) + (isJson ? `"${REDACTED}"` : REDACTED)
    taken = end
    PAIR.lastIndex = end
  }
  return taken === 0 ? text : redacted + text.slice(taken)
}

interface Pair {
  readonly name: string
  readonly verdict: NameVerdict
  readonly separator: string
  /** Whether the name is. */
  readonly isQuoted: boolean
}

/** Where a value without quotes ends; where it starts, if it is no secret. */
function endOfValue(text: string, start: number, pair: Pair): number {
  const { name, verdict, separator, isQuoted } = pair
  if (text.startsWith(REDACTED, start)) return start
  const first = text[start]
  if (first === '[' || first === '{') {
    if (verdict === NAME.text) return start
    const end = text.indexOf(first === '[' ? ']' : '}', start)
    return end === -1 ? text.length : end + 1
  }
  if (separator === ':' && !isQuoted) {
    if (COOKIE.test(name)) return endOf(REST_OF_LINE, text, start)
    if (AUTHORIZATION.test(name)) return endOf(CREDENTIALS, text, start)
  }
  const end = endOf(PLAIN_VALUE, text, start)
  const value = text.slice(start, end)
  if (LITERAL.test(value)) return start
  if (verdict === NAME.countable && NUMBER.test(value)) return start
  // Prose, as in `invalid token: unexpected end`.
  if (separator === ':' && !isQuoted && WORD.test(value)) return start
  return end
}

function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start
  return pattern.test(text) ? pattern.lastIndex : start
}

/**
 * Where a value in quotes ends. In JSON inside of JSON the quotes themselves are escaped: with 0, 1, 3, 7 backslashes
 * a quote ends the value if those beyond them are pairs of escaped backslashes.
 */
function endOfQuoted(text: string, start: number, quote: string): number {
  const escapes = quote.length - 1
  const mark = quote.at(-1) ?? '"'
  for (let at = text.indexOf(mark, start); at !== -1; at = text.indexOf(mark, at + 1)) {
    let backslashes = 0
    while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++
    const beyond = backslashes - escapes
    if (beyond >= 0 && beyond % (2 * (escapes + 1)) === 0) return at - escapes
  }
  return text.length
}
