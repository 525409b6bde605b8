import type { AnyValueMap } from '@opentelemetry/api-logs'
import { hash } from 'node:crypto'
import { LONGEST, readAmount, readChoice, readObject, readWholeText, refuse } from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'
import { redactText } from './secret-texts'
import { textOf } from './span'

/** How much of a rate limit is used. */
export interface RateLimitUse {
  /** Who is limited: the owner of an API key, an organisation, an address. */
  readonly keyType: 'api_key' | 'org' | 'ip'
  /** The key, organisation or address. Of an API key only its fingerprint is sent. */
  readonly identifier: string
  /** Requests counted in the window. */
  readonly requestCount: number
  /** How many the window allows. */
  readonly limitMax: number
  /** When the window ends: a date, its ISO 8601 text, or Unix time in milliseconds (or seconds, below 10^11). */
  readonly resetAt: Date | number | string
}

/**
 * Tells how much of a rate limit is used: call it on every request. Of one identifier it sends what it is told at most once a
 * second, and at once when 90 or 100 % are reached or a new window has begun; of identifiers below 90 % it tells of 500 a second
 * and type at most. It remembers 10,000 identifiers of a type. Without an identifier, or with counts that are no numbers of 0 or more, nothing is sent; a time that is none is left out.
 * Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { trackRateLimit } from 'sidelight'
 *
 * const resetAt = new Date(Date.now() + 60_000)
 * trackRateLimit({ keyType: 'org', identifier: 'acme', requestCount: 950, limitMax: 1_000, resetAt })
 */
export function trackRateLimit(use: RateLimitUse): void {
  tell('trackRateLimit', () => {
    const given = readObject('trackRateLimit', use)
    const keyType = readChoice('trackRateLimit', 'keyType', given.keyType, KEY_TYPES)
    const identifier = readIdentifier(keyType, given.identifier)
    const count = readAmount('trackRateLimit', 'requestCount', given.requestCount)
    const limit = readAmount('trackRateLimit', 'limitMax', given.limitMax)
    if (keyType === undefined || identifier === undefined) return
    if (count === undefined || limit === undefined) return
    const resetMs = readTime(given.resetAt)
    const told = admit(MEMORY[keyType], identifier, bandOf(count, limit), resetMs)
    if (told === undefined) return
    const attributes: AnyValueMap = {
      [ATTRIBUTE.rateLimitKeyType]: keyType,
      [ATTRIBUTE.rateLimitIdentifier]:
        keyType === 'api_key'
          ? (told.fingerprint ??= fingerprintOf(identifier))
          : redactText(identifier),
      [ATTRIBUTE.rateLimitRequestCount]: count,
      [ATTRIBUTE.rateLimitMax]: limit,
    }
    if (resetMs !== undefined) attributes[ATTRIBUTE.rateLimitResetAt] = isoOf(resetMs)
    emitEvent(EVENT.rateLimit, attributes, told.band === 0 ? 'info' : 'warn')
  })
}

/**
 * What stands for an API key in what `trackRateLimit` sends: 16 hex digits of its SHA-256 and, of a key of 16 characters or more,
 * its last four. Who has the key finds its rate limit by this; nobody gets from it to the key.
 *
 * @example
 * import { apiKeyFingerprint } from 'sidelight'
 *
 * console.log(apiKeyFingerprint('key-0123456789abcdef')) // prints sha256:97b2173c4f5d679e:cdef
 */
export function apiKeyFingerprint(apiKey: string): string {
  return fingerprintOf(textOf(apiKey).trim())
}

function fingerprintOf(key: string): string {
  if (key.startsWith(FINGERPRINT) && KNOWN_FINGERPRINT.test(key)) return key
  const digest = `${FINGERPRINT}${hash('sha256', key).slice(0, FINGERPRINT_DIGITS)}`
  return key.length < SHORTEST_SHOWN ? digest : `${digest}:${key.slice(-SHOWN)}`
}

/** Long keys, as JSON Web Tokens are, are known by their fingerprints from here on. */
function readIdentifier(keyType: string | undefined, given: unknown): string | undefined {
  const isLongKey = keyType === 'api_key' && typeof given === 'string' && given.length > LONGEST.id
  return readWholeText('trackRateLimit', 'identifier', isLongKey ? apiKeyFingerprint(given) : given)
}

