import type { TextMapSetter } from '@opentelemetry/api'
import { subscribe } from 'node:diagnostics_channel'
import { complain } from '../process/complaint'
import { CalledRequest, isSuppressed } from './http/called'

/**
 * One CLIENT span for each request of undici, the package or the copy in Node that `fetch` uses, told by its diagnostics
 * channels. Redirects and retries are requests of their own.
 */
export function traceFetch(): void {
  listen('undici:request:create', ({ request }) => created(request))
  listen('undici:client:sendHeaders', ({ request, socket }) => {
    request[CALLED]?.sent(socket?.remoteAddress, socket?.remotePort)
    if (request[CALLED] !== undefined)
      request[VERSION] = socket?.alpnProtocol === 'h2' ? '2' : '1.1'
  })
  listen('undici:request:headers', ({ request, response }) => {
    if (response !== undefined) request[CALLED]?.answered(response.statusCode, request[VERSION])
  })
  listen('undici:request:trailers', ({ request }) => request[CALLED]?.end())
  listen('undici:request:error', ({ request, error }) => request[CALLED]?.fail(error))
}

const CALLED = Symbol('sidelight.called')
const VERSION = Symbol('sidelight.version')

/** A request of undici, what all versions from 5 on have of it. */
interface UndiciRequest {
  readonly method: string
  readonly origin: string | URL
  readonly path: string
  /** Names and values in turn; one text with lines in undici 5. */
  headers: string | unknown[]
  readonly upgrade?: unknown
  addHeader?(name: string, value: string): unknown
  [CALLED]?: CalledRequest
  [VERSION]?: string
}

interface Message {
  readonly request: UndiciRequest
  readonly response?: { readonly statusCode: number }
  readonly error?: unknown
  readonly socket?: {
    readonly remoteAddress?: string
    readonly remotePort?: number
    readonly alpnProtocol?: string | false | null
  }
}

function listen(channel: string, seen: (message: Message) => void): void {
  subscribe(channel, (message) => {
    try {
      seen(message as Message)
    } catch (error) {
      complain('cannot trace a request', error)
    }
  })
}

function created(request: UndiciRequest): void {
  // A tunnel through a proxy is no request to anybody; of one for a WebSocket nothing tells the end.
  if (request.method === 'CONNECT' || request.upgrade || isSuppressed()) return
  const origin = new URL(request.origin)
  const scheme = origin.protocol.slice(0, -1)
  const host = origin.hostname
  const called = new CalledRequest({
    scope: 'sidelight/undici',
    method: request.method,
    scheme,
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port: origin.port === '' ? (scheme === 'https' ? 443 : 80) : Number(origin.port),
    target: request.path,
  })
  request[CALLED] = called
  called.inject(request, HEADER_SETTER)
}

/** Sets a header in place of one the application gave. */
const HEADER_SETTER: TextMapSetter<UndiciRequest> = {
  set(request, name, value) {
    const { headers } = request
    if (typeof headers === 'string') {
      const others = headers.replace(new RegExp(`^${name}:.*\r\n`, 'gim'), '')
      request.headers = `${others}${name}: ${value}\r\n`
    } else if (Array.isArray(headers) && replaceIn(headers, name, value)) {
      return
    } else if (typeof request.addHeader === 'function') {
      request.addHeader(name, value)
    } else if (Array.isArray(headers)) {
      headers.push(name, value)
    }
  },
}

function replaceIn(headers: unknown[], name: string, value: string): boolean {
  for (let at = 0; at < headers.length; at += 2) {
    if (typeof headers[at] !== 'string' || (headers[at] as string).toLowerCase() !== name) continue
    headers[at + 1] = value
    return true
  }
  return false
}
