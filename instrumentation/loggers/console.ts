import { format, inspect, type InspectOptions } from 'node:util'
import { context, createContextKey } from '@opentelemetry/api'
import { isError } from '../errors/exception'
import { addError, createFields, type Fields } from './fields'
import { emitLine, sendsLines } from './line'

/**
 * Sends what is printed by the methods of `console` as well. What is printed stays as it is, for programs read it. Of
 * `trace`, `table`, `group`, `assert` and the like, which print through the other ones, those are seen.
 */
export function recordConsole(): void {
  for (const [method, severity] of Object.entries(SEVERITY)) {
    replace(method as Method, (given, printed) => {
      send(severity, method, given, textOf(printed))
    })
  }
  replace('dir', ([object, options]) => {
    const asked = typeof options === 'object' ? (options as InspectOptions | null) : undefined
    emit('dir', SEVERITY.log, inspect(object, { customInspect: false, ...asked }), {})
  })
}

/** Runs what may print on the console, for what has been recorded in another way. */
export function withoutConsole<T>(run: () => T): T {
  const before = isQuiet
  isQuiet = true
  try {
    return run()
  } finally {
    isQuiet = before
  }
}

const SEVERITY = { log: 9, info: 9, debug: 5, warn: 13, error: 17 } as const
const TRACE = 1

type Send = (given: readonly unknown[], printed: readonly unknown[]) => void
type Method = keyof typeof SEVERITY | 'dir'

let isQuiet = false

/** As the SDK has it: what is done in order to export is not to be exported. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

function replace(method: Method, send: Send): void {
  const owner = console as unknown as Record<Method, (...given: unknown[]) => unknown>
  const original = owner[method]
  if (typeof original !== 'function') return
  const isError = method === 'error' || method === 'warn'
  const replacement = function (this: unknown, ...given: unknown[]): unknown {
    if (isQuiet || given.length === 0 || !sendsLines()) return Reflect.apply(original, this, given)
    // Getters and inspectors of the application's may print themselves.
    isQuiet = true
    try {
      // What they do is done once: a single text is printed as it is.
      const printed = method === 'dir' || isColoured(isError) ? given : [textOf(given)]
      const result: unknown = Reflect.apply(original, this, printed)
      if (context.active().getValue(SUPPRESSED) !== true) send(given, printed)
      return result
    } finally {
      isQuiet = false
    }
  }
  Object.defineProperties(replacement, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  })
  owner[method] = replacement
}

function textOf(given: readonly unknown[]): string {
  const [first] = given
  return given.length === 1 && typeof first === 'string' ? first : format(...given)
}

/** Whether the console may format otherwise than without a terminal. */
function isColoured(isError: boolean): boolean {
  const stream = isError ? process.stderr : process.stdout
  return stream.isTTY || process.env['FORCE_COLOR'] !== undefined
}

function send(severity: number, method: string, given: readonly unknown[], text: string): void {
  const fields = createFields()
  for (const value of given) {
    if (typeof value === 'object' && value !== null && isError(value)) addError(fields, value)
  }
  // What console.trace prints, which is no error.
  if (method === 'error' && STACK_ONLY.test(text)) emit('trace', TRACE, text, fields)
  else emit(method, severity, text, fields)
}

const STACK_ONLY = /^Trace(?:: |\n {4}at )/

function emit(method: string, severityNumber: number, body: string, attributes: Fields): void {
  emitLine({
    scope: 'sidelight/console',
    timeUnixMs: Date.now(),
    severityNumber,
    severityText: method,
    body,
    attributes,
  })
}
