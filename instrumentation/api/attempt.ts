import { diag } from '@opentelemetry/api'

/** Runs what a helper makes of what it was given. Never throws: that something could not be told is said once a caller. */
export function attempt(caller: string, fn: () => void): void {
  try {
    fn()
  } catch (error) {
    complain(caller, error)
  }
}

/** Says through the diagnostics of OpenTelemetry, once, what could not be sent. */
export function complain(what: string, error: unknown): void {
  if (failed.has(what)) return
  failed.add(what)
  diag.error(`cannot send ${what}`, error)
}

const failed = new Set<string>()
