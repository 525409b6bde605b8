import { diag } from '@opentelemetry/api'
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from '@opentelemetry/core'
import type { BatchSpanProcessorOptions, Sampler, SpanLimits } from '@opentelemetry/sdk-trace'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

/**
 * Who assembles the SDK: `none` when there is nothing to send, `lean` is what this package puts together itself, `full`
 * is `@opentelemetry/sdk-node`, for an environment that asks for what the lean assembly has not.
 */
export type Assembly = 'none' | 'lean' | 'full'

export function chooseAssembly(env: NodeJS.ProcessEnv): Assembly {
  if (isTrue(env['OTEL_SDK_DISABLED'])) return 'none'
  if (isSet(env['OTEL_CONFIG_FILE'])) return 'full'
  const exporters = listOf(env['OTEL_TRACES_EXPORTER'])
  const asksForMore =
    exporters.some((name) => name !== 'otlp' && name !== 'none') ||
    otlpProtocol(env) === 'grpc' ||
    listOf(env['OTEL_PROPAGATORS']).some((name) => !LEAN_PROPAGATORS.has(name)) ||
    [...listOf(env['OTEL_METRICS_EXPORTER']), ...listOf(env['OTEL_LOGS_EXPORTER'])].some(
      (name) => name !== 'otlp' && name !== 'none',
    ) ||
    (isSet(env['OTEL_TRACES_SAMPLER']) && !LEAN_SAMPLERS.has(env['OTEL_TRACES_SAMPLER'].trim()))
  if (asksForMore) return 'full'
  return exporters[0] === 'none' ? 'none' : 'lean'
}

/** Whether spans go out over OTLP/HTTP and nowhere else. */
export function sendsOverHttp(env: NodeJS.ProcessEnv): boolean {
  const exporters = listOf(env['OTEL_TRACES_EXPORTER'])
  return exporters.every((name) => name === 'otlp') && otlpProtocol(env) !== 'grpc'
}

/** The protocol of the span exporter; the specification's default is `http/protobuf`. */
export function otlpProtocol(env: NodeJS.ProcessEnv): string {
  const name = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL']
  return name?.trim() || 'http/protobuf'
}

/** The sampler `OTEL_TRACES_SAMPLER` names; `parentbased_always_on` when it is unset. */
export function readSampler(): Sampler {
  switch (getStringFromEnv('OTEL_TRACES_SAMPLER')?.trim()) {
    case 'always_on':
      return new AlwaysOnSampler()
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(readRatio())
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(readRatio()) })
    default:
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
  }
}

/** The `OTEL_SPAN_*`, `OTEL_EVENT_*`, `OTEL_LINK_*` and `OTEL_ATTRIBUTE_*` limits that are set. */
export function readSpanLimits(): SpanLimits {
  return onlySet<SpanLimits>({
    attributeCountLimit:
      readPositive('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT') ?? readPositive('OTEL_ATTRIBUTE_COUNT_LIMIT'),
    attributeValueLengthLimit:
      readPositive('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      readPositive('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
    eventCountLimit: readPositive('OTEL_SPAN_EVENT_COUNT_LIMIT'),
    linkCountLimit: readPositive('OTEL_SPAN_LINK_COUNT_LIMIT'),
    attributePerEventCountLimit: readPositive('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'),
    attributePerLinkCountLimit: readPositive('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'),
  })
}

/** The `OTEL_BSP_*` numbers that are set. */
export function readBatching(): Omit<BatchSpanProcessorOptions, 'exporter'> {
  return onlySet<Omit<BatchSpanProcessorOptions, 'exporter'>>({
    maxQueueSize: readPositive('OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: readPositive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    scheduledDelayMillis: readPositive('OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: readPositive('OTEL_BSP_EXPORT_TIMEOUT'),
  })
}

/** The W3C propagators to register, by name; empty when `OTEL_PROPAGATORS` is `none`. */
export function readPropagators(): ReadonlySet<'tracecontext' | 'baggage'> {
  const names = getStringListFromEnv('OTEL_PROPAGATORS')
  if (names === undefined) return new Set(['tracecontext', 'baggage'])
  if (names.includes('none')) return new Set()
  return new Set((['tracecontext', 'baggage'] as const).filter((name) => names.includes(name)))
}

/** Whether `OTEL_NODE_ENABLED_INSTRUMENTATIONS` and `OTEL_NODE_DISABLED_INSTRUMENTATIONS` let the library through. */
export function isLibraryEnabled(name: string, env: NodeJS.ProcessEnv): boolean {
  const enabled = listOf(env['OTEL_NODE_ENABLED_INSTRUMENTATIONS'])
  if (enabled.length > 0 && !enabled.includes(name)) return false
  return !listOf(env['OTEL_NODE_DISABLED_INSTRUMENTATIONS']).includes(name)
}

/** Whether a variable has a value; an empty one counts as unset (OpenTelemetry specification, environment variables). */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== ''
}

const LEAN_PROPAGATORS = new Set(['tracecontext', 'baggage', 'none'])
const LEAN_SAMPLERS = new Set([
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
])

function readRatio(): number {
  const ratio = getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG')
  if (ratio === undefined) return 1
  if (ratio >= 0 && ratio <= 1) return ratio
  diag.warn(`OTEL_TRACES_SAMPLER_ARG=${ratio} is ignored: a ratio is between 0 and 1`)
  return 1
}

function readPositive(name: string): number | undefined {
  const value = getNumberFromEnv(name)
  if (value === undefined || value > 0) return value
  diag.warn(`${name}=${value} is ignored: it must be greater than 0`)
  return undefined
}

function onlySet<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}

function listOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
