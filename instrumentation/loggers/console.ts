import { format, inspect, type InspectOptions } from 'node:util'
import { context, createContextKey } from '@opentelemetry/api'
import { isError } from '../errors/exception'
import { addError, type Fields } from './fields'
import { emitLine, sendsLines } from './line'

/**
 * Sends what is printed by the methods of `console` as well. What is printed stays as it is, for programs read it. Of
 * `trace`, `table`, `group`, `assert` and the like, which print through the other ones, those are seen.
 */
export function recordConsole(): void {
  for (const [method, severity] of Object.entries(SEVERITY)) {
    replace(method as Method, (given) => {
      send(severity, method, given)
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

type Method = keyof typeof SEVERITY | 'dir'

let isQuiet = false

/** As the SDK has it: what is done in order to export is not to be exported. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

function replace(method: Method, send: (given: readonly unknown[]) => void): void {
  const owner = console as unknown as Record<Method, (...given: unknown[]) => unknown>
  const original = owner[method]
  if (typeof original !== 'function') return
  const replacement = function (this: unknown, ...given: unknown[]): unknown {
    if (isQuiet || !sendsLines()) return Reflect.apply(original, this, given)
    // Getters and inspectors of the application's may print themselves.
    isQuiet = true
    try {
      return Reflect.apply(original, this, given)
    } finally {
      try {
        if (context.active().getValue(SUPPRESSED) !== true) send(given)
      } catch {
        // An inspector of the application's that fails the second time; it is printed.
      }
      isQuiet = false
    }
  }
  Object.defineProperties(replacement, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  })
  owner[method] = replacement
}

function send(severity: number, method: string, given: readonly unknown[]): void {
  const [first] = given
  const text = given.length === 1 && typeof first === 'string' ? first : format(...given)
  const fields: Fields = {}
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
