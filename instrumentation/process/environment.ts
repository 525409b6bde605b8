import type { Signal } from '../delivery/contract'
import { complain } from './complaint'
import { isSet, isTrue, listOf } from './variables'

/**
 * Who assembles the SDK: `none` when there is nothing to send, `lean` is what this package puts together itself, `full`
 * is `@opentelemetry/sdk-node`, for an environment that asks for what the lean assembly has not.
 */
export type Assembly =
  | { readonly kind: 'none' | 'lean' }
  /** `because`: the variable that asks for it, with its value. */
  | { readonly kind: 'full'; readonly because: string }

export function chooseAssembly(env: NodeJS.ProcessEnv): Assembly {
  if (isTrue(env['OTEL_SDK_DISABLED'])) return { kind: 'none' }
  if (isSet(env['OTEL_CONFIG_FILE'])) return { kind: 'full', because: 'OTEL_CONFIG_FILE' }
  const signals = readSignals(env)
  const on = SIGNALS.filter((signal) => signals[signal])
  if (on.length === 0) return { kind: 'none' }
  for (const signal of on) {
    const exporter = exportersOf(signal, env).find((name) => FULL_EXPORTERS[signal].has(name))
    if (exporter !== undefined) {
      return { kind: 'full', because: `${exporterVariable(signal)}=${exporter}` }
    }
    const protocol = otlpProtocol(signal, env)
    if (protocol !== 'http/protobuf') return { kind: 'full', because: `${protocol} for ${signal}` }
  }
  const propagator = listOf(env['OTEL_PROPAGATORS']).find((name) => FULL_PROPAGATORS.has(name))
  if (propagator === undefined) return { kind: 'lean' }
  return { kind: 'full', because: `OTEL_PROPAGATORS=${propagator}` }
}

export const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

/** Which signals are to be sent: not those whose exporter is `none`. */
export function readSignals(env: NodeJS.ProcessEnv): Readonly<Record<Signal, boolean>> {
  const isOn = (signal: Signal): boolean => !exportersOf(signal, env).includes('none')
  return { traces: isOn('traces'), metrics: isOn('metrics'), logs: isOn('logs') }
}

/** The exporters of a signal; those that nobody knows are told in one line and left out. */
export function exportersOf(signal: Signal, env: NodeJS.ProcessEnv): string[] {
  const variable = exporterVariable(signal)
  const names = listOf(env[variable]).filter((name) => {
    if (name === 'otlp' || name === 'none' || FULL_EXPORTERS[signal].has(name)) return true
    complain(`${variable}=${name} is unknown, otlp is used`)
    return false
  })
  return names.length === 0 ? ['otlp'] : names
}

export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** The protocol of a signal; the specification's default is `http/protobuf`. */
export function otlpProtocol(signal: Signal, env: NodeJS.ProcessEnv): OtlpProtocol {
  const names = [
    `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`,
    'OTEL_EXPORTER_OTLP_PROTOCOL',
  ]
  for (const name of names) {
    const value = env[name]?.trim()
    if (value === 'http/protobuf' || value === 'http/json' || value === 'grpc') return value
    if (isSet(value)) complain(`${name}=${value} is unknown, http/protobuf is used`)
  }
  return 'http/protobuf'
}

/** The W3C propagators to register; empty when `OTEL_PROPAGATORS` is `none`. */
export function readPropagators(env: NodeJS.ProcessEnv): ReadonlySet<string> {
  const names = listOf(env['OTEL_PROPAGATORS'])
  if (names.includes('none')) return new Set()
  const known = names.filter((name) => {
    if (LEAN_PROPAGATORS.has(name)) return true
    complain(`OTEL_PROPAGATORS=${name} is unknown`)
    return false
  })
  return known.length === 0 ? LEAN_PROPAGATORS : new Set(known)
}

/** Whether `OTEL_NODE_ENABLED_INSTRUMENTATIONS` and `OTEL_NODE_DISABLED_INSTRUMENTATIONS` let the library through. */
export function isLibraryEnabled(name: string, env: NodeJS.ProcessEnv): boolean {
  const enabled = listOf(env['OTEL_NODE_ENABLED_INSTRUMENTATIONS'])
  if (enabled.length > 0 && !enabled.includes(name)) return false
  return !listOf(env['OTEL_NODE_DISABLED_INSTRUMENTATIONS']).includes(name)
}

const LEAN_PROPAGATORS: ReadonlySet<string> = new Set(['tracecontext', 'baggage'])
/** What sdk-node has beyond the lean assembly. */
const FULL_PROPAGATORS = new Set(['b3', 'b3multi', 'jaeger'])
const FULL_EXPORTERS: Readonly<Record<Signal, ReadonlySet<string>>> = {
  traces: new Set(['console', 'zipkin']),
  metrics: new Set(['console', 'prometheus']),
  logs: new Set(['console']),
}

function exporterVariable(signal: Signal): string {
  return `OTEL_${signal.toUpperCase()}_EXPORTER`
}
