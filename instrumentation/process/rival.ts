/**
 * What else sets up OpenTelemetry in this process, so that two would count everything twice: an SDK that is registered
 * already, or a package of another distribution that the command line still has to load. Undefined when we are alone.
 */
export function findRival(flags: readonly string[], nodeOptions: string): string | undefined {
  const shared = (globalThis as { [SHARED]?: { trace?: unknown } })[SHARED]
  if (shared?.trace !== undefined) return 'an OpenTelemetry SDK'
  const options = [...flags, nodeOptions].join(' ')
  return DISTRIBUTIONS.find((name) => options.includes(name))
}

const SHARED = Symbol.for('opentelemetry.js.api.1')

/** What a preload flag names to have a process instrumented by others. */
const DISTRIBUTIONS = [
  '@opentelemetry/auto-instrumentations-node/register',
  '@elastic/opentelemetry-node',
  '@splunk/otel/instrument',
]
