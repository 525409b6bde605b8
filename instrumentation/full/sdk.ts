import { diag, trace } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { NodeSDK, startNodeSDK } from '@opentelemetry/sdk-node'
import { createDelivery } from './delivery'
import { setDiagnosis } from '../process/diagnosis'
import { isSet, sendsOverHttp } from '../process/environment'

export interface FullSdkOptions {
  readonly resource: Resource
  readonly env: NodeJS.ProcessEnv
}

/**
 * Hands the environment to `@opentelemetry/sdk-node`: a configuration file, OTLP over gRPC, other exporters, propagators
 * and samplers. Returns what sends the spans that wait. Throws as the SDK does on values it cannot use. The SDK registers
 * itself through this package's copy of the API, so an application with a newer one of its own cannot add spans.
 */
export function startFullSdk({ resource, env }: FullSdkOptions): Flush {
  const logLevel = env['OTEL_LOG_LEVEL']
  // Where the SDK sets a logger of its own, it would complain of ours.
  if (!isSet(env['OTEL_CONFIG_FILE']) && !isSet(logLevel)) setDiagnosis(diag, undefined)
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
  const delivery = sendsOverHttp(env) ? createDelivery(env) : undefined
  new NodeSDK({
    resource,
    autoDetectResources: false,
    ...(delivery === undefined ? {} : { spanProcessors: [delivery.processor] }),
    // Unasked, the SDK would send metrics and logs as well, which not every collector takes.
    ...(isSet(env['OTEL_METRICS_EXPORTER']) ? {} : { metricReaders: [] }),
    ...(isSet(env['OTEL_LOGS_EXPORTER']) ? {} : { logRecordProcessors: [] }),
  }).start()
  return delivery === undefined ? flushRegistered : () => delivery.flush()
}

async function flushRegistered(): Promise<void> {
  const registered = trace.getTracerProvider() as Flushable & { getDelegate?(): Flushable }
  const provider = registered.getDelegate?.() ?? registered
  await provider.forceFlush?.()
}

interface Flushable {
  forceFlush?(): Promise<void>
}
