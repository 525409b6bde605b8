import { stripVTControlCharacters } from 'node:util'
import { type Context, context } from '@opentelemetry/api'
import { requestAttributes } from '../process/request-context'
import { isError } from '../errors/exception'
import { withoutConsole } from './console'
import { activeSpanContext, correlationOf, isCorrelation } from './correlation'
import { addError, addField, createFields, type Fields } from './fields'
import { emitLine, type LogLine, sendsLines } from './line'
import { addRequest, isOfRequest } from './request'
import { severityOfName } from './severity'

/**
 * Puts the ids of the active span and of the active request on what is logged with winston 3, before the formats of the logger; and sends what they have made of
 * it once, if a transport takes its level. What a transport's own format leaves out is sent.
 */
export function patchWinston(Logger: LoggerClass): void {
  const { prototype } = Logger
  const { write, push } = prototype
  prototype.write = function (info, ...rest) {
    if (info instanceof Error) lastError = info
    return write.call(this, correlate(info), ...rest)
  }
  prototype.push = function (info, ...rest) {
    const taken = withoutConsole(() => push.call(this, info, ...rest))
    send(this, info)
    return taken
  }
}

interface LoggerClass {
  readonly prototype: {
    write: (this: Logger, info: unknown, ...rest: unknown[]) => unknown
    push: (this: Logger, info: unknown, ...rest: unknown[]) => unknown
  }
}

interface Logger {
  readonly levels?: Readonly<Record<string, number>>
  isLevelEnabled?(level: string): boolean
}

const LEVEL = Symbol.for('level')
const SPLAT = Symbol.for('splat')

interface Info extends Fields {
  [LEVEL]?: unknown
  [SPLAT]?: unknown
}

/** The context something was logged in: a logger whose transports are behind formats it later. */
const contexts = new WeakMap<object, Context>()

/** The last that was logged: `format.errors` makes an object of it that has not its cause. */
let lastError: Error | undefined

function correlate(info: unknown): unknown {
  if (typeof info !== 'object' || info === null) return info
  const spanContext = activeSpanContext()
  const request = requestAttributes()
  if (spanContext === undefined && request === undefined) return info
  try {
    // An object of the application's may be logged again; errors and the like must stay what they are.
    const isPlain = Object.getPrototypeOf(info) === Object.prototype
    const correlated: object = isPlain ? { ...info } : info
    if (spanContext !== undefined) Object.assign(correlated, correlationOf(spanContext))
    if (request !== undefined) addRequest(correlated as Fields, request)
    contexts.set(correlated, context.active())
    return correlated
  } catch {
    return info
  }
}

function send(logger: Logger, info: unknown): void {
  if (!sendsLines() || typeof info !== 'object' || info === null) return
  try {
    const level = (info as Info)[LEVEL]
    if (typeof level !== 'string' || logger.isLevelEnabled?.(level) === false) return
    const line = lineOf(logger, info as Info, level)
    const logged = contexts.get(info)
    if (logged === undefined || logged === context.active()) emitLine(line)
    else context.with(logged, emitLine, undefined, line)
  } catch {
    // An accessor of the application's: the line is written.
  }
}

function lineOf(logger: Logger, info: Info, level: string): LogLine {
  const attributes = createFields()
  const { message } = info
  const request = requestAttributes(contexts.get(info))
  addErrorOf(attributes, info)
  for (const name of Object.keys(info)) {
    if (name === 'level' || name === 'message' || name === 'timestamp' || isCorrelation(name))
      continue
    if (isOfRequest(request, name, info[name])) continue
    // With the exception.
    if (name === 'stack' && 'exception.stacktrace' in attributes) continue
    addField(attributes, name, info[name])
  }
  return {
    scope: 'sidelight/winston',
    timeUnixMs: Date.now(),
    severityNumber: severityOfName(level) ?? severityByRank(logger.levels, level),
    severityText: level,
    body: bodyOf(message),
    attributes,
  }
}

/** Also where `format.errors` has made an object of the error, or the error came behind a message. */
function addErrorOf(attributes: Fields, info: Info): void {
  const { message, stack } = info
  const [meta] = Array.isArray(info[SPLAT]) ? (info[SPLAT] as unknown[]) : []
  if (isError(info) && info instanceof Error) addError(attributes, info)
  else if (lastError !== undefined && stack === lastError.stack) addError(attributes, lastError)
  else if (message instanceof Error) addError(attributes, message)
  else if (meta instanceof Error && stack === meta.stack) addError(attributes, meta)
  else if (typeof stack === 'string' && STACK.test(stack)) {
    addError(attributes, {
      name: nameOf(stack),
      message: told(message, stack),
      stack,
      cause: info['cause'],
    })
  }
}

const STACK = /\n\s+at /

function nameOf(stack: string): string {
  return /^([\w$.]+)(?: \[\w+\])?(?::|\n|$)/.exec(stack)?.[1] ?? 'Error'
}

/** winston joins what was logged and the error's message. */
function told(message: unknown, stack: string): string {
  const text = typeof message === 'string' ? message : ''
  const start = stack.indexOf(': ') + 2
  return start > 1 && !stack.startsWith(text, start)
    ? stack.slice(start, stack.search(STACK))
    : text
}

function bodyOf(message: unknown): unknown {
  if (typeof message === 'string') {
    return message.includes('\u001b') ? stripVTControlCharacters(message) : message
  }
  if (message instanceof Error) return message.message
  const held = createFields()
  addField(held, 'body', message)
  return held['body']
}

/** Of levels with names of their own: the most severe is an error, and the least for finding faults. */
function severityByRank(levels: Readonly<Record<string, number>> = {}, level: string): number {
  const ranks = Object.values(levels)
  const least = Math.max(...ranks)
  const most = Math.min(...ranks)
  const rank = levels[level] ?? least
  return most === least
    ? INFO
    : Math.round(ERROR - ((rank - most) / (least - most)) * (ERROR - DEBUG))
}

const ERROR = 17
const INFO = 9
const DEBUG = 5
