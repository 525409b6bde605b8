import {
  type Attributes,
  context,
  type Context,
  createContextKey,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import type { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { recordThrown } from '../../errors/describe'
import { durationHistogram } from '../../measures/durations'
import type { Served } from '../route'
import { parseHost, pathOf, queryOf } from './address'
import type { Emit, EmitArguments } from './exchange'
import { errorTypeOf, messageOf } from './failure'
import { forwardedClient, forwardedHost, forwardedScheme } from './forwarded'
import { knownMethod, OTHER, spanNameOf } from './method'
import { parentOf } from './parent'

/** What the end of a request is told by; a response of Node is one. */
export interface Answer {
  readonly headersSent: boolean
  readonly statusCode: number
  /** Undefined with HTTP/2. */
  readonly writableFinished?: boolean
  readonly errored?: unknown
}

const duration = durationHistogram({
  scope: 'sidelight/http',
  name: 'http.server.request.duration',
  description: 'Duration of HTTP server requests.',
})

/** As much as the access log says of it. */
const LONGEST_USER_AGENT = 1_024

let tracer: Tracer | undefined

/** As `@opentelemetry/core` calls it; helpers such as `trackCost` find the route there. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

/** A request to a server from its headers to the close of its response. */
export class ServedRequest implements Served {
  /** With `route` and `span` what instrumentations of frameworks look for in the context. */
  readonly type = 'http'
  readonly span: Span
  /** What the listeners of the request and its response run in. */
  context: Context
  route: string | undefined = undefined
  thrown: unknown = undefined
  refusal: unknown = undefined
  frame: unknown = undefined
  readonly #request: IncomingMessage
  readonly #answer: Answer
  readonly #method: string
  readonly #scheme: string
  readonly #version: string
  readonly #startMs = performance.now()
  #isEnded = false

  constructor(request: IncomingMessage, answer: Answer) {
    this.#request = request
    this.#answer = answer
    this.#method = knownMethod(request.method!)
    this.#version = request.httpVersion === '2.0' ? '2' : request.httpVersion
    const { headers } = request
    this.#scheme = forwardedScheme(headers) ?? schemeOf(request, headers)
    const parent = parentOf(headers)
    tracer ??= trace.getTracer('sidelight/http')
    const attributes: Attributes = {
      'http.request.method': this.#method,
      'url.scheme': this.#scheme,
      'network.protocol.version': this.#version,
    }
    describe(attributes, request, headers)
    const options = { kind: SpanKind.SERVER, attributes }
    this.span = tracer.startSpan(spanNameOf(this.#method), options, parent)
    this.context = trace.setSpan(parent, this.span).setValue(RPC_METADATA, this)
  }

  carry(emit: Emit, message: object, args: EmitArguments): boolean {
    const type = args[0] as string
    if (type === 'close' && message === this.#answer) this.end()
    if ((message as EventEmitter).listenerCount(type) === 0 || context.active() === this.context) {
      return emit.apply(message, args as unknown[])
    }
    return context.with(this.context, callEmit, undefined, emit, message, args)
  }

  /** A listener threw: most often the process ends with it. */
  fail(thrown: unknown): void {
    if (this.#isEnded) return
    recordThrown(this.span, thrown)
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(thrown) })
    this.#end(errorTypeOf(thrown))
  }

  /** The response is closed, finished or not. */
  end(): void {
    if (this.#isEnded) return
    const { headersSent, statusCode, errored } = this.#answer
    if (errored !== undefined && errored !== null) {
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(errored) })
      this.#end(errorTypeOf(errored))
    } else if (headersSent && statusCode >= 500) {
      if (this.refusal !== undefined) recordThrown(this.span, this.refusal)
      this.span.setStatus({ code: SpanStatusCode.ERROR })
      this.#end(String(statusCode))
    } else {
      // A client that goes away is told of, but is no failure of the server.
      const isFinished = this.#answer.writableFinished ?? !this.#request.aborted
      this.#end(isFinished ? undefined : 'aborted')
    }
  }

  #end(errorType: string | undefined): void {
    this.#isEnded = true
    const seconds = (performance.now() - this.#startMs) / 1000
    const { span, route } = this
    // What the answer would have been is not what was sent.
    const status = this.#answer.headersSent ? this.#answer.statusCode : undefined
    const key = `${this.#method} ${status} ${errorType} ${this.#version} ${this.#scheme} ${route}`
    duration.record(seconds, key, () => this.#measured(status, errorType))
    if (status !== undefined) span.setAttribute('http.response.status_code', status)
    if (errorType !== undefined) span.setAttribute('error.type', errorType)
    if (route !== undefined) {
      span.setAttribute('http.route', route)
      span.updateName(`${spanNameOf(this.#method)} ${route}`)
    }
    span.end()
  }

  #measured(status: number | undefined, errorType: string | undefined): Attributes {
    return {
      'http.request.method': this.#method,
      'url.scheme': this.#scheme,
      'network.protocol.version': this.#version,
      ...(this.route === undefined ? {} : { 'http.route': this.route }),
      ...(status === undefined ? {} : { 'http.response.status_code': status }),
      ...(errorType === undefined ? {} : { 'error.type': errorType }),
    }
  }
}

function callEmit(emit: Emit, message: object, args: EmitArguments): boolean {
  return emit.apply(message, args as unknown[])
}

function schemeOf(request: IncomingMessage, headers: IncomingHttpHeaders): string {
  const scheme = headers[':scheme']
  if (scheme === 'http' || scheme === 'https') return scheme
  return (request.socket as TLSSocket).encrypted ? 'https' : 'http'
}

/** The rest of the attributes of a server span that are known at its start. */
function describe(
  attributes: Attributes,
  request: IncomingMessage,
  headers: IncomingHttpHeaders,
): void {
  const target = request.url ?? ''
  const queryAt = target.indexOf('?')
  attributes['url.path'] = pathOf(target, queryAt)
  const query = queryOf(target, queryAt)
  if (query !== undefined) attributes['url.query'] = query
  const host = forwardedHost(headers) ?? headers.host ?? headers[':authority']
  if (typeof host === 'string' && host !== '') {
    const address = parseHost(host)
    attributes['server.address'] = address.host
    if (address.port !== undefined) attributes['server.port'] = address.port
  }
  // Undefined with Unix sockets and connections that were reset.
  const peer = request.socket?.remoteAddress
  if (peer !== undefined) {
    attributes['network.peer.address'] = peer
    attributes['network.peer.port'] = request.socket.remotePort!
  }
  const client = forwardedClient(headers) ?? peer
  if (client !== undefined) attributes['client.address'] = client
  const userAgent = headers['user-agent']
  if (userAgent !== undefined) {
    attributes['user_agent.original'] = userAgent.slice(0, LONGEST_USER_AGENT)
  }
  if (attributes['http.request.method'] === OTHER) {
    attributes['http.request.method_original'] = request.method!
  }
}
