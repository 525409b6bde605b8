import type { TextMapPropagator } from '@opentelemetry/api'
import { context, diag, propagation } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import type { MetricProducer } from '@opentelemetry/sdk-metrics'
import type { Pipeline } from './delivery/contract'
import { createOutbox } from './delivery/outbox'
import { durationProducer } from './measures/producer'
import { RUNTIME_LIBRARY, runtimeProducer } from './measures/runtime'
import type { Application } from './process/application'
import { setDiagnosis } from './process/diagnosis'
import { isLibraryEnabled, readPropagators, readSignals } from './process/environment'
import { describeProcess } from './process/resource'
import type { Parts } from './signals/contract'
import { startLogs } from './signals/logs'
import { type Metrics, startMetrics, type Temporality } from './signals/metrics'
import { startTraces } from './signals/traces'

const SECOND = 1000

/** What an application that asks for everything to be sent waits for at most. */
const ASKED_FLUSH_DEADLINE_MS = 10 * SECOND
/** An application that winds down is flushed several times a second; its metrics need not be read as often. */
const METRICS_PAUSE_MS = SECOND
/** An end that was waited for (`ending.ts`) began with a flush, which has read them. */
const ENDING_MS = 3 * SECOND

/** Puts the SDK together from its parts, for OTLP over HTTP in protobuf. */
export function startLean(application: Application, env: NodeJS.ProcessEnv): Pipeline {
  setDiagnosis(diag, env['OTEL_LOG_LEVEL'])
  const outbox = createOutbox(env)
  const parts: Parts = {
    env,
    resource: describeProcess(application, env),
    put: (body) => outbox.put(body),
    flush: () => flush(ASKED_FLUSH_DEADLINE_MS, true),
  }
  registerContext(env)
  const signals = readSignals(env)
  const traces = signals.traces ? startTraces(parts) : undefined
  const logs = signals.logs ? startLogs(parts) : undefined
  const metrics = signals.metrics ? startOwnMetrics(parts) : undefined

  const seal = (): void => {
    traces?.seal()
    logs?.seal()
  }
  let metricsReadMs = -Infinity
  async function flush(deadlineMs: number, isAsked: boolean): Promise<void> {
    const startMs = performance.now()
    // On their way while the metrics are read.
    seal()
    if (isAsked || startMs - metricsReadMs >= METRICS_PAUSE_MS) {
      metricsReadMs = startMs
      await metrics?.collect(deadlineMs / 2)
    }
    await outbox.flush(Math.max(0, deadlineMs - (performance.now() - startMs)))
  }
  return {
    flush: (deadlineMs) => flush(deadlineMs, false),
    save() {
      seal()
      const nowMs = performance.now()
      if (nowMs - metricsReadMs >= ENDING_MS) {
        metricsReadMs = nowMs
        metrics?.save()
      }
      outbox.handOver()
    },
  }
}

function startOwnMetrics(parts: Parts): Metrics {
  return startMetrics(parts, (temporality: Temporality) => {
    const histograms = temporality === 'cumulative' ? 'cumulative' : 'delta'
    const durations = durationProducer(histograms)
    const producers: MetricProducer[] = [durations]
    if (isLibraryEnabled(RUNTIME_LIBRARY, parts.env)) {
      const counters = temporality === 'delta' ? 'delta' : 'cumulative'
      producers.push(runtimeProducer({ histograms, counters }))
    }
    return { producers, durations }
  })
}

function registerContext(env: NodeJS.ProcessEnv): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const names = readPropagators(env)
  const propagators: TextMapPropagator[] = []
  if (names.has('tracecontext')) propagators.push(new W3CTraceContextPropagator())
  if (names.has('baggage')) propagators.push(new W3CBaggagePropagator())
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
}
