import {
  type Attributes,
  context,
  createContextKey,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapSetter,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { recordThrown } from '../../errors/describe'
import { durationHistogram } from '../../measures/durations'
import { fullUrl } from './address'
import { errorTypeOf, isAbort, messageOf } from './failure'
import { knownMethod, OTHER, spanNameOf } from './method'

/** What is known of a request of a client before it is sent. */
export interface Call {
  /** As in `sidelight/http`. */
  readonly scope: 'sidelight/http' | 'sidelight/undici'
  readonly method: string
  /** `http` or `https`. */
  readonly scheme: string
  /** Undefined for Unix sockets. */
  readonly host: string | undefined
  readonly port: number | undefined
  /** The path with its query, or all of a URL for a proxy. */
  readonly target: string
}

/** The key under which the SDK marks what must not be traced; it is a symbol of the process, so all copies agree. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Whether requests made now must not be traced: those of telemetry itself. */
export function isSuppressed(): boolean {
  return context.active().getValue(SUPPRESSED) === true
}

const NAME = {
  name: 'http.client.request.duration',
  description: 'Duration of HTTP client requests.',
}
const durations = {
  'sidelight/http': durationHistogram({ scope: 'sidelight/http', ...NAME }),
  'sidelight/undici': durationHistogram({ scope: 'sidelight/undici', ...NAME }),
}

const tracers: Record<string, Tracer> = {}

/** A request of a client, until its answer has been read to the end, or has failed. */
export class CalledRequest {
  readonly span: Span
  readonly #call: Call
  readonly #method: string
  readonly #startMs = performance.now()
  #status: number | undefined
  #version: string | undefined
  #isEnded = false

  constructor(call: Call) {
    this.#call = call
    this.#method = knownMethod(call.method)
    const { scope, host, port, target } = call
    const attributes: Attributes = {
      'http.request.method': this.#method,
      'url.full': fullUrl(originOf(call), target),
    }
    if (host !== undefined) attributes['server.address'] = host
    if (port !== undefined) attributes['server.port'] = port
    if (this.#method === OTHER) attributes['http.request.method_original'] = call.method
    const tracer = (tracers[scope] ??= trace.getTracer(scope))
    const options = { kind: SpanKind.CLIENT, attributes }
    this.span = tracer.startSpan(spanNameOf(this.#method), options, context.active())
  }

  /** Writes the headers that tell the server of the span. */
  inject<C>(carrier: C, setter: TextMapSetter<C>): void {
    propagation.inject(trace.setSpan(context.active(), this.span), carrier, setter)
  }

  /** The connection it goes over. */
  sent(address: string | undefined, port: number | undefined): void {
    if (address === undefined) return
    this.span.setAttribute('network.peer.address', address)
    if (port !== undefined) this.span.setAttribute('network.peer.port', port)
  }

  /** The answer's status line. */
  answered(status: number, version: string | undefined): void {
    this.#status = status
    this.#version = version
  }

  /** Whether it is over. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** It failed; of its own accord when the application aborted it. */
  fail(thrown: unknown): void {
    if (this.#isEnded) return
    if (isAbort(thrown)) return this.#end(undefined)
    recordThrown(this.span, thrown)
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(thrown) })
    this.#end(errorTypeOf(thrown))
  }

  /** The answer has been read, or nobody wants the rest. */
  end(): void {
    if (this.#isEnded) return
    const status = this.#status
    if (status === undefined || status < 400) return this.#end(undefined)
    this.span.setStatus({ code: SpanStatusCode.ERROR })
    this.#end(String(status))
  }

  #end(errorType: string | undefined): void {
    this.#isEnded = true
    const seconds = (performance.now() - this.#startMs) / 1000
    const { scope, scheme, host, port } = this.#call
    const key = `${this.#method} ${this.#status} ${errorType} ${this.#version} ${scheme} ${host} ${port}`
    durations[scope].record(seconds, key, () => this.#measured(errorType))
    const { span } = this
    if (this.#status !== undefined) span.setAttribute('http.response.status_code', this.#status)
    if (this.#version !== undefined) span.setAttribute('network.protocol.version', this.#version)
    if (errorType !== undefined) span.setAttribute('error.type', errorType)
    span.end()
  }

  #measured(errorType: string | undefined): Attributes {
    const { scheme, host, port } = this.#call
    return {
      'http.request.method': this.#method,
      'url.scheme': scheme,
      ...(host === undefined ? {} : { 'server.address': host }),
      ...(port === undefined ? {} : { 'server.port': port }),
      ...(this.#status === undefined ? {} : { 'http.response.status_code': this.#status }),
      ...(this.#version === undefined ? {} : { 'network.protocol.version': this.#version }),
      ...(errorType === undefined ? {} : { 'error.type': errorType }),
    }
  }
}

function originOf({ scheme, host, port }: Call): string {
  const name = host === undefined ? 'localhost' : host.includes(':') ? `[${host}]` : host
  const isDefault = port === undefined || port === (scheme === 'https' ? 443 : 80)
  return isDefault ? `${scheme}://${name}` : `${scheme}://${name}:${port}`
}
