import type * as otlpJson from '@opentelemetry/exporter-trace-otlp-http'
import type * as otlpProtobuf from '@opentelemetry/exporter-trace-otlp-proto'
import type * as full from './full'
import type { TextMapPropagator } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { chooseApi } from './api'
import type { Api } from './api'
import { entryFile, findApplication } from './application'
import { complain } from './complaint'
import { setDiagnosis } from './diagnosis'
import {
  chooseAssembly,
  isSet,
  otlpProtocol,
  readBatching,
  readPropagators,
  readSampler,
  readSpanLimits,
} from './environment'
import { flushAtEnd } from './ending'
import { hookImports } from './imports'
import { IMPORTED_MODULES, instrumentLibraries } from './libraries'
import { Outbox } from './outbox'
import { describeProcess } from './resource'

const SECOND = 1000

/** Longer than a collector takes to answer (2 s); the exporter's timers keep the process alive no longer than this. */
const EXPORT_TIMEOUT_MS = 2.5 * SECOND
/** Shorter than the exporter's first retry: what the end of the process waits for is tried once. */
const LAST_EXPORT_TIMEOUT_MS = 750
const RETRY_DELAY_MS = SECOND
const MAX_KEPT_SPANS = 8192

/** Starts tracing as the `OTEL_*` variables say. Throws when the SDK cannot be put together. */
export function startTracing(env: NodeJS.ProcessEnv): void {
  const assembly = chooseAssembly(env)
  if (assembly === 'none') return
  const application = findApplication(entryFile(), process.cwd())
  const api = chooseApi(application.folder)
  setDiagnosis(api.diag, env['OTEL_LOG_LEVEL'])
  hookImports(IMPORTED_MODULES)
  const instrumentations = instrumentLibraries(application, env)
  const resource = describeProcess(application)
  if (assembly === 'full') {
    const { startFullSdk } = require('./full') as typeof full
    flushAtEnd(startFullSdk({ api, resource, instrumentations, env }))
    return
  }
  const Exporter = loadExporter(otlpProtocol(env))
  const outbox = new Outbox(
    new Exporter(hasTimeout(env) ? {} : { timeoutMillis: EXPORT_TIMEOUT_MS }),
    { maxSpans: MAX_KEPT_SPANS, retryDelayMs: RETRY_DELAY_MS },
    (error) => complain('cannot deliver spans to the collector', error),
  )
  const lastExporter = new Exporter({ timeoutMillis: LAST_EXPORT_TIMEOUT_MS })
  const processor = new BatchSpanProcessor({ exporter: outbox, ...readBatching() })
  const provider = new TracerProvider({
    resource,
    sampler: readSampler(),
    spanLimits: readSpanLimits(),
    spanProcessors: [processor],
  })
  registerGlobally(api, provider)
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(provider)
  flushAtEnd(async () => {
    await processor.forceFlush()
    await outbox.deliverNow(lastExporter)
  })
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

/** The exporter reads endpoint, headers, compression and certificates from the environment itself. */
function loadExporter(protocol: string): new (options: { timeoutMillis?: number }) => SpanExporter {
  if (protocol === 'http/json') {
    const json = require('@opentelemetry/exporter-trace-otlp-http') as typeof otlpJson
    return json.OTLPTraceExporter
  }
  if (protocol !== 'http/protobuf') {
    complain(`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is unknown, http/protobuf is used`)
  }
  const protobuf = require('@opentelemetry/exporter-trace-otlp-proto') as typeof otlpProtobuf
  return protobuf.OTLPTraceExporter
}

function hasTimeout(env: NodeJS.ProcessEnv): boolean {
  return isSet(env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT']) || isSet(env['OTEL_EXPORTER_OTLP_TIMEOUT'])
}
