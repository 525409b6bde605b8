import type { HrTime } from '@opentelemetry/api'
import type { AnyValueMap, Logger, LoggerProvider } from '@opentelemetry/api-logs'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { attempt, complain } from './attempt'
import { contextAttributes, currentContext } from './context'

export type EventSeverity = 'info' | 'warn' | 'error'

/** Whether events go anywhere. */
export function sendsEvents(): boolean {
  const logger = currentLogger()
  // Loggers of SDKs before 2025 have no such method.
  return typeof logger.enabled !== 'function' || logger.enabled()
}

/**
 * Runs what a helper makes of what it was given, if events go anywhere: without an SDK that costs nothing. Never throws, whatever
 * the application gave; that something could not be told is said once a caller.
 */
export function tell(caller: string, fn: () => void): void {
  attempt(caller, () => {
    if (sendsEvents()) fn()
  })
}

/**
 * Sends an event: a log record with an event name, which no sampler drops. It carries the ids of the active span and of the
 * active request. Does nothing without an SDK, and never throws. An event of severity `error` is an error to the
 * collector, in a group of such.
 */
export function emitEvent(
  eventName: string,
  attributes: AnyValueMap,
  severity: EventSeverity = 'info',
  body?: string,
): void {
  try {
    currentLogger().emit({
      eventName,
      timestamp: nextTime(),
      severityNumber: SEVERITY[severity],
      severityText: SEVERITY_TEXT[severity],
      attributes:
        currentContext() === undefined ? attributes : { ...contextAttributes(), ...attributes },
      body,
    })
  } catch (error) {
    complain(eventName, error)
  }
}

const SEVERITY: Readonly<Record<EventSeverity, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
}
const SEVERITY_TEXT: Readonly<Record<EventSeverity, string>> = {
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
}

const SCOPE = 'sidelight'

let provider: LoggerProvider | undefined
let ours: Logger | undefined

/** Of the SDK that is registered now, through whichever copy of the API: one may come after the application has loaded us. */
function currentLogger(): Logger {
  const current = logs.getLoggerProvider()
  if (ours === undefined || current !== provider) {
    provider = current
    ours = current.getLogger(SCOPE)
  }
  return ours
}

const MICROS_PER_MILLI = 1000
const MICROS_PER_SECOND = 1_000_000
/** Further ahead of the clock than this, and the clock has been set back. */
const MOST_AHEAD_MICROS = MICROS_PER_SECOND

let lastMicros = 0

/** Now, a microsecond later than the event before: what follows what is known even within a millisecond. */
function nextTime(): HrTime {
  const nowMicros = Date.now() * MICROS_PER_MILLI
  const isAhead = lastMicros >= nowMicros && lastMicros - nowMicros < MOST_AHEAD_MICROS
  lastMicros = isAhead ? lastMicros + 1 : nowMicros
  const seconds = Math.floor(lastMicros / MICROS_PER_SECOND)
  return [seconds, (lastMicros - seconds * MICROS_PER_SECOND) * 1000]
}
