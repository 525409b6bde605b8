import type { Instrumentation } from '@opentelemetry/instrumentation'
import type { Resource } from '@opentelemetry/resources'
import { NodeSDK, startNodeSDK } from '@opentelemetry/sdk-node'
import type { Api } from './api'
import { setDiagnosis } from './diagnosis'
import { isSet } from './environment'

export interface FullSdkOptions {
  readonly api: Api
  readonly resource: Resource
  readonly instrumentations: Instrumentation[]
  readonly env: NodeJS.ProcessEnv
}

/**
 * Hands the environment to `@opentelemetry/sdk-node`: a configuration file, OTLP over gRPC, other exporters, propagators
 * and samplers. Returns what sends the spans that wait. Throws as the SDK does on values it cannot use.
 */
export function startFullSdk(options: FullSdkOptions): () => Promise<void> {
  const { api, resource, instrumentations, env } = options
  if (isSet(env['OTEL_CONFIG_FILE'])) {
    startNodeSDK({ instrumentations })
  } else {
    new NodeSDK({
      resource,
      autoDetectResources: false,
      instrumentations,
      // Unasked, the SDK would send metrics and logs as well, which not every collector takes.
      ...(isSet(env['OTEL_METRICS_EXPORTER']) ? {} : { metricReaders: [] }),
      ...(isSet(env['OTEL_LOGS_EXPORTER']) ? {} : { logRecordProcessors: [] }),
    }).start()
  }
  // The SDK replaced it by one that writes to the application's stdout.
  setDiagnosis(api.diag, env['OTEL_LOG_LEVEL'])
  return () => flushRegistered(api)
}

async function flushRegistered(api: Api): Promise<void> {
  const registered = api.trace.getTracerProvider() as Flushable & { getDelegate?(): Flushable }
  const provider = registered.getDelegate?.() ?? registered
  await provider.forceFlush?.()
}

interface Flushable {
  forceFlush?(): Promise<void>
}
