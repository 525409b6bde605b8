import type { TextMapPropagator } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { type Api, chooseApi } from './api'
import { type Application, entryFile, findApplication } from './application'
import { createDelivery } from './delivery'
import { setDiagnosis } from './diagnosis'
import { flushAtEnd } from './ending'
import { chooseAssembly, readPropagators, readSampler, readSpanLimits } from './environment'
import type * as full from './full'
import { hookImports } from './imports'
import { IMPORTED_MODULES, instrumentLibraries } from './libraries'
import { describeProcess } from './resource'

/** Starts tracing as the `OTEL_*` variables say. Throws when the SDK cannot be put together. */
export function startTracing(env: NodeJS.ProcessEnv): void {
  const assembly = chooseAssembly(env)
  if (assembly === 'none') return
  const application = findApplication(entryFile(), process.cwd())
  const instrumentations = () => instrumentLibraries(application, env)
  hookImports(IMPORTED_MODULES)
  if (assembly === 'full') {
    const { startFullSdk } = require('./full') as typeof full
    const resource = describeProcess(application)
    flushAtEnd(startFullSdk({ resource, instrumentations, env }))
  } else {
    flushAtEnd(startLeanSdk(application, instrumentations, env))
  }
}

/** Returns what sends the spans that wait. */
function startLeanSdk(
  application: Application,
  instrumentations: () => Instrumentation[],
  env: NodeJS.ProcessEnv,
): () => Promise<void> {
  const api = chooseApi(application.folder)
  setDiagnosis(api.diag, env['OTEL_LOG_LEVEL'])
  const delivery = createDelivery(env)
  const provider = new TracerProvider({
    resource: describeProcess(application),
    sampler: readSampler(),
    spanLimits: readSpanLimits(),
    spanProcessors: [delivery.processor],
  })
  registerGlobally(api, provider)
  for (const instrumentation of instrumentations()) instrumentation.setTracerProvider(provider)
  return () => delivery.flush()
}

function registerGlobally(api: Api, provider: TracerProvider): void {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  api.trace.setGlobalTracerProvider(provider)
  const names = readPropagators()
  const propagators: TextMapPropagator[] = []
  if (names.has('tracecontext')) propagators.push(new W3CTraceContextPropagator())
  if (names.has('baggage')) propagators.push(new W3CBaggagePropagator())
  api.propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
}
