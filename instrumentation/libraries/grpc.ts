import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api'
import { isSuppressed } from './http/called'
import { Call, CANCELLED, DEADLINE_EXCEEDED, OK, type Target, UNKNOWN } from './rpc'

/** What of grpc-js this file relies on. */
interface Metadata {
  get(name: string): (string | Buffer)[]
  set(name: string, value: string): void
  getMap(): Record<string, unknown>
  clone(): Metadata
}

interface Status {
  readonly code: number
  readonly details?: string
}

interface Listener {
  onReceiveMetadata?(metadata: unknown): void
  onReceiveMessage?(message: unknown): void
  onReceiveStatus?(status: Status): void
}

interface ClientCall {
  start(metadata: Metadata, listener?: Listener): void
}

type GetInterceptingCall = (
  interceptors: unknown,
  method: { path: string },
  options: unknown,
  channel: { getTarget(): string },
) => ClientCall

/** Traces the calls of clients, of all kinds: each has one outermost call, which is started once and told its status once. */
export function patchClient(exports: { getInterceptingCall: GetInterceptingCall }): void {
  const original = exports.getInterceptingCall
  exports.getInterceptingCall = function getInterceptingCall(
    this: unknown,
    interceptors,
    method,
    options,
    channel,
  ) {
    const made = original.call(this, interceptors, method, options, channel)
    const caller = context.active()
    if (isSuppressed()) return made
    const { start } = made
    made.start = function (this: ClientCall, metadata, listener) {
      const call = begin(
        () => new Call('client', method.path, {}, caller, targetOf(channel.getTarget())),
      )
      if (call === undefined) {
        start.call(this, metadata, listener)
        return
      }
      try {
        start.call(this, carry(call, metadata), follow(call, caller, listener))
      } catch (error) {
        call.end(UNKNOWN, undefined, error)
        throw error
      }
    }
    return made
  }
}

function begin(create: () => Call): Call | undefined {
  try {
    return create()
  } catch {
    return undefined
  }
}

/** A copy, for the application may use what it gave for other calls too. */
function carry(call: Call, metadata: Metadata): Metadata {
  try {
    const copy = metadata.clone()
    propagation.inject(call.context, copy, SETTER)
    return copy
  } catch {
    return metadata
  }
}

const SETTER: TextMapSetter<Metadata> = {
  set(metadata, name, value) {
    metadata.set(name, value)
  },
}

/** A connection is shared, so what comes over it has somebody else's context. */
function follow(
  call: Call,
  caller: ReturnType<typeof context.active>,
  listener: Listener = {},
): Listener {
  const { onReceiveMetadata, onReceiveMessage, onReceiveStatus } = listener
  return {
    onReceiveMetadata(metadata) {
      if (onReceiveMetadata !== undefined)
        context.with(caller, onReceiveMetadata, listener, metadata)
    },
    onReceiveMessage(message) {
      if (onReceiveMessage !== undefined) context.with(caller, onReceiveMessage, listener, message)
    },
    onReceiveStatus(status) {
      call.end(status.code, status.details)
      if (onReceiveStatus !== undefined) context.with(caller, onReceiveStatus, listener, status)
    },
  }
}

const targets = new Map<string, Target>()
const MAX_TARGETS = 100

/** Of `dns:orders:50051`, `ipv4:127.0.0.1:50051`, `dns://1.1.1.1/orders`, `unix:/run/orders`. */
export function targetOf(text: string): Target {
  let target = targets.get(text)
  if (target === undefined) {
    const [, scheme = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):(?:\/\/[^/]*\/)?)?(.*)$/i.exec(
      text,
    )!
    target = scheme.startsWith('unix')
      ? { address: rest, port: undefined }
      : splitHost(rest.split(',', 1)[0]!)
    if (targets.size < MAX_TARGETS) targets.set(text, target)
  }
  return target
}

