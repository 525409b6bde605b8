import { BadValue } from './fault'
import { splitList, type ValueType } from './value'

/** What a token allows. `admin` reads too; `ingest` only sends telemetry. */
export type Scope = 'admin' | 'read' | 'ingest'

export const SCOPES: readonly Scope[] = ['admin', 'read', 'ingest']

/** A token of the configuration; a tenant always wins over what the telemetry itself says. */
export interface Token {
  readonly token: string
  readonly scope: Scope
  readonly tenant: string | null
}

export const MIN_TOKEN_LENGTH = 16

export const TOKEN_ALLOWED = `${MIN_TOKEN_LENGTH} or more of A-Z a-z 0-9 - . _ ~ + /, then = if any`

/** Tokens separated by commas, so that keys can be rotated. Its texts never repeat a token. */
export function tokens(): ValueType<readonly string[]> {
  return {
    allowed: `tokens separated by commas, each ${TOKEN_ALLOWED}`,
    isList: false,
    parse(value) {
      const entries = splitList(value)
      for (const [index, entry] of entries.entries()) {
        const problem = judgeToken(entry)
        if (problem !== null)
          throw new BadValue(`token ${index + 1} of ${entries.length} ${problem}`)
      }
      return [...new Set(entries)]
    },
    format: (values) => values.join(','),
  }
}

/** What is wrong with a token, as the end of a sentence that begins with the token; null when nothing is. RFC 6750, section 2.1. */
export function judgeToken(token: string): string | null {
  if (token.length < MIN_TOKEN_LENGTH) return `has only ${token.length} characters`
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return 'has a character no bearer token can have'
  return null
}

/** How many tokens there are of each scope, and how many of them belong to a tenant. */
export function formatTokenCounts(list: readonly Token[]): string {
  return SCOPES.map((scope) => {
    const ofScope = list.filter((token) => token.scope === scope)
    const bound = ofScope.filter(({ tenant }) => tenant !== null).length
    return `${ofScope.length} ${scope}${bound === 0 ? '' : ` (${bound} bound to a tenant)`}`
  }).join(', ')
}
