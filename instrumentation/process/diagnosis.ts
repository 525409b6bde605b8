import type { DiagAPI, DiagLogFunction, DiagLogger } from '@opentelemetry/api'
import { DiagLogLevel } from '@opentelemetry/api'
import { complain, report } from './complaint'

/**
 * Sends the SDK's diagnostics to stderr: all of them, from the level `OTEL_LOG_LEVEL` names, when it is set; by default the
 * first error only, or the first warning while the SDK reads the environment (`isStarting`). Later warnings are of how
 * the application uses the API, such as a span it ends twice: not its operator's concern.
 */
export function setDiagnosis(
  diag: DiagAPI,
  logLevel: string | undefined,
  isStarting = false,
): void {
  const asked = levelOf(logLevel)
  const write: DiagLogFunction =
    asked === undefined
      ? (message, ...rest) => {
          if (!message.includes(ENDED_TWICE)) complain(lineOf(message, rest))
        }
      : (message, ...rest) => report(lineOf(message, rest))
  const logger: DiagLogger = {
    error: write,
    warn: write,
    info: write,
    debug: write,
    verbose: write,
  }
  diag.setLogger(logger, {
    logLevel: asked ?? (isStarting ? DiagLogLevel.WARN : DiagLogLevel.ERROR),
    suppressOverrideMessage: true,
  })
}

/** The one misuse the SDK calls an error. */
const ENDED_TWICE = 'only call end() on a span once'
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
