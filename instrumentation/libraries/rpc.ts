import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import { type DurationHistogram, durationHistogram } from '../measures/durations'

const SCOPE = 'sidelight/grpc'
const tracer: Tracer = trace.getTracer(SCOPE)

const DURATIONS: Record<'client' | 'server', DurationHistogram> = {
  client: durationHistogram({
    scope: SCOPE,
    name: 'rpc.client.call.duration',
    description: 'Measures the duration of an outgoing Remote Procedure Call (RPC).',
  }),
  server: durationHistogram({
    scope: SCOPE,
    name: 'rpc.server.call.duration',
    description: 'Measures the duration of an incoming Remote Procedure Call (RPC).',
  }),
}

/** Status codes of gRPC by their numbers. */
const STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export const OK = 0
export const CANCELLED = 1
export const UNKNOWN = 2
export const DEADLINE_EXCEEDED = 4

/** Those that are a failure of the server; the others tell its client what cannot be (semantic conventions of gRPC). */
const SERVER_ERRORS = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
])

/** Where a call goes to. */
export interface Target {
  readonly address: string | undefined
  readonly port: number | undefined
}

/** A call of a method, made or served. It is ended once, by what comes first. */
export class Call {
  readonly span: Span
  readonly context: Context
  readonly #side: 'client' | 'server'
  readonly #method: string
  readonly #target: Target | undefined
  readonly #startedMs = performance.now()
  #ended = false

  /** `path` as `/shop.Orders/Place`; `target` is known to clients. */
  constructor(
    side: 'client' | 'server',
    path: string,
    attributes: Attributes,
    parent: Context,
    target?: Target,
  ) {
    this.#side = side
    this.#method = path.startsWith('/') ? path.slice(1) : path
    this.#target = target
    attributes['rpc.system.name'] = 'grpc'
    attributes['rpc.method'] = this.#method
    if (target?.address !== undefined) attributes['server.address'] = target.address
    if (target?.port !== undefined) attributes['server.port'] = target.port
    const kind = side === 'client' ? SpanKind.CLIENT : SpanKind.SERVER
    this.span = tracer.startSpan(this.#method, { kind, attributes }, parent)
    this.context = trace.setSpan(parent, this.span)
  }

  /** It has this status now; `thrown` is what a handler answered or threw. */
  end(code: number, details?: string, thrown?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    try {
      const status = STATUSES[code] ?? String(code)
      const isError =
        this.#side === 'client' ? code !== OK : SERVER_ERRORS.has(status) || !(code in STATUSES)
      const { span } = this
      if (span.isRecording()) {
        span.setAttribute('rpc.response.status_code', status)
        if (isError) {
          span.setAttribute('error.type', status)
          if (thrown !== undefined && thrown !== null) recordThrown(span, thrown)
          span.setStatus({
            code: SpanStatusCode.ERROR,
            ...(details === undefined || details === '' ? {} : { message: details }),
          })
        }
      }
      span.end()
      this.#measure(status, isError)
    } catch {
      // The call itself goes on, whatever becomes of its span.
    }
  }

  #measure(status: string, isError: boolean): void {
    const seconds = (performance.now() - this.#startedMs) / 1000
    const { address, port } = this.#target ?? {}
    const key = `${this.#method} ${status} ${address} ${port}`
    DURATIONS[this.#side].record(seconds, key, () => ({
      'rpc.system.name': 'grpc',
      'rpc.method': this.#method,
      'rpc.response.status_code': status,
      ...(isError ? { 'error.type': status } : {}),
      ...(address === undefined ? {} : { 'server.address': address }),
      ...(port === undefined ? {} : { 'server.port': port }),
    }))
  }
}
