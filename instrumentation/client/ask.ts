import { type Connection, connect, readTimeout } from './connection'
import { describeFailure, describeRefusal, NotOurs } from './failure'
import { type Name, type Route, ROUTES } from './routes'

/** How a single question is asked. */
export interface CallOptions {
  /** Aborts the question, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
  /** How long this answer may take, in milliseconds; that of the client unless given. */
  readonly timeoutMs?: number | undefined
  /** Only what belongs to this tenant, '' for none; a token that is bound to one asks about that one whatever is here. */
  readonly tenant?: string | undefined
}

/** Options of a question, with whom to ask; the environment says where nothing is given. */
export interface BoundOptions extends CallOptions {
  readonly connection?: Connection
}

/** What is put into a route. */
export interface Parts {
  /** By the names in the path. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: object
  /** Sent as JSON. */
  readonly body?: object
}

/**
 * Asks, and resolves to the answer. A GET whose connection breaks is asked once more, for one that lay idle may just have been
 * closed; nothing else is repeated. Rejects with SidelightError.
 */
export async function ask<T>(name: Name, parts: Parts, options: BoundOptions = {}): Promise<T> {
  const { connection = connect(), signal, tenant } = options
  const { method, path }: Route = ROUTES[name]
  const url = new URL(fill(path, parts.path ?? {}), connection.base)
  addQuery(url.searchParams, { tenant, ...parts.query })
  const timeoutMs = readTimeout(options.timeoutMs, url.href, connection.timeoutMs)
  const deadline = AbortSignal.timeout(timeoutMs)
  const request = { ...requestOf(connection, method, parts.body), signal: either(deadline, signal) }
  const send = async (isFirst: boolean): Promise<T> => {
    try {
      const response = await connection.fetch(url.href, request)
      if (!response.ok) throw await describeRefusal(method, url.href, response)
      return await readAnswer<T>(response)
    } catch (error) {
      signal?.throwIfAborted()
      const failure = describeFailure(error, { method, url: url.href, timeoutMs, deadline })
      if (isFirst && method === 'GET' && failure.isBroken) return send(false)
      throw failure.error
    }
  }
  signal?.throwIfAborted()
  return send(true)
}

/** Text in an answer that says it is JSON, as one of ours does. */
async function readAnswer<T>(response: Response): Promise<T> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/json')) throw new NotOurs(`its answer is ${type || 'no JSON'}`)
  const text = await response.text()
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new NotOurs('its answer is not the JSON it says it is', { cause })
  }
}

function fill(path: string, parts: Readonly<Record<string, string>>): string {
  const filled = path.replace(/{(\w+)}/g, (_, name: string) =>
    encodeURIComponent(parts[name] ?? ''),
  )
  // Behind the path of the connection.
  return filled.slice(1)
}

function addQuery(search: URLSearchParams, query: object): void {
  for (const [name, value] of Object.entries(query) as [string, unknown][]) {
    for (const each of [value].flat()) {
      if (each !== undefined && each !== null) search.append(name, String(each))
    }
  }
}

function requestOf({ token }: Connection, method: string, body: object | undefined): RequestInit {
  return {
    method,
    headers: {
      accept: 'application/json',
      ...(token === null ? undefined : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    // Where it leads to, nobody said that the token may be sent.
    redirect: 'manual',
  }
}

function either(deadline: AbortSignal, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? deadline : AbortSignal.any([deadline, signal])
}
