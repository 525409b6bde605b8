import { addError, addSerializedError, createFields, type Fields } from './fields'
import { requestAttributes } from '../process/request-context'
import { isCorrelation } from './correlation'
import { emitLine } from './line'
import {
  bindingsOf,
  type PinoKnowledge,
  type PinoLogger,
  traitsOf,
  type Traits,
} from './pino-logger'
import { isOfRequest } from './request'
import { severityOfName, severityOfNumber } from './severity'

/** A line that pino has made, and what it was made of. */
export interface PinoLine {
  readonly logger: PinoLogger
  readonly known: PinoKnowledge
  /** As given to the logger or made by its mixin; before serializers, formatters and redaction. */
  readonly object: unknown
  readonly message: unknown
  readonly level: number
  /** As it stands in the line, such as `,"time":1700000000000`. */
  readonly time: string
  readonly text: string
  /** How many characters of the text are the ids of the span, behind the bindings. */
  readonly added: number
}

/**
 * Sends a line. Plain values are taken as they are; whatever pino has serialized, formatted or redacted is read from the
 * line itself, so that what it leaves out never gets further.
 */
export function sendLine(line: PinoLine): void {
  const { logger, known, level } = line
  const { symbols } = known
  const traits = traitsOf(logger, known)
  const stream = logger[symbols.stream] as { minLevel?: unknown } | undefined
  // Of several streams none takes it.
  if (typeof stream?.minLevel === 'number' && stream.minLevel > level) return
  const fields = createFields()
  const bindings = bindingsOf(logger, known)
  for (const name in bindings) fields[name] = bindings[name]
  let body: unknown
  if (traits.isPlain && addPlain(fields, line, traits)) {
    body = line.message ?? (line.object as Fields)[traits.messageKey]
  } else {
    body = addWritten(fields, line, traits)
  }
  const label = logger.levels?.labels?.[level]
  emitLine({
    scope: 'sidelight/pino',
    timeUnixMs: Date.now(),
    severityNumber:
      (label === undefined ? undefined : severityOfName(label)) ?? severityOfNumber(level),
    severityText: label ?? String(level),
    body,
    attributes: fields,
  })
}

/** False when there is something that is not the same in the line; what was added until then is overwritten. */
function addPlain(fields: Fields, { object }: PinoLine, traits: Traits): boolean {
  const { serializers, errorKey, messageKey } = traits
  const given = object as Fields
  const request = requestAttributes()
  for (const name in given) {
    if (!Object.hasOwn(given, name)) continue
    const value = given[name]
    if (name === errorKey && traits.isErrorStandard && value instanceof Error) {
      addError(fields, value)
      continue
    }
    if (
      serializers[name] !== undefined ||
      (name === errorKey && serializers['err'] !== undefined)
    ) {
      return false
    }
    switch (typeof value) {
      case 'string':
      case 'boolean':
        if (name !== messageKey && !isCorrelation(name) && !isOfRequest(request, name, value)) {
          fields[name] = value
        }
        break
      case 'number':
        if (Number.isFinite(value)) fields[name] = value
        break
      case 'undefined':
      case 'function':
        break
      default:
        if (value !== null) return false
    }
  }
  return true
}

/** Adds what the line says, and returns its message. */
function addWritten(fields: Fields, line: PinoLine, traits: Traits): unknown {
  const { logger, level, time, object } = line
  const { symbols } = line.known
  const { messageKey, errorKey, nestedKey, streamWrite } = traits
  let written: Fields
  if (streamWrite === undefined) {
    const levels = logger[symbols.lsCache] as Record<number, string>
    const bindings = logger[symbols.chindings] as string
    const start = (levels[level] ?? '').length + time.length + bindings.length + line.added
    const rest = line.text.slice(start)
    written = JSON.parse(rest.startsWith(',') ? `{${rest.slice(1)}` : '{}') as Fields
  } else {
    // What the application writes instead of the line is all that may be told of it.
    for (const name of Object.keys(fields)) Reflect.deleteProperty(fields, name)
    const text = String(streamWrite(line.text))
    written = parsed(text) ?? { [messageKey]: text }
    for (const name of ['level', 'time', 'pid', 'hostname']) Reflect.deleteProperty(written, name)
  }
  const body = written[messageKey]
  Reflect.deleteProperty(written, messageKey)
  const thrown =
    typeof object === 'object' && object !== null ? (object as Fields)[errorKey] : undefined
  const holder = nestedKey === undefined ? written : ((written[nestedKey] ?? written) as Fields)
  if (typeof holder === 'object' && Object.hasOwn(holder, errorKey)) {
    const told = holder[errorKey]
    Reflect.deleteProperty(holder, errorKey)
    if (traits.isErrorStandard && !traits.isRedacted(errorKey) && thrown instanceof Error) {
      addError(fields, thrown)
    } else addSerializedError(fields, errorKey, told)
  }
  const request = requestAttributes()
  for (const name in written) {
    const value = written[name]
    if (value === null || isCorrelation(name) || isOfRequest(request, name, value)) continue
    fields[name] = value
  }
  return body
}

function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}
