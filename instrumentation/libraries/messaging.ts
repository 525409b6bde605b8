import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import { type DurationHistogram, durationHistogram } from '../measures/durations'
import { isSuppressed } from './http/called'

/** What all messages of one library have in common. */
export interface Messaging {
  /** messaging.system */
  readonly system: 'kafka' | 'rabbitmq'
  readonly tracer: Tracer
  readonly durations: { readonly client: DurationHistogram; readonly process: DurationHistogram }
}

/** `scope` as `sidelight/kafkajs`. */
export function createMessaging(scope: string, system: Messaging['system']): Messaging {
  return {
    system,
    tracer: trace.getTracer(scope),
    durations: {
      client: durationHistogram({
        scope,
        name: 'messaging.client.operation.duration',
        description: 'Duration of messaging operation initiated by a producer or consumer client.',
      }),
      process: durationHistogram({
        scope,
        name: 'messaging.process.duration',
        description: 'Duration of processing operation.',
      }),
    },
  }
}

/** What is done with messages. */
export interface Doing {
  /** messaging.operation.name, as `send` or `ack`; the first word of the span's name. */
  readonly name: string
  /** messaging.operation.type */
  readonly type: 'send' | 'process' | 'receive'
  /** What the span is named after and durations are told apart by; undefined if there are several, or countless ones. */
  readonly destination: string | undefined
  /** messaging.consumer.group.name */
  readonly group?: string | undefined
  readonly server: Server | undefined
  /** Of this message; they are added to. */
  readonly attributes: Attributes
  readonly links?: Link[]
  readonly startTime?: number
}

/** server.address and server.port */
export interface Server {
  readonly address: string | undefined
  readonly port: number | undefined
}

const KINDS = {
  send: SpanKind.PRODUCER,
  process: SpanKind.CONSUMER,
  receive: SpanKind.CLIENT,
} as const

/** Something done with messages that was begun. It is ended once, by what comes first; nothing of it throws. */
export class Handling {
  /** The one to run in while it lasts, and to send along with messages. */
  readonly context: Context
  readonly span: Span
  server: Server | undefined
  readonly #messaging: Messaging
  readonly #doing: Doing
  readonly #startedMs = performance.now()
  #ended = false

  constructor(messaging: Messaging, doing: Doing, parent: Context) {
    const { name, type, destination, group, server, attributes, links = [], startTime } = doing
    this.#messaging = messaging
    this.#doing = doing
    this.server = server
    attributes['messaging.system'] = messaging.system
    attributes['messaging.operation.name'] = name
    attributes['messaging.operation.type'] = type
    if (group !== undefined) attributes['messaging.consumer.group.name'] = group
    const options = {
      kind: KINDS[type],
      attributes,
      links,
      ...(startTime === undefined ? {} : { startTime }),
    }
    const spanName = destination === undefined ? name : `${name} ${destination}`
    this.span = messaging.tracer.startSpan(spanName, options, parent)
    this.context = trace.setSpan(parent, this.span)
  }

  succeed(): void {
    this.#end(undefined)
  }

  /** With what was thrown. */
  fail(thrown: unknown): void {
    if (this.#ended) return
    recordThrown(this.span, thrown)
    this.refuse(typeOf(thrown), thrown instanceof Error ? thrown.message : String(thrown))
  }

  /** Without anything thrown. */
  refuse(errorType: string, message: string): void {
    if (this.#ended) return
    this.span.setStatus({ code: SpanStatusCode.ERROR, message })
    this.#end(errorType)
  }

  /** The promise to give the caller instead: as the library's, after this has ended. */
  endWith(result: unknown, done?: (value: unknown) => void): unknown {
    if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') {
      this.succeed()
      return result
    }
    return (result as PromiseLike<unknown>).then(
      (value) => {
        this.#attempt(() => done?.(value))
        this.succeed()
        return value
      },
      (thrown: unknown) => {
        this.#attempt(() => {
          this.fail(thrown)
        })
        throw thrown
      },
    )
  }

  #attempt(action: () => void): void {
    try {
      action()
    } catch {
      // What was sent or received reaches the application, whatever becomes of its span.
    }
  }

  #end(errorType: string | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#attempt(() => {
      const { span, server } = this
      if (server?.address !== undefined) span.setAttribute('server.address', server.address)
      if (server?.port !== undefined) span.setAttribute('server.port', server.port)
      if (errorType !== undefined) span.setAttribute('error.type', errorType)
      span.end()
      const { name, type, destination, group } = this.#doing
      const { client, process } = this.#messaging.durations
      const seconds = (performance.now() - this.#startedMs) / 1000
      const key = `${name}\0${destination}\0${group}\0${server?.address}\0${server?.port}\0${errorType}`
      const durations = type === 'process' ? process : client
      durations.record(seconds, key, () => this.#measured(errorType))
    })
  }

  #measured(errorType: string | undefined): Attributes {
    const { name, type, destination, group } = this.#doing
    const measured: Attributes = {
      'messaging.system': this.#messaging.system,
      'messaging.operation.name': name,
    }
    if (type !== 'process') measured['messaging.operation.type'] = type
    if (destination !== undefined) measured['messaging.destination.name'] = destination
    if (group !== undefined) measured['messaging.consumer.group.name'] = group
    if (this.server?.address !== undefined) measured['server.address'] = this.server.address
    if (this.server?.port !== undefined) measured['server.port'] = this.server.port
    if (errorType !== undefined) measured['error.type'] = errorType
    return measured
  }
}

/** Begins it; undefined if that fails, which is no reason not to go on, or if telemetry itself is at work. */
export function handle(
  messaging: Messaging,
  doing: () => Doing,
  parent = context.active(),
): Handling | undefined {
  try {
    return isSuppressed() ? undefined : new Handling(messaging, doing(), parent)
  } catch {
    return undefined
  }
}

/** The context a message brings along. */
export function contextOf(headers: unknown): Context {
  if (typeof headers !== 'object' || headers === null) return ROOT_CONTEXT
  return propagation.extract(ROOT_CONTEXT, headers as Headers, HEADERS)
}

/** The spans that sent messages, as links, each once: of the first ones, for a span has room for no more. */
export function linksOf(allHeaders: Iterable<unknown>): Link[] {
  const links = new Map<string, Link>()
  for (const headers of allHeaders) {
    const sender = trace.getSpanContext(contextOf(headers))
    if (sender !== undefined) links.set(sender.spanId, { context: sender })
    if (links.size === MAX_LINKS) break
  }
  return [...links.values()]
}

/** OpenTelemetry's default limit of a span. */
const MAX_LINKS = 128

type Headers = Record<string, unknown>

/** Values are text or bytes, or several of them. */
const HEADERS: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, name) {
    const given = headers[name]
    const value: unknown = Array.isArray(given) ? given[0] : given
    return typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : undefined
  },
}

function typeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '_OTHER'
  const { code, type } = thrown as { code?: unknown; type?: unknown }
  if (typeof code === 'string' && code !== '') return code
  // kafkajs has the protocol's name of an error there.
  if (typeof type === 'string' && /^[A-Z_]{3,64}$/.test(type)) return type
  return thrown.constructor.name || thrown.name
}
