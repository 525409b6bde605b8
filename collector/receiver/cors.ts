import type { FastifyCorsOptions } from '@fastify/cors'

/** How long a browser may remember what it was allowed; browsers themselves forget within two hours. */
const MAX_AGE_SECONDS = 3_600
/** What OTLP clients send. */
const HEADERS = ['authorization', 'content-encoding', 'content-type']

export interface CorsRules {
  /** Origins, `*` in them standing for any characters of a host or a port; `*` alone is every origin. Empty: none. */
  readonly origins: readonly string[]
  /** Request headers allowed beside those of OTLP. */
  readonly headers: readonly string[]
}

/** Which pages may send (Fetch standard, CORS protocol). Others are answered as if they had not said where they come from. */
export function corsOptions({ origins, headers }: CorsRules): FastifyCorsOptions {
  const patterns = origins.map(toPattern)
  return {
    origin: (origin, callback) => {
      callback(null, origin !== undefined && patterns.some((pattern) => pattern.test(origin)))
    },
    methods: ['POST'],
    allowedHeaders: [...HEADERS, ...headers],
    exposedHeaders: ['retry-after'],
    maxAge: MAX_AGE_SECONDS,
    // What is no preflight is answered 405, with a Status.
    strictPreflight: false,
  }
}

function toPattern(origin: string): RegExp {
  if (origin === '*') return /^/
  const literal = origin.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  const pattern = literal.replace(/:\*$/, ':\\d+').replaceAll('*', '[a-z0-9.-]+')
  return new RegExp(`^${pattern}$`, 'i')
}
