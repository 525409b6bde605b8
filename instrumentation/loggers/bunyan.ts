import { hostname } from 'node:os'
import { get } from '../errors/exception'
import { requestAttributes } from '../process/request-context'
import { activeSpanContext, correlationOf, isCorrelation } from './correlation'
import { addError, addField, addSerializedError, createFields, type Fields } from './fields'
import { emitLine, sendsLines } from './line'
import { addRequest, isOfRequest } from './request'
import { severityOfName, severityOfNumber } from './severity'

/** Puts the ids of the active span and of the active request on the records of bunyan, and sends those that a stream of the logger takes. */
export function patchBunyan(bunyan: BunyanExports): void {
  const { prototype, stdSerializers } = bunyan.Logger ?? bunyan
  const emit = prototype._emit
  prototype._emit = function (record, isReturned) {
    if (isReturned === true) return emit.call(this, record, isReturned)
    correlate(record)
    const line = emit.call(this, record, isReturned)
    send(this, record)
    return line
  }
  const { err } = stdSerializers
  stdSerializers.err = function (thrown) {
    const serialized = err.call(this, thrown)
    if (typeof serialized === 'object' && serialized !== null && serialized !== thrown) {
      errors.set(serialized, thrown)
    }
    return serialized
  }
}

interface BunyanExports {
  readonly Logger?: LoggerClass
  readonly prototype: LoggerClass['prototype']
  readonly stdSerializers: LoggerClass['stdSerializers']
}

interface LoggerClass {
  readonly prototype: { _emit: (this: Logger, record: Fields, isReturned?: boolean) => unknown }
  readonly stdSerializers: { err: (this: unknown, thrown: unknown) => unknown }
}

interface Logger {
  readonly streams?: readonly { readonly level: number }[]
}

/** What serialized errors were: the serializer leaves out causes. */
const errors = new WeakMap<object, unknown>()

const NAMES: ReadonlyMap<number, string> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])
const HOST = hostname()

function correlate(record: Fields): void {
  const spanContext = activeSpanContext()
  if (spanContext !== undefined) Object.assign(record, correlationOf(spanContext))
  const request = requestAttributes()
  if (request !== undefined) addRequest(record, request)
}

function send({ streams }: Logger, record: Fields): void {
  const { level } = record
  if (!sendsLines() || typeof level !== 'number') return
  if (streams?.some((stream) => stream.level <= level) !== true) return
  try {
    const attributes = createFields()
    const request = requestAttributes()
    for (const name of Object.keys(record)) {
      const value = record[name]
      if (isTold(name, value) || isOfRequest(request, name, value)) continue
      addBunyanField(attributes, name, value)
    }
    const name = NAMES.get(level)
    emitLine({
      scope: 'sidelight/bunyan',
      timeUnixMs: record['time'] instanceof Date ? record['time'].getTime() : Date.now(),
      severityNumber:
        (name === undefined ? undefined : severityOfName(name)) ?? severityOfNumber(level),
      severityText: name ?? String(level),
      body: record['msg'],
      attributes,
    })
  } catch {
    // An accessor of the application's: the line is written.
  }
}

function addBunyanField(attributes: Fields, name: string, value: unknown): void {
  const thrown = typeof value === 'object' && value !== null ? thrownOf(value) : undefined
  if (thrown !== undefined) addError(attributes, thrown)
  else if (name === 'err' && !(value instanceof Error)) addSerializedError(attributes, name, value)
  else addField(attributes, name, value)
}

/** The error itself, unless a serializer of the application's has changed what is told of it. */
function thrownOf(serialized: object): object | undefined {
  const thrown = errors.get(serialized)
  if (typeof thrown !== 'object' || thrown === null) return undefined
  const isSame = get(serialized, 'message') === get(thrown, 'message')
  return isSame && String(get(serialized, 'stack')).startsWith(String(get(thrown, 'stack')))
    ? thrown
    : undefined
}

/** What the record says in fields of its own, or its resource. */
function isTold(name: string, value: unknown): boolean {
  if (name === 'pid') return value === process.pid
  if (name === 'hostname') return value === HOST
  return (
    name === 'level' || name === 'time' || name === 'msg' || name === 'v' || isCorrelation(name)
  )
}
