import { mayHoldSecret, REDACTED, redactText } from './secret-texts'
import { judgeName, NAME } from './secret-names'

/**
 * A URL without what may be a secret in it: no user, password and fragment, and `[redacted]` for what looks like a token in its
 * path or query and for the values of such names as `token` and `sig`. What is no URL comes back without secrets in
 * names and values.
 */
export function cleanUrl(text: string): string {
  let url
  try {
    url = new URL(text)
  } catch {
    return redactText(text)
  }
  const { protocol, host, pathname, search } = url
  const origin = pathname.startsWith('/') ? `${protocol}//${host}` : protocol
  return origin + cleanPath(pathname) + cleanQuery(search)
}

/** A path of which what looks like a token is `[redacted]`. */
export function cleanPath(path: string): string {
  if (!LONG_PART.test(path) && !mayHoldSecret(path)) return path
  return path.split('/').map(cleanPart).join('/')
}

function cleanQuery(search: string): string {
  if (search === '') return ''
  const pairs = search.slice(1).split('&').map(cleanPair)
  return `?${pairs.join('&')}`
}

function cleanPair(pair: string): string {
  const at = pair.indexOf('=')
  if (at === -1) return cleanPart(pair)
  const name = pair.slice(0, at)
  const value = pair.slice(at + 1)
  return `${name}=${isSecretName(name) ? REDACTED : cleanPart(value)}`
}

/** Those of queries alone are not secret as names of fields: `code` and `key` may be anything there. */
const SECRET_IN_QUERIES = /^(?:key|sig|signature|hmac|code|hash|state)$|[-_](?:key|sig|signature)$/i

function isSecretName(name: string): boolean {
  const decoded = decode(name)
  return SECRET_IN_QUERIES.test(decoded) || judgeName(decoded) !== NAME.open
}

function cleanPart(part: string): string {
  return isToken(decode(part)) ? REDACTED : redactText(part)
}

/** As long as a token, or what could be one in percent-encoding. */
const LONG_PART = /[^/]{20}/
const TOKEN = /^[\w~.=+:-]{20,}$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Long, without words: letters and digits mixed. The ids of what a webhook is about are shorter, or UUIDs. */
function isToken(text: string): boolean {
  if (text.length < 20 || UUID.test(text) || !TOKEN.test(text)) return false
  const switches = text.match(/[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])/g)?.length ?? 0
  return switches >= 4
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
