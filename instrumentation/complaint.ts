import { writeSync } from 'node:fs'

const STDERR = 2

let hasComplained = false

/**
 * Tells the application's operator what is wrong, in one line on stderr, once in the life of the process: telemetry
 * must not fill the logs of the application it watches.
 */
export function complain(what: string, cause?: unknown): void {
  if (hasComplained) return
  hasComplained = true
  report(cause === undefined ? what : `${what}: ${describe(cause)}`)
}

/** Writes one line on stderr, past `process.stderr`, whose errors (a closed pipe) would reach the application. */
export function report(text: string): void {
  try {
    writeSync(STDERR, `sidelight: ${firstLine(text)}\n`)
  } catch {
    // Nobody reads stderr; there is no other place to say so, and the application must not suffer from it.
  }
}

function describe(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describe(cause.errors[0])
  return cause instanceof Error ? cause.message : String(cause)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
