import { metrics, trace } from '@opentelemetry/api'
import { logs, type SeverityNumber } from '@opentelemetry/api-logs'
import { keepWholeExceptions } from '../errors/spans'
import { sendLinesTo } from '../loggers/line'
import { recordThrough } from '../measures/durations'
import { reportRuntime, RUNTIME_LIBRARY } from '../measures/runtime'
import { isLibraryEnabled, readSignals } from '../process/environment'
import { stampRecords, stampSpans } from './stamping'

/** Gives what our instrumentations measure and hear to the SDK that is registered, through the API. */
export function connectInstrumentations(env: NodeJS.ProcessEnv): void {
  const signals = readSignals(env)
  // Nobody may have been registered, as when a configuration file says nothing of metrics.
  if (signals.metrics && 'forceFlush' in metrics.getMeterProvider()) {
    const getMeter = (scope: string) => metrics.getMeter(scope)
    recordThrough(getMeter)
    if (isLibraryEnabled(RUNTIME_LIBRARY, env)) reportRuntime(getMeter)
  }
  if (signals.logs) {
    sendLinesToApi()
    stampRecords()
  }
  if (signals.traces) {
    describeErrorsOfSpans()
    stampSpans()
  }
}

/** A span that is never ended goes nowhere; it tells its class, which the SDK does not export. */
function describeErrorsOfSpans(): void {
  const span = trace.getTracer('sidelight').startSpan('sidelight')
  if (span.isRecording()) keepWholeExceptions(span)
}

function sendLinesToApi(): void {
  sendLinesTo(
    ({ scope, timeUnixMs, severityNumber, severityText, body, attributes, eventName }) => {
      try {
        logs.getLogger(scope).emit({
          timestamp: timeUnixMs,
          severityNumber: severityNumber as SeverityNumber,
          severityText,
          body: body as string,
          attributes: attributes as Record<string, string>,
          ...(eventName === undefined ? {} : { eventName }),
        })
      } catch {
        // The line itself has been written; the logger must not hear of this.
      }
    },
  )
}
