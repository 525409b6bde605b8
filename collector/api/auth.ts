import { createHash, timingSafeEqual } from 'node:crypto'
import type { Scope, Token } from '../config/token'

/** Every token in force; several of one scope while keys are rotated. */
export type AccessTokens = readonly Token[]

/** What a caller may do. */
export interface Grant {
  readonly scope: Scope
  readonly tenant: string | null
}

const OPEN = new Set(['/health', '/health/live', '/health/ready'])
const ADMIN_PREFIXES = ['/api/admin/', '/api/cron/']
const RANK: Readonly<Record<Scope, number>> = { ingest: 0, read: 1, admin: 2 }

/** The scope a request needs, null when it is open. `route` is the pattern that matched, never the raw path: that may be escaped. */
export function neededScope(method: string, route: string): Scope | null {
  if (!isRead(method)) return 'admin'
  if (OPEN.has(route)) return null
  return ADMIN_PREFIXES.some((prefix) => route.startsWith(prefix)) ? 'admin' : 'read'
}

export function isAllowed(grant: Grant, needed: Scope): boolean {
  return RANK[grant.scope] >= RANK[needed]
}

/** The token a caller presents: `Authorization: Bearer`, or `?token=` on reads so that a printed URL opens in a browser. */
export function presentedToken(
  method: string,
  authorization: string | undefined,
  queryToken: unknown,
): string | null {
  if (authorization !== undefined) return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  return isRead(method) && typeof queryToken === 'string' ? queryToken : null
}

/** A look-up of tokens in constant time: digests are compared, all of them, whatever matches. */
export function createTokenCheck(tokens: AccessTokens): (presented: string) => Grant | null {
  const known = tokens.map(({ token, scope, tenant }) => ({
    digest: digestOf(token),
    grant: { scope, tenant },
  }))
  return (presented) => {
    const digest = digestOf(presented)
    let best: Grant | null = null
    for (const { digest: candidate, grant } of known) {
      const matches = timingSafeEqual(candidate, digest)
      if (matches && (best === null || RANK[grant.scope] > RANK[best.scope])) best = grant
    }
    return best
  }
}

/** Whether a method asks only. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** What of a secret may be kept and compared. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
