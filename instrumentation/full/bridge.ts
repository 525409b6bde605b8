import { metrics } from '@opentelemetry/api'
import { logs, type SeverityNumber } from '@opentelemetry/api-logs'
import { sendLinesTo } from '../loggers/line'
import { recordThrough } from '../measures/durations'
import { reportRuntime, RUNTIME_LIBRARY } from '../measures/runtime'
import { isLibraryEnabled, readSignals } from '../process/environment'

/** Gives what our instrumentations measure and hear to the SDK that is registered, through the API. */
export function connectInstrumentations(env: NodeJS.ProcessEnv): void {
  const signals = readSignals(env)
  // Nobody may have been registered, as when a configuration file says nothing of metrics.
  if (signals.metrics && 'forceFlush' in metrics.getMeterProvider()) {
    const getMeter = (scope: string) => metrics.getMeter(scope)
    recordThrough(getMeter)
    if (isLibraryEnabled(RUNTIME_LIBRARY, env)) reportRuntime(getMeter)
  }
  if (signals.logs) sendLinesToApi()
}

function sendLinesToApi(): void {
  sendLinesTo(({ scope, timeUnixMs, severityNumber, severityText, body, attributes }) => {
    try {
      logs.getLogger(scope).emit({
        timestamp: timeUnixMs,
        severityNumber: severityNumber as SeverityNumber,
        severityText,
        body: body as string,
        attributes: attributes as Record<string, string>,
      })
    } catch {
      // The line itself has been written; the logger must not hear of this.
    }
  })
}
