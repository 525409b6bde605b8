import { createHash, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal'

/** A token that may send telemetry, and the tenant it speaks for, null for the one the telemetry names. */
export interface IngestToken {
  readonly token: string
  readonly tenant: string | null
}

/** Finds the tenant of a request by its Authorization header; with no tokens the door is open. Throws Refusal 401. */
export function createTokenCheck(
  tokens: readonly IngestToken[],
): (authorization: string | undefined) => string | null {
  const known = tokens.map(({ token, tenant }) => ({ hash: hashOf(token), tenant }))
  return (authorization) => {
    if (known.length === 0) return null
    const presented = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    if (presented === undefined) throw refuse('a bearer token is needed')
    const hash = hashOf(presented)
    // Hashes have one length and all are compared, so that the time taken tells nothing.
    const found = known.filter((candidate) => timingSafeEqual(candidate.hash, hash))[0]
    if (found === undefined) throw refuse('the bearer token is not one of this collector')
    return found.tenant
  }
}

/**
 * Finds the tenant by the SHA-256 of a token, in hex, null where none was given; undefined when nobody with it may send. With
 * no tokens everybody may.
 */
export function createTokenHashCheck(
  tokens: readonly IngestToken[],
): (hash: string | null) => string | null | undefined {
  const known = tokens.map(({ token, tenant }) => ({ hash: hashOf(token).toString('hex'), tenant }))
  // Who can write these down knows a token, or another hash: nothing is told by the time it takes.
  return (hash) =>
    known.length === 0 ? null : known.find((candidate) => candidate.hash === hash)?.tenant
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function refuse(why: string): Refusal {
  return new Refusal(
    'unauthenticated',
    `${why}: set OTEL_EXPORTER_OTLP_HEADERS to "Authorization=Bearer <token>"`,
    {
      headers: { 'www-authenticate': 'Bearer realm="sidelight"' },
    },
  )
}
