import type { TextMapSetter } from '@opentelemetry/api'
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { complain } from '../process/complaint'
import { CalledRequest, isSuppressed } from './http/called'
import {
  type Emit,
  type EmitArguments,
  EXCHANGE,
  type Exchange,
  type Followed,
  followMessages,
} from './http/exchange'

/**
 * One CLIENT span for each request made with `node:http` or `node:https`, by whatever name a module imported the
 * functions. It is started when Node has made the request, and ends with the answer's last byte. Listeners run in the
 * context they had.
 */
export function traceClients(): void {
  followMessages(http.ClientRequest.prototype)
  followMessages(http.IncomingMessage.prototype)
  patch(http, 'http', 80)
  patch(https, 'https', 443)
  syncBuiltinESMExports()
}

type Request = (...args: unknown[]) => ClientRequest
interface Requests {
  request: Request
  get: Request
}

function patch(module: object, scheme: 'http' | 'https', defaultPort: number): void {
  const exports = module as Requests
  const original = exports.request
  // Node's own functions have these names and parameters.
  const request = function request(this: unknown, ..._args: unknown[]): ClientRequest {
    const made = original.apply(this, arguments as unknown as unknown[])

    follow(made, arguments, scheme, defaultPort)
    return made
  }
  const get = function get(
    this: unknown,
    _url: unknown,
    _options: unknown,
    _done: unknown,
  ): ClientRequest {
    const made = request.apply(this, arguments as unknown as unknown[])
    made.end()
    return made
  }
  exports.request = request
  exports.get = get
}

function follow(
  request: ClientRequest & Followed,
  args: ArrayLike<unknown>,
  scheme: 'http' | 'https',
  defaultPort: number,
): void {
  // Another tool that stands in for Node's client returns requests of its own.
  if (!(request instanceof http.ClientRequest) || isSuppressed()) return
  try {
    const called = new CalledRequest({
      scope: 'sidelight/http',
      method: request.method,
      scheme:
        request.protocol === 'https:' ? 'https' : request.protocol === 'http:' ? 'http' : scheme,
      ...placeOf(request, args, defaultPort),
      target: request.path,
    })
    called.inject(request, HEADER_SETTER)
    request[EXCHANGE] = new ClientExchange(request, called)
  } catch (error) {
    complain('cannot trace a request', error)
  }
}

/** The server asked for, as `http.request` understands its arguments. */
function placeOf(
  request: ClientRequest,
  args: ArrayLike<unknown>,
  defaultPort: number,
): { readonly host: string | undefined; readonly port: number | undefined } {
  const [first, second] = [args[0], args[1]]
  const isUrl = typeof first === 'string' || first instanceof URL
  const options = (isUrl ? second : first) as RequestOptions | null | undefined
  const given = typeof options === 'object' && options !== null ? options : undefined
  if (given?.socketPath) return { host: undefined, port: undefined }
  // The URL is known to be a good one: Node has made a request of it.
  const url = isUrl ? new URL(first) : undefined
  const port =
    Number(given?.port || url?.port || given?.defaultPort || agentPort(request)) || defaultPort
  const host = request.host
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port }
}

function agentPort(request: ClientRequest): unknown {
  return (request as { agent?: { defaultPort?: unknown } }).agent?.defaultPort
}

/**
 * Sets a header in place of one the application gave. With headers given as an array, or with `expect`, Node has put the
 * text of the head together already, but sends it no sooner than the next tick.
 */
const HEADER_SETTER: TextMapSetter<ClientRequest> = {
  set(request, name, value) {
    const rendered = request as unknown as { _header: string | null }
    if (rendered._header === null || rendered._header === undefined) {
      request.setHeader(name, value)
    } else if (rendered._header.endsWith('\r\n\r\n')) {
      const line = new RegExp(`\r\n${name}:[^\r]*`, 'gi')
      const head = rendered._header.replace(line, '')
      rendered._header = `${head.slice(0, -2)}${name}: ${value}\r\n\r\n`
    }
  },
}

/** Follows a request and its answer to their end. */
class ClientExchange implements Exchange {
  readonly #request: ClientRequest & { res?: IncomingMessage | null }
  readonly #called: CalledRequest

  constructor(request: ClientRequest, called: CalledRequest) {
    this.#request = request
    this.#called = called
  }

  carry(emit: Emit, message: object, args: EmitArguments): boolean {
    if (!this.#called.isEnded) {
      if (message === this.#request) this.#follow(args)
      else if (args[0] === 'end') this.#called.end()
      else if (args[0] === 'error') this.#called.fail(args[1])
    }
    return emit.apply(message, args as unknown[])
  }

  #follow(args: EmitArguments): void {
    switch (args[0]) {
      case 'response':
      case 'upgrade':
      case 'connect':
        this.#answered(args[1] as IncomingMessage & Followed)
        // The rest of the connection speaks another protocol.
        if (args[0] !== 'response') this.#called.end()
        break
      case 'error':
        this.#called.fail(args[1])
        break
      case 'close':
        this.#closed()
    }
  }

  #answered(response: IncomingMessage & Followed): void {
    const { remoteAddress, remotePort } = this.#request.socket ?? {}
    this.#called.sent(remoteAddress, remotePort)
    this.#called.answered(response.statusCode ?? 0, response.httpVersion)
    response[EXCHANGE] = this
  }

  /** The connection is gone or free again: whether the answer was read or not. */
  #closed(): void {
    const response = this.#request.res
    const failure = response?.complete === false ? response.errored : undefined
    if (failure === undefined || failure === null) this.#called.end()
    else this.#called.fail(failure)
  }
}
