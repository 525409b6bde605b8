import type { TextMapSetter } from '@opentelemetry/api'
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { complain } from '../process/complaint'
import { CalledRequest, isSuppressed } from './http/called'
import {
  type Emit,
  type EmitArguments,
  type Exchange,
  followMessages,
  joinExchange,
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
  // As Node's own, these have their names and number of parameters.
  const traced: Requests = {
    request(_url?: unknown, _options?: unknown, _done?: unknown): ClientRequest {
      const made = original.apply(this, arguments as unknown as unknown[])
      follow(made, arguments, scheme, defaultPort)
      return made
    },
    get(_url?: unknown, _options?: unknown, _done?: unknown): ClientRequest {
      const made = traced.request.apply(this, arguments as unknown as unknown[])
      made.end()
      return made
    },
  }
  exports.request = traced.request
  exports.get = traced.get
}

function follow(
  request: ClientRequest,
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
    joinExchange(request, new ClientExchange(request, called))
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

const HEADER_SETTER: TextMapSetter<ClientRequest> = {
  set(request, name, value) {
    const rendered = request as unknown as Rendered
    if (typeof rendered._header === 'string') setRendered(rendered, name, value)
    else request.setHeader(name, value)
  },
}

/** A request whose head is text already. */
interface Rendered {
  _header: string | null
  outputData?: { data: unknown }[]
}

/**
 * Sets a header in place of one the application gave. With headers given as an array, or with `expect`, Node has put the
 * text of the head together before we see the request, but sends it no sooner than the next tick.
 */
function setRendered(request: Rendered, name: string, value: string): void {
  const before = request._header!
  if (!before.endsWith('\r\n\r\n')) return
  const others = before.replace(new RegExp(`\r\n${name}:[^\r]*`, 'gi'), '')
  const head = `${others.slice(0, -2)}${name}: ${value}\r\n\r\n`
  request._header = head
  // With `expect` it waits to be sent.
  const waiting = request.outputData?.[0]
  if (waiting?.data === before) waiting.data = head
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
        this.#answered(args[1] as IncomingMessage)
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

  #answered(response: IncomingMessage): void {
    const { remoteAddress, remotePort } = this.#request.socket ?? {}
    this.#called.sent(remoteAddress, remotePort)
    this.#called.answered(response.statusCode ?? 0, response.httpVersion)
    joinExchange(response, this)
  }

  /** The connection is gone or free again: whether the answer was read or not. */
  #closed(): void {
    const response = this.#request.res
    const failure = response?.complete === false ? response.errored : undefined
    if (failure === undefined || failure === null) this.#called.end()
    else this.#called.fail(failure)
  }
}