function splitHost(text: string): Target {
  const [, bracketed, host, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? []
  if (bracketed === undefined && host === undefined) return { address: text, port: undefined }
  return { address: bracketed ?? host, port: port === undefined ? undefined : Number(port) }
}

interface ServerCall {
  readonly metadata: Metadata
  getPeer?(): string
  getHost?(): string
  getDeadline?(): Date | number
  once(event: string, listener: (value: unknown) => void): unknown
  on(event: string, listener: (value: unknown) => void): unknown
  emit(...args: unknown[]): boolean
}

type Handler = (this: unknown, call: ServerCall, callback?: Answer) => unknown
type Answer = (this: unknown, error: unknown, ...rest: unknown[]) => unknown

type Register = (
  this: unknown,
  name: string,
  handler: Handler,
  serialize: unknown,
  deserialize: unknown,
  type: string,
) => boolean

/** Traces the calls that a server has a handler for. */
export function patchServer(exports: { Server: { prototype: { register: Register } } }): void {
  const { prototype } = exports.Server
  const { register } = prototype
  prototype.register = function (name, handler, serialize, deserialize, type) {
    const traced = typeof handler === 'function' ? traceHandler(name, handler, type) : handler
    return register.call(this, name, traced, serialize, deserialize, type)
  }
}

function traceHandler(path: string, handler: Handler, type: string): Handler {
  const isStream = type !== 'unary'
  const isAnswered = type === 'unary' || type === 'clientStream'
  return function (this: unknown, served, answer) {
    const call = begin(() => beginServed(path, served))
    if (call === undefined) return handler.call(this, served, answer)
    try {
      if (isStream) runIn(call, served)
      served.once('cancelled', () => {
        call.end(isOverdue(served) ? DEADLINE_EXCEEDED : CANCELLED)
      })
      if (!isAnswered) followStream(call, served)
    } catch {
      // Its end is not seen then.
    }
    try {
      return context.with(
        call.context,
        handler,
        this,
        served,
        isAnswered && answer !== undefined ? endBefore(call, answer) : answer,
      )
    } catch (error) {
      call.end(UNKNOWN, messageOf(error), error)
      throw error
    }
  }
}

function beginServed(path: string, served: ServerCall): Call {
  const attributes: Attributes = {}
  const peer = served.getPeer?.()
  if (peer !== undefined && peer !== 'unknown') {
    const { address, port } = splitHost(peer)
    if (address !== undefined) attributes['network.peer.address'] = address
    if (port !== undefined) attributes['network.peer.port'] = port
  }
  const host = served.getHost?.()
  if (host !== undefined && host !== '') {
    // Clients choose it, so durations are not told apart by it.
    const { address, port } = splitHost(host)
    if (address !== undefined) attributes['server.address'] = address
    if (port !== undefined) attributes['server.port'] = port
  }
  const parent = propagation.extract(ROOT_CONTEXT, served.metadata, GETTER)
  return new Call('server', path, attributes, parent)
}

const GETTER: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, name) => metadata.get(name)[0]?.toString(),
}

/** Has the listeners to a stream run in the call's context: its messages come over a connection of many calls. */
function runIn(call: Call, served: ServerCall): void {
  const { emit } = served
  served.emit = function (this: ServerCall, ...args: unknown[]) {
    return context.with(call.context, emit, this, ...args)
  }
}

function followStream(call: Call, served: ServerCall): void {
  served.on('error', (error) => {
    call.end(codeOf(error), messageOf(error), error)
  })
  served.once('finish', () => {
    call.end(OK)
  })
}

function endBefore(call: Call, answer: Answer): Answer {
  return function (this: unknown, error, ...rest) {
    if (error) call.end(codeOf(error), messageOf(error), error)
    else call.end(OK)
    return answer.call(this, error, ...rest)
  }
}

/** As grpc-js reads it: of what has none, nothing is known. */
function codeOf(error: unknown): number {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'number' && Number.isInteger(code) ? code : UNKNOWN
}

function messageOf(error: unknown): string | undefined {
  const { details, message } = (error ?? {}) as { details?: unknown; message?: unknown }
  if (typeof details === 'string') return details
  return typeof message === 'string' ? message : undefined
}

function isOverdue(served: ServerCall): boolean {
  const deadline = served.getDeadline?.()
  return deadline !== undefined && Number(deadline) <= Date.now()
}
