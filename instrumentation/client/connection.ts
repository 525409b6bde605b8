import { SidelightError } from './error'

const DEFAULT_URL = 'http://127.0.0.1:4319'
/** Longer than the collector gives a statement, so that its own word on a slow question arrives. */
const DEFAULT_TIMEOUT_MS = 30_000
/** What `setTimeout` can wait. */
const MAX_TIMEOUT_MS = 2_147_483_647

/** The variables that say whom functions ask that were not made by `createClient`. The first token that is set is sent. */
export const VARIABLES = {
  url: 'SIDELIGHT_API_URL',
  tokens: ['SIDELIGHT_API_TOKEN', 'SIDELIGHT_ADMIN_TOKEN', 'SIDELIGHT_READ_TOKEN'],
} as const

/** Whom a client asks, and how. */
export interface ClientSettings {
  /** Where the API of a collector is; a path before its own is kept. `SIDELIGHT_API_URL`, else `http://127.0.0.1:4319`. */
  readonly url?: string | undefined
  /**
   * A token of scope `admin`, or `read` where that is enough. `SIDELIGHT_API_TOKEN`, else `SIDELIGHT_ADMIN_TOKEN`, else
   * `SIDELIGHT_READ_TOKEN`; the first one of a list.
   */
  readonly token?: string | undefined
  /** How long an answer may take, in milliseconds; 30 s unless given. */
  readonly timeoutMs?: number | undefined
  /** In place of the `fetch` of Node. */
  readonly fetch?: typeof fetch | undefined
}

/** Settings that were checked. */
export interface Connection {
  /** Ends in a slash. */
  readonly base: URL
  readonly token: string | null
  readonly timeoutMs: number
  readonly fetch: typeof fetch
}

/** Reads settings, and the environment for what they leave out. Throws SidelightError, without repeating a token. */
export function connect(settings: ClientSettings = {}, env = process.env): Connection {
  const base = parseBase(settings.url ?? (env[VARIABLES.url] || DEFAULT_URL))
  const token = settings.token ?? tokenOf(env)
  if (token !== null && !/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    throw unusable(base.href, 'the token is empty or has a character no bearer token can have')
  }
  // Looked up when asking, for it may be replaced until then.
  const ask: typeof fetch = (...request) => (settings.fetch ?? globalThis.fetch)(...request)
  return { base, token, timeoutMs: readTimeout(settings.timeoutMs, base.href), fetch: ask }
}

/** The time limit asked for. Throws SidelightError. */
export function readTimeout(
  timeoutMs: number | undefined,
  url: string,
  usual = DEFAULT_TIMEOUT_MS,
) {
  if (timeoutMs === undefined) return usual
  if (timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw unusable(
    url,
    `timeoutMs must be more than 0 and at most ${MAX_TIMEOUT_MS}, not ${timeoutMs}`,
  )
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw unusable('the collector', 'its URL is none of http or https')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    const detail = 'its URL must have no user, password or query'
    throw unusable(url.origin, detail, `give the token as token or ${VARIABLES.tokens[0]}`)
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** The collector takes lists, while tokens are changed. */
function tokenOf(env: NodeJS.ProcessEnv): string | null {
  for (const name of VARIABLES.tokens) {
    const [first = ''] = (env[name] ?? '').split(',').map((each) => each.trim())
    if (first !== '') return first
  }
  return null
}

function unusable(url: string, detail: string, advice?: string): SidelightError {
  return new SidelightError({ method: 'ask', url, title: 'Bad Settings', detail, advice })
}
