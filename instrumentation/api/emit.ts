import type { AnyValueMap } from '@opentelemetry/api-logs'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { contextAttributes } from './context'

export type EventSeverity = 'info' | 'warn' | 'error'

/**
 * Sends an event: a log record with an event name, which no sampler drops. It carries the ids of the active span and of the
 * active request. Does nothing without an SDK.
 */
export function emitEvent(
  eventName: string,
  attributes: AnyValueMap,
  severity: EventSeverity = 'info',
): void {
  logger.emit({
    eventName,
    severityNumber: SEVERITY[severity],
    severityText: severity.toUpperCase(),
    attributes: { ...contextAttributes(), ...attributes },
  })
}

const SEVERITY: Readonly<Record<EventSeverity, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
}

/** One that finds the SDK whenever it is there. */
const logger = logs.getLogger('sidelight')
