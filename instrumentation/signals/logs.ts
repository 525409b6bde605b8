import { context, diag, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api'
import {
  type Logger,
  type LoggerOptions,
  type LoggerProvider,
  type LogRecord,
  logs,
} from '@opentelemetry/api-logs'
import { timeInputToHrTime } from '@opentelemetry/core'
import { describeThrown } from '../errors/describe'
import { type LogLine, sendLinesTo } from '../loggers/line'
import { stampedIn } from '../process/request-context'
import { readAttributeLimits, readBodyLimits } from '../process/limits'
import { BodyBuilder, type Scope } from '../wire/body'
import { type RecordLimits, type WrittenRecord, writeLine, writeRecord } from '../wire/record'
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
  const limits = readLimits(parts.env)
  const lines = new Lines(bodies, limits)
  sendLinesTo((line) => lines.add(line))
  logs.setGlobalLoggerProvider(new EncodingLoggerProvider(parts, bodies, limits))
  return bodies
}

interface Limits extends RecordLimits {
  /** Of texts in attributes, in UTF-16 code units. */
  readonly maxLength: number
}

const DEFAULT_ATTRIBUTE_COUNT = 128

function readLimits(env: NodeJS.ProcessEnv): Limits {
  const limits = readAttributeLimits('LOGRECORD', env)
  return {
    attributeCount: limits.attributeCountLimit ?? DEFAULT_ATTRIBUTE_COUNT,
    maxLength: limits.attributeValueLengthLimit ?? Infinity,
  }
}

class Lines {
  readonly #bodies: BodyBuilder
  readonly #scopes = new Map<string, Scope>()
  readonly #limits: Limits
  /** Of the line that is being encoded. */
  #context: SpanContext | undefined

  constructor(bodies: BodyBuilder, limits: Limits) {
    this.#bodies = bodies
    this.#limits = limits
  }

  add(line: LogLine): void {
    this.#context = trace.getSpanContext(context.active())
    this.#bodies.add(this.#scopeOf(line.scope), line, this.#write)
  }

  readonly #write = (writer: Writer, tag: number, line: LogLine): void => {
    const { maxLength } = this.#limits
    const written = maxLength === Infinity ? line : shorten(line, maxLength)
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
function shorten<Item extends { readonly attributes: object }>(
  item: Item,
  maxLength: number,
): Item {
  const cut = (value: unknown): unknown =>
    typeof value === 'string' && value.length > maxLength ? value.slice(0, maxLength) : value
  const entries = Object.entries(item.attributes).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map(cut) : cut(value),
  ])
  return { ...item, attributes: Object.fromEntries(entries) as Item['attributes'] }
}

/** Has loggers that encode a record as it is emitted: the SDK's own cost several times as much. */
class EncodingLoggerProvider implements LoggerProvider {
  readonly #loggers = new Map<string, Logger>()
  readonly #parts: Parts
  readonly #bodies: BodyBuilder
  readonly #limits: Limits

  constructor(parts: Parts, bodies: BodyBuilder, limits: Limits) {
    this.#parts = parts
    this.#bodies = bodies
    this.#limits = limits
  }

  getLogger(name: string, version?: string, options?: LoggerOptions): Logger {
    const schemaUrl = options?.schemaUrl
    const attributes = options?.attributes
    if (attributes !== undefined) return this.#make({ name, version, schemaUrl, attributes })
    const key = `${name}\n${version ?? ''}\n${schemaUrl ?? ''}`
    let logger = this.#loggers.get(key)
    if (logger === undefined) {
      logger = this.#make({ name, version, schemaUrl })
      this.#loggers.set(key, logger)
    }
    return logger
  }

  forceFlush(): Promise<void> {
    return this.#parts.flush()
  }

  shutdown(): Promise<void> {
    return this.#parts.flush()
  }

  #make(scope: Scope): Logger {
    return new EncodingLogger(
      scope.name ? scope : { ...scope, name: UNKNOWN },
      this.#bodies,
      this.#limits,
    )
  }
}

/** As the SDK calls the scope of a logger without a name. */
const UNKNOWN = 'unknown'

class EncodingLogger implements Logger {
  readonly #scope: Scope
  readonly #bodies: BodyBuilder
  readonly #limits: Limits

  constructor(scope: Scope, bodies: BodyBuilder, limits: Limits) {
    this.#scope = scope
    this.#bodies = bodies
    this.#limits = limits
  }

  enabled(): boolean {
    return true
  }

  emit(record: LogRecord): void {
    try {
      this.#bodies.add(this.#scope, writtenOf(record), this.#write)
    } catch (error) {
      diag.error('cannot send a log record', error)
    }
  }

  readonly #write = (writer: Writer, tag: number, record: WrittenRecord): void => {
    const { maxLength } = this.#limits
    const written = maxLength === Infinity ? record : shorten(record, maxLength)
    writeRecord(writer, tag, written, this.#limits)
  }
}

function writtenOf(record: LogRecord): WrittenRecord {
  const { timestamp, observedTimestamp, attributes = {}, exception } = record
  const nowMs = Date.now()
  const active = record.context ?? context.active()
  const spanContext = trace.getSpanContext(active)
  return {
    hrTime: timeInputToHrTime(timestamp ?? nowMs),
    hrTimeObserved: timeInputToHrTime(observedTimestamp ?? nowMs),
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    body: record.body,
    eventName: record.eventName,
    attributes: stampedIn(
      active,
      exception === undefined || exception === null
        ? attributes
        : { ...describeThrown(exception), ...attributes },
    ),
    spanContext:
      spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined,
  }
}
