import { randomBytes } from 'node:crypto'
import { digestOf, type Grant } from './auth'

const MINUTE_MS = 60_000
const SECRET_BYTES = 32

/** How long a one-time link opens. */
export const LINK_MS = 10 * MINUTE_MS
/** How long a session lasts. */
export const SESSION_MS = 12 * 60 * MINUTE_MS
/** Of links and of sessions; the oldest goes. */
const MAX_KEPT = 1_000

/** What became of the code of a link: a session, or nothing since nobody gave it out or it is used up or too old. */
export type Redeemed = { readonly session: string } | 'unknown' | 'gone'

interface Kept {
  readonly grant: Grant
  readonly untilMs: number
}

/**
 * One-time links and the sessions of browsers, in memory: they end with the process. What is given out is kept as a digest
 * only.
 */
export class Sessions {
  /** Cookies know no ports: of two collectors on one host neither logs the other out. */
  readonly cookieName = `sidelight_${randomBytes(4).toString('hex')}`
  readonly #nowMs: () => number
  /** Null when it has been used. */
  readonly #links = new Map<string, Kept | null>()
  readonly #sessions = new Map<string, Kept>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The code of a link that opens a session of this grant, once. */
  issue(grant: Grant): { readonly code: string; readonly expiresMs: number } {
    const expiresMs = this.#nowMs() + LINK_MS
    return { code: this.#keep(this.#links, { grant, untilMs: expiresMs }), expiresMs }
  }

  redeem(code: string): Redeemed {
    const key = keyOf(code)
    const link = this.#links.get(key)
    if (link === undefined) return 'unknown'
    this.#links.set(key, null)
    if (link === null || link.untilMs <= this.#nowMs()) return 'gone'
    return { session: this.open(link.grant) }
  }

  /** The id of a new session. */
  open(grant: Grant): string {
    return this.#keep(this.#sessions, { grant, untilMs: this.#nowMs() + SESSION_MS })
  }

  /** What a session may do, null when there is none of this id. */
  find(id: string): Grant | null {
    const session = this.#sessions.get(keyOf(id))
    return session !== undefined && session.untilMs > this.#nowMs() ? session.grant : null
  }

  close(id: string): void {
    this.#sessions.delete(keyOf(id))
  }

  #keep(into: Map<string, Kept | null>, kept: Kept): string {
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    for (const oldest of into.keys()) {
      if (into.size < MAX_KEPT) break
      into.delete(oldest)
    }
    into.set(keyOf(secret), kept)
    return secret
  }
}

function keyOf(secret: string): string {
  return digestOf(secret).toString('base64')
}
