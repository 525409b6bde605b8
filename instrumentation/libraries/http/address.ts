import { redactText } from '../../api/secret-texts'

/** A host and its port; the port is undefined where it goes without saying. */
export interface Address {
  readonly host: string
  readonly port: number | undefined
}

const MAX_KEPT_HOSTS = 256
const kept = new Map<string, Address>()

/** Takes `example.com:8080` or `[::1]:80` apart. The brackets of IPv6 are not part of the host. */
export function parseHost(text: string): Address {
  const known = kept.get(text)
  if (known !== undefined) return known
  const address = splitHost(text)
  // What clients put there is theirs: it must not fill the memory.
  if (kept.size < MAX_KEPT_HOSTS && text.length < MAX_HOST_LENGTH) kept.set(text, address)
  return address
}

const MAX_HOST_LENGTH = 256

function splitHost(text: string): Address {
  const host = /^\[(.*)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]*):(\d{1,5})$/.exec(text)
  if (host === null) return { host: clip(text, MAX_HOST_LENGTH), port: undefined }
  return {
    host: clip(host[1]!, MAX_HOST_LENGTH),
    port: host[2] === undefined ? undefined : Number(host[2]),
  }
}

/** Longer than Node lets a request line be, unless it is told otherwise. */
const MAX_TARGET_LENGTH = 16_384

/** The path of a request target: without its query, and without scheme and authority if it has them (RFC 9112, 3.2). */
export function pathOf(target: string, queryAt: number): string {
  const end = queryAt < 0 ? target.length : queryAt
  let start = 0
  if (target.charCodeAt(0) !== SLASH) {
    const authority = target.indexOf('://')
    if (authority > 0 && authority < end) {
      start = target.indexOf('/', authority + 3)
      if (start < 0 || start >= end) return '/'
    }
  }
  return target.slice(start, Math.min(end, start + MAX_TARGET_LENGTH))
}

const SLASH = 47

/** The query of a request target, secrets taken out; undefined if it has none. */
export function queryOf(target: string, queryAt: number): string | undefined {
  if (queryAt < 0 || queryAt === target.length - 1) return undefined
  return redact(target.slice(queryAt + 1, queryAt + 1 + MAX_TARGET_LENGTH))
}

/** A query with the values of signatures replaced (semantic conventions, `url.query`), and those of names such as `access_token`. */
export function redact(query: string): string {
  return redactText(query).replace(SIGNATURES, '$1=REDACTED')
}

const SIGNATURES =
  /(?<=^|&)(AWSAccessKeyId|Signature|sig|X-Goog-Signature|X-Amz-(?:Signature|Credential|Security-Token))=[^&#]*/g

/** The address a client asks for, without credentials, fragment and the values of signatures. */
export function fullUrl(origin: string, target: string): string {
  let url = target
  if (target.charCodeAt(0) === SLASH) url = origin + target
  // What a proxy is asked for is whole already, and may name a user.
  else if (target.includes('://')) url = target.replace(/(?<=:\/\/)[^/?#]*@/, '')
  else url = `${origin}/${target}`
  const queryAt = url.indexOf('?')
  if (queryAt >= 0) url = url.slice(0, queryAt + 1) + redact(url.slice(queryAt + 1))
  return clip(url, MAX_TARGET_LENGTH)
}

function clip(text: string, length: number): string {
  return text.length > length ? text.slice(0, length) : text
}
