import type { TextMapPropagator } from '@opentelemetry/api'
import { context, diag, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import type { Pipeline } from './delivery/contract'
import { createDelivery } from './full/delivery'
import type { Application } from './process/application'
import { setDiagnosis } from './process/diagnosis'
import { readPropagators, readSampler, readSpanLimits } from './process/environment'
import { describeProcess } from './process/resource'

/** Puts the SDK together from its parts, for OTLP over HTTP in protobuf. */
export function startLean(application: Application, env: NodeJS.ProcessEnv): Pipeline {
  setDiagnosis(diag, env['OTEL_LOG_LEVEL'])
  const delivery = createDelivery(env)
  const provider = new TracerProvider({
    resource: describeProcess(application),
    sampler: readSampler(),
    spanLimits: readSpanLimits(),
    spanProcessors: [delivery.processor],
  })
  registerGlobally(provider)
  return { flush: () => delivery.flush(), save: () => undefined }
}

function registerGlobally(provider: TracerProvider): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  const names = readPropagators()
  const propagators: TextMapPropagator[] = []
  if (names.has('tracecontext')) propagators.push(new W3CTraceContextPropagator())
  if (names.has('baggage')) propagators.push(new W3CBaggagePropagator())
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
}
