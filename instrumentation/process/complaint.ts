import { writeSync } from 'node:fs'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

const STDERR = 2
const COMPLAINED = 'sidelight.complained'

/** One flag for all threads of the process: a worker inherits what the thread that starts it has left. */
const hasComplained = inheritedFlag() ?? leaveFlag()

/**
 * Tells the application's operator what is wrong, in one line on stderr, once in the life of the process: telemetry
 * must not fill the logs of the application it watches.
 */
export function complain(what: string, cause?: unknown): void {
  if (Atomics.exchange(hasComplained, 0, 1) === 1) return
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

function inheritedFlag(): Int32Array | undefined {
  const left: unknown = getEnvironmentData(COMPLAINED)
  return left instanceof Int32Array ? left : undefined
}

function leaveFlag(): Int32Array {
  const flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  setEnvironmentData(COMPLAINED, flag)
  return flag
}

function describe(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return describe(cause.errors[0])
  return cause instanceof Error ? cause.message : String(cause)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
