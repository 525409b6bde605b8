import type * as otlpJson from '@opentelemetry/exporter-trace-otlp-http'
import type * as otlpProtobuf from '@opentelemetry/exporter-trace-otlp-proto'
import type {
  BatchSpanProcessorOptions,
  SpanExporter,
  SpanProcessor,
} from '@opentelemetry/sdk-trace'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import { complain } from '../process/complaint'
import { otlpProtocol } from '../process/environment'
import { readBodyLimits } from '../process/limits'
import { isSet, readNumber } from '../process/variables'
import { Outbox } from './outbox'

/** The way of a span to the collector over OTLP/HTTP. */
export interface Delivery {
  readonly processor: SpanProcessor
  /** Sends what is left, in a hurry: the application ends. */
  flush(): Promise<void>
}

const SECOND = 1000

/** Longer than a collector takes to answer (2 s); the exporter's timers keep the process alive no longer than this. */
const EXPORT_TIMEOUT_MS = 2.5 * SECOND
/** Shorter than the exporter's first retry: what the end of the process waits for is tried once. */
const LAST_EXPORT_TIMEOUT_MS = 750
const RETRY_DELAY_MS = SECOND
const MAX_KEPT_SPANS = 8192

export function createDelivery(env: NodeJS.ProcessEnv): Delivery {
  const Exporter = loadExporter(otlpProtocol('traces', env))
  const outbox = new Outbox(
    new Exporter(hasTimeout(env) ? {} : { timeoutMillis: EXPORT_TIMEOUT_MS }),
    { maxSpans: MAX_KEPT_SPANS, retryDelayMs: RETRY_DELAY_MS },
    (error) => complain('cannot deliver spans to the collector', error),
  )
  const lastExporter = new Exporter({ timeoutMillis: LAST_EXPORT_TIMEOUT_MS })
  const processor = new BatchSpanProcessor({ exporter: outbox, ...readBatching(env) })
  return {
    processor,
    async flush() {
      outbox.useExporter(lastExporter)
      await processor.forceFlush()
      await outbox.forceFlush()
    },
  }
}

/** The exporter reads endpoint, headers, compression and certificates from the environment itself. */
function loadExporter(protocol: string): new (options: { timeoutMillis?: number }) => SpanExporter {
  if (protocol === 'http/json') {
    const json = require('@opentelemetry/exporter-trace-otlp-http') as typeof otlpJson
    return json.OTLPTraceExporter
  }
  const protobuf = require('@opentelemetry/exporter-trace-otlp-proto') as typeof otlpProtobuf
  return protobuf.OTLPTraceExporter
}

function readBatching(env: NodeJS.ProcessEnv): Omit<BatchSpanProcessorOptions, 'exporter'> {
  const { maxItems, maxDelayMs } = readBodyLimits('BSP', env)
  const maxQueueSize = readNumber(env, ['OTEL_BSP_MAX_QUEUE_SIZE'], 1)
  return {
    maxExportBatchSize: maxItems,
    scheduledDelayMillis: maxDelayMs,
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
  }
}

function hasTimeout(env: NodeJS.ProcessEnv): boolean {
  return isSet(env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT']) || isSet(env['OTEL_EXPORTER_OTLP_TIMEOUT'])
}
