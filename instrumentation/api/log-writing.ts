import { channel } from 'node:diagnostics_channel'
import { isSpanContextValid, trace } from '@opentelemetry/api'
import type { ChildLoggerOptions, LogFn, Logger, pino as Pino } from 'pino'
import { currentContext, type RequestContext } from './context'
import { callerOf } from './log-caller'
import { redact, redactText } from './redaction'

type Fields = Record<string, unknown>
type Write = (this: Guarded, fields: unknown, message: unknown, level: number) => void

interface Guarded {
  [symbol: symbol]: unknown
  child(bindings: object, options?: ChildLoggerOptions): unknown
  setBindings(bindings: object): void
}

/**
 * Makes a logger, and with it its children, keep secrets to itself, in fields, bindings and messages, and put the
 * ids of the active request on its lines. They are bindings for as long as the line is made, for that costs least.
 */
export function guardLogger(pino: typeof Pino, root: Logger, isCallerToldOf: boolean): void {
  const { symbols } = pino as unknown as {
    symbols: { writeSym: symbol; chindingsSym: symbol; formatOptsSym: symbol }
  }
  const guarded = root as unknown as Guarded
  guardFormat(guarded, symbols.formatOptsSym)
  const write = guarded[symbols.writeSym] as Write
  const bindings = symbols.chindingsSym
  guarded[symbols.writeSym] = function (this: Guarded, fields, message, level) {
    const said = typeof message === 'string' ? redactText(message) : messageOf(message)
    let kept = fields === null || fields === undefined ? fields : redactedFields(fields)
    if (isCallerToldOf) kept = withCaller(kept)
    const before = this[bindings] as string
    const added = addedBindings(before)
    if (added === '') {
      write.call(this, kept, said, level)
      return
    }
    this[bindings] = before + added
    try {
      write.call(this, kept, said, level)
    } finally {
      this[bindings] = before
    }
  } satisfies Write
  guardChildren(guarded)
}

/** Symbols and functions are nothing in JSON, and would leave a line that is none. */
function messageOf(message: unknown): unknown {
  return typeof message === 'symbol' || typeof message === 'function'
    ? `[${typeof message}]`
    : redact(message)
}

/** Writes a line of whatever it is given: an argument that cannot be read costs what the line says, not the application. */
export function logWhatever(this: Logger, args: unknown[], write: LogFn): void {
  try {
    Reflect.apply(write, this, args)
  } catch {
    write.call(this, '[unreadable]')
  }
}

/** What stands for `%j` and `%o` in a message is text by the time that the message is looked through. */
function guardFormat(guarded: Guarded, options: symbol): void {
  const { stringify } = guarded[options] as { stringify: (value: unknown) => string }
  guarded[options] = { stringify: (value: unknown) => stringify(redact(value)) }
}

function guardChildren(guarded: Guarded): void {
  const { child, setBindings } = guarded
  guarded.child = function (this: Guarded, bindings, options) {
    return child.call(this, redactedBindings(bindings), options && guardedOptions(options))
  }
  guarded.setBindings = function (this: Guarded, bindings) {
    setBindings.call(this, redactedBindings(bindings))
  }
}

/** Of what an application without types gives nothing is told that is no object. */
function redactedBindings(bindings: unknown): object {
  const redacted = redact(bindings)
  if (typeof redacted !== 'object' || redacted === null) return {}
  // pino asks for its own properties by a method of theirs.
  return Object.getPrototypeOf(redacted) === null ? { ...redacted } : redacted
}

/** What serializers make of a value is looked through too, and they may fail. */
function guardedOptions<T extends ChildLoggerOptions>(options: T): T {
  if (options.serializers === undefined) return options
  const serializers: NonNullable<ChildLoggerOptions['serializers']> = {}
  for (const [name, serialize] of Object.entries(options.serializers)) {
    serializers[name] = (value: unknown): unknown => {
      try {
        return redact(serialize(value) as unknown)
      } catch {
        return '[unreadable]'
      }
    }
  }
  return { ...options, serializers }
}

/** An error is the error of its line whether it is called `err` or `error`. */
function redactedFields(fields: object): object {
  const redacted = redact(fields) as Fields
  const { error } = redacted
  if (error === undefined || !(error instanceof Error) || redacted['err'] !== undefined) {
    return redacted
  }
  const renamed: Fields = { ...redacted, err: error }
  Reflect.deleteProperty(renamed, 'error')
  return renamed
}

function withCaller(fields: unknown): object {
  const caller = callerOf()
  return fields instanceof Error
    ? { ...caller, err: fields }
    : { ...caller, ...(fields as object | null) }
}

/** Others than the bootstrap know nothing of spans. */
const lines = channel('tracing:pino_asJson:start')

/** As JSON, with a comma before each. */
function addedBindings(bindings: string): string {
  const context = currentContext()
  const ids = context === undefined ? '' : contextJson(context, bindings)
  return lines.hasSubscribers ? ids : ids + spanJson()
}

function contextJson(context: RequestContext, bindings: string): string {
  if (context !== last.context || bindings !== last.bindings) {
    let json = ''
    for (const [name, key] of FIELDS) {
      const told = context[key]
      if (told !== undefined && !bindings.includes(`,"${name}":`)) {
        json += `,"${name}":${JSON.stringify(redactText(told))}`
      }
    }
    last = { context, bindings, json }
  }
  return last.json
}

/** Of a line, and what they are in the context of the request. */
const FIELDS = [
  ['requestId', 'requestId'],
  ['correlationId', 'correlationId'],
  ['userId', 'userId'],
  ['tenantId', 'tenantId'],
  ['clientIp', 'clientAddress'],
] as const

/** Mostly the next line is of the same request and logger. */
let last: { context: RequestContext | undefined; bindings: string; json: string } = {
  context: undefined,
  bindings: '',
  json: '',
}

/** The ids of the active span, named as by the OpenTelemetry project for logs that are not OTLP. */
function spanJson(): string {
  const spanContext = trace.getActiveSpan()?.spanContext()
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return ''
  const { traceId, spanId, traceFlags } = spanContext
  const flags = traceFlags.toString(16).padStart(2, '0')
  return `,"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${flags}"`
}
