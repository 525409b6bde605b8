import { type Alert, bySeverity } from './alerts'
import type { Identity } from './identity'

/** How far back throws are counted. */
export const PATTERN_MS = 3_600_000
/** So many throws of one error are worth a warning. */
export const REPEATED_THROWS = 10
/** So many fatal errors of a service are critical. */
export const FATAL_THROWS = 3

const MAX_TITLE_LENGTH = 200

/** An error that was thrown again and again. */
export interface RepeatedError extends Identity {
  /** Of its group. */
  readonly id: string
  readonly class: string
  readonly message: string
  readonly count: number
  /** When the first throw ever was, in unix milliseconds. */
  readonly firstSeenMs: number
}

/** Fatal throws of a service. */
export interface FatalErrors extends Identity {
  readonly count: number
}

/** What is counted of errors in the time that ends now. */
export interface Patterns {
  readonly repeated: readonly RepeatedError[]
  readonly fatal: readonly FatalErrors[]
  readonly module: string | null
  readonly sinceMs: number
}

/** The patterns that errors make at present: services with fatal ones first, then single errors, the most frequent first. */
export function listPatterns({ repeated, fatal, module, sinceMs }: Patterns): Alert[] {
  const critical = fatal
    .filter(({ count }) => count >= FATAL_THROWS)
    .map(({ count, ...identity }) => ({
      ...describe(identity, module, count, FATAL_THROWS),
      severity: 'critical' as const,
      resourceName: placeOf(identity, module),
      message: `${placeOf(identity, module)}: ${count} fatal errors in an hour, critical from ${FATAL_THROWS}`,
      errorId: null,
      sinceMs,
    }))
  const warnings = repeated
    .filter(({ count }) => count >= REPEATED_THROWS)
    .map(({ id, class: name, message, count, firstSeenMs, ...identity }) => ({
      ...describe(identity, module, count, REPEATED_THROWS),
      severity: 'warning' as const,
      resourceName: name,
      message: [
        placeOf(identity, module),
        titleOf(name, message),
        `${count} times in an hour, a warning from ${REPEATED_THROWS}`,
      ].join(': '),
      errorId: id,
      sinceMs: Math.max(firstSeenMs, sinceMs),
    }))
  const most = (a: Alert, b: Alert) => b.value - a.value
  return bySeverity([...critical.sort(most), ...warnings.sort(most)])
}

function describe(identity: Identity, module: string | null, value: number, limit: number) {
  return { ...identity, module, criterion: 'error_pattern' as const, value, limit, unit: 'errors' }
}

function placeOf({ service }: Identity, module: string | null): string {
  return `${module === null ? '' : `${module} in `}${service ?? ''}`
}

function titleOf(name: string, message: string): string {
  const title = message === '' ? name : `${name} (${message})`
  return title.length > MAX_TITLE_LENGTH ? `${title.slice(0, MAX_TITLE_LENGTH)}…` : title
}
