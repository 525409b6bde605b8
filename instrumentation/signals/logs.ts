import { context, type SpanContext, trace } from '@opentelemetry/api'
import { type Logger, type LoggerOptions, type LoggerProvider, logs } from '@opentelemetry/api-logs'
import type * as sdkLogs from '@opentelemetry/sdk-logs'
import { type LogLine, sendLinesTo } from '../loggers/line'
import { type AttributeLimits, readAttributeLimits, readBodyLimits } from '../process/limits'
import { BodyBuilder, type Scope } from '../wire/body'
import { writeLine, writeRecord } from '../wire/record'
import type { Writer } from '../wire/writer'
import type { Parts, Sealed } from './contract'

/** Has lines of loggers encoded as they are written, and registers a provider for those who call the logs API. */
export function startLogs(parts: Parts): Sealed {
  const bodies = new BodyBuilder(
    'logs',
    parts.resource,
    readBodyLimits('BLRP', parts.env),
    parts.put,
  )
  const limits = readAttributeLimits('LOGRECORD', parts.env)
  const lines = new Lines(bodies, limits)
  sendLinesTo((line) => lines.add(line))
  logs.setGlobalLoggerProvider(new LazyLoggerProvider(parts, bodies, limits))
  return bodies
}

const DEFAULT_ATTRIBUTE_COUNT = 128

class Lines {
  readonly #bodies: BodyBuilder
  readonly #scopes = new Map<string, Scope>()
  readonly #limits: { readonly attributeCount: number }
  readonly #maxLength: number
  /** Of the line that is being encoded. */
  #context: SpanContext | undefined

  constructor(bodies: BodyBuilder, limits: AttributeLimits) {
    this.#bodies = bodies
    this.#limits = { attributeCount: limits.attributeCountLimit ?? DEFAULT_ATTRIBUTE_COUNT }
    this.#maxLength = limits.attributeValueLengthLimit ?? Infinity
  }

  add(line: LogLine): void {
    this.#context = trace.getSpanContext(context.active())
    this.#bodies.add(this.#scopeOf(line.scope), line, this.#write)
  }

  readonly #write = (writer: Writer, tag: number, line: LogLine): void => {
    const written = this.#maxLength === Infinity ? line : shorten(line, this.#maxLength)
    writeLine(writer, tag, written, this.#context, this.#limits)
  }

  #scopeOf(name: string): Scope {
    let scope = this.#scopes.get(name)
    if (scope === undefined) {
      scope = { name }
      this.#scopes.set(name, scope)
    }
    return scope
  }
}

/** Cuts the texts of attributes. */
function shorten(line: LogLine, maxLength: number): LogLine {
  const cut = (value: unknown): unknown =>
    typeof value === 'string' && value.length > maxLength ? value.slice(0, maxLength) : value
  const entries = Object.entries(line.attributes).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map(cut) : cut(value),
  ])
  return { ...line, attributes: Object.fromEntries(entries) as LogLine['attributes'] }
}

/** Loads the SDK of logs when the application first asks for a logger: most never do. */
class LazyLoggerProvider implements LoggerProvider {
  readonly #parts: Parts
  readonly #bodies: BodyBuilder
  readonly #limits: AttributeLimits
  #provider: LoggerProvider | undefined

  constructor(parts: Parts, bodies: BodyBuilder, limits: AttributeLimits) {
    this.#parts = parts
    this.#bodies = bodies
    this.#limits = limits
  }

  getLogger(name: string, version?: string, options?: LoggerOptions): Logger {
    this.#provider ??= this.#load()
    return this.#provider.getLogger(name, version, options)
  }

  forceFlush(): Promise<void> {
    return this.#parts.flush()
  }

  shutdown(): Promise<void> {
    return this.#parts.flush()
  }

  #load(): LoggerProvider {
    const sdk = require('@opentelemetry/sdk-logs') as typeof sdkLogs
    const { resource, flush } = this.#parts
    const bodies = this.#bodies
    const processor: sdkLogs.LogRecordProcessor = {
      onEmit(record) {
        bodies.add(record.instrumentationScope, record, writeRecord)
      },
      forceFlush: flush,
      shutdown: flush,
    }
    return new sdk.LoggerProvider({
      resource,
      logRecordLimits: this.#limits,
      processors: [processor],
    })
  }
}