const FINGERPRINT = 'sha256:'
const KNOWN_FINGERPRINT = /^sha256:[0-9a-f]{16}(?::.{4})?$/
const FINGERPRINT_DIGITS = 16
const SHORTEST_SHOWN = 16
const SHOWN = 4

const KEY_TYPES = { api_key: true, org: true, ip: true } as const

const SECOND = 1000
const INTERVAL_MS = SECOND
const MOST_A_SECOND = 500
const MOST_KEYS = 10_000
/** Before 1973 in milliseconds, after 5138 in seconds. */
const MOST_SECONDS = 1e11
/** The latest time a date can be. */
const LATEST_MS = 8.64e15

/** What was told last of an identifier. */
interface Told {
  atMs: number
  /** 0 below 90 %, 1 below 100 %, 2 from there. */
  band: number
  resetMs: number
  fingerprint: string | undefined
}

/** Those of the last while, and those of the while before, which are forgotten when there are too many of the last. */
interface Memory {
  recent: Map<string, Told>
  earlier: Map<string, Told>
  /** How many below 90 % were told of, and in which second. */
  second: number
  toldInSecond: number
}

const MEMORY: Readonly<Record<keyof typeof KEY_TYPES, Memory>> = {
  api_key: newMemory(),
  org: newMemory(),
  ip: newMemory(),
}

function newMemory(): Memory {
  return { recent: new Map(), earlier: new Map(), second: 0, toldInSecond: 0 }
}

/** Notes that an identifier is told of now; undefined when that need not be. */
function admit(
  memory: Memory,
  identifier: string,
  band: number,
  resetMs = Infinity,
): Told | undefined {
  const nowMs = performance.now()
  const told = memory.recent.get(identifier) ?? recall(memory, identifier)
  // A sliding window ends later with each request; a new one has begun only when the last one is over.
  const isNewWindow = resetMs > told.resetMs && Date.now() >= told.resetMs
  if (nowMs - told.atMs < INTERVAL_MS && band <= told.band && !isNewWindow) return undefined
  // Of as many as have addresses nobody wants to know but who is near the limit; the others' next request tells of them.
  if (band === 0 && told.band === 0 && !hasRoom(memory, nowMs)) return undefined
  told.atMs = nowMs
  told.band = band
  told.resetMs = resetMs
  return told
}

function hasRoom(memory: Memory, nowMs: number): boolean {
  const second = Math.floor(nowMs / SECOND)
  if (second !== memory.second) {
    memory.second = second
    memory.toldInSecond = 0
  }
  return ++memory.toldInSecond <= MOST_A_SECOND
}

function recall(memory: Memory, identifier: string): Told {
  const told = memory.earlier.get(identifier) ?? {
    atMs: -Infinity,
    band: 0,
    resetMs: 0,
    fingerprint: undefined,
  }
  if (memory.recent.size >= MOST_KEYS / 2) {
    memory.earlier = memory.recent
    memory.recent = new Map()
  }
  memory.recent.set(identifier, told)
  return told
}

function bandOf(count: number, limit: number): number {
  if (count >= limit) return 2
  return count >= limit * 0.9 ? 1 : 0
}

let lastResetMs = NaN
let lastResetText = ''

/** Identifiers that share a window come one after the other. */
function isoOf(ms: number): string {
  if (ms !== lastResetMs) {
    lastResetText = new Date(ms).toISOString()
    lastResetMs = ms
  }
  return lastResetText
}

function readTime(given: unknown): number | undefined {
  const ms =
    given instanceof Date
      ? given.getTime()
      : typeof given === 'string'
        ? Date.parse(given)
        : typeof given === 'number'
          ? given < MOST_SECONDS
            ? given * SECOND
            : given
          : NaN
  if (ms > 0 && ms <= LATEST_MS) return ms
  refuse('trackRateLimit', 'resetAt', 'a date, its ISO 8601 text or Unix time in milliseconds')
  return undefined
}
