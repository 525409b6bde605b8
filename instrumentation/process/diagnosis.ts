import type { DiagAPI, DiagLogFunction, DiagLogger } from '@opentelemetry/api'
import { DiagLogLevel } from '@opentelemetry/api'
import { complain, report } from './complaint'

/**
 * Sends the SDK's diagnostics to stderr: by default the first warning or error only; all of them, from the level
 * `OTEL_LOG_LEVEL` names, when it is set.
 */
export function setDiagnosis(diag: DiagAPI, logLevel: string | undefined): void {
  const asked = levelOf(logLevel)
  const write: DiagLogFunction =
    asked === undefined
      ? (message, ...rest) => complain(lineOf(message, rest))
      : (message, ...rest) => report(lineOf(message, rest))
  const logger: DiagLogger = {
    error: write,
    warn: write,
    info: write,
    debug: write,
    verbose: write,
  }
  diag.setLogger(logger, {
    logLevel: asked ?? DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  })
}

/** How the API refuses a second SDK, whoever brings it. */
const DUPLICATE = 'Attempted duplicate registration of API'

function levelOf(name: string | undefined): DiagLogLevel | undefined {
  const levels: Record<string, DiagLogLevel> = {
    none: DiagLogLevel.NONE,
    error: DiagLogLevel.ERROR,
    warn: DiagLogLevel.WARN,
    info: DiagLogLevel.INFO,
    debug: DiagLogLevel.DEBUG,
    verbose: DiagLogLevel.VERBOSE,
    all: DiagLogLevel.ALL,
  }
  return name === undefined ? undefined : levels[name.trim().toLowerCase()]
}

function lineOf(message: string, rest: unknown[]): string {
  if (message.includes(DUPLICATE)) {
    return 'an OpenTelemetry SDK the application sets up itself stays without effect: remove one of the two'
  }
  return [message, ...rest.map(textOf)].join(' ')
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
