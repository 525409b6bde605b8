import { diag, metrics, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import type { Resource } from '@opentelemetry/resources'
import { NodeSDK, startNodeSDK } from '@opentelemetry/sdk-node'
import { setDiagnosis } from '../process/diagnosis'
import { exportersOf, otlpProtocol, readSignals } from '../process/environment'
import { isSet } from '../process/variables'
import { createDelivery } from './delivery'

export interface FullSdkOptions {
  readonly resource: Resource
  readonly env: NodeJS.ProcessEnv
}

/**
 * Hands the environment to `@opentelemetry/sdk-node`: a configuration file, OTLP over gRPC or in JSON, other exporters and
 * propagators. Returns what sends everything that waits. Throws as the SDK does on values it cannot use. The SDK registers
 * itself through this package's copy of the API, so an application with a newer one of its own cannot add spans.
 */
export function startFullSdk({ resource, env }: FullSdkOptions): Flush {
  const logLevel = env['OTEL_LOG_LEVEL']
  // Where the SDK sets a logger of its own, it would complain of ours.
  if (!isSet(env['OTEL_CONFIG_FILE']) && !isSet(logLevel)) setDiagnosis(diag, undefined, true)
  const flush = isSet(env['OTEL_CONFIG_FILE']) ? startFromFile() : startFromVariables(resource, env)
  // The SDK's own writes to the application's stdout.
  setDiagnosis(diag, logLevel)
  return flush
}

type Flush = () => Promise<void>

function startFromFile(): Flush {
  startNodeSDK({})
  return flushRegistered
}

function startFromVariables(resource: Resource, env: NodeJS.ProcessEnv): Flush {
  // The SDK's own way keeps the process alive for up to 10 s when the collector is away.
  const delivery = sendsSpansOverHttp(env) ? createDelivery(env) : undefined
  new NodeSDK({
    resource,
    autoDetectResources: false,
    ...(delivery === undefined ? {} : { spanProcessors: [delivery.processor] }),
  }).start()
  return async () => {
    await Promise.allSettled([delivery?.flush(), flushRegistered()])
  }
}

function sendsSpansOverHttp(env: NodeJS.ProcessEnv): boolean {
  if (!readSignals(env).traces) return false
  const exporters = exportersOf('traces', env)
  return exporters.every((name) => name === 'otlp') && otlpProtocol('traces', env) !== 'grpc'
}

/** Of each signal what is registered, if it can be flushed. */
async function flushRegistered(): Promise<void> {
  const providers: Flushable[] = [
    trace.getTracerProvider() as Flushable,
    metrics.getMeterProvider() as Flushable,
    logs.getLoggerProvider() as Flushable,
  ]
  await Promise.allSettled(
    providers.map(async (registered) => {
      const provider = registered.getDelegate?.() ?? registered._getDelegate?.() ?? registered
      await provider.forceFlush?.()
    }),
  )
}

interface Flushable {
  getDelegate?(): Flushable
  /** As the proxy of the logs API calls it. */
  _getDelegate?(): Flushable
  forceFlush?(): Promise<void>
}
