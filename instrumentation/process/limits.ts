import type { SpanLimits } from '@opentelemetry/sdk-trace'
import type { BodyLimits } from '../wire/body'
import { readNumber } from './variables'

const SECOND = 1000
const MIB = 1_048_576

/** The `OTEL_SPAN_*`, `OTEL_EVENT_*`, `OTEL_LINK_*` and `OTEL_ATTRIBUTE_*` limits that are set. */
export function readSpanLimits(env: NodeJS.ProcessEnv): SpanLimits {
  return onlySet<SpanLimits>({
    ...readAttributeLimits('SPAN', env),
    eventCountLimit: readNumber(env, ['OTEL_SPAN_EVENT_COUNT_LIMIT'], 0),
    linkCountLimit: readNumber(env, ['OTEL_SPAN_LINK_COUNT_LIMIT'], 0),
    attributePerEventCountLimit: readNumber(env, ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'], 0),
    attributePerLinkCountLimit: readNumber(env, ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'], 0),
  })
}

export interface AttributeLimits {
  readonly attributeCountLimit?: number
  /** Of texts, in UTF-16 code units. */
  readonly attributeValueLengthLimit?: number
}

/** The limits that are set for `SPAN` or `LOGRECORD`, or else for all attributes. */
export function readAttributeLimits(
  what: 'SPAN' | 'LOGRECORD',
  env: NodeJS.ProcessEnv,
): AttributeLimits {
  const read = (limit: string, minimum: number): number | undefined =>
    readNumber(env, [`OTEL_${what}_ATTRIBUTE_${limit}`, `OTEL_ATTRIBUTE_${limit}`], minimum)
  return onlySet<AttributeLimits>({
    attributeCountLimit: read('COUNT_LIMIT', 0),
    attributeValueLengthLimit: read('VALUE_LENGTH_LIMIT', 1),
  })
}

/**
 * When a body of spans (`BSP`) or log records (`BLRP`) is complete. Sealed after 1 s unless the environment says otherwise, since
 * what waits here is not in the numbers yet; the queue's size is not asked for, what waits is bounded in bytes.
 */
export function readBodyLimits(what: 'BSP' | 'BLRP', env: NodeJS.ProcessEnv): BodyLimits {
  return {
    maxItems: readNumber(env, [`OTEL_${what}_MAX_EXPORT_BATCH_SIZE`], 1) ?? DEFAULT_ITEMS[what],
    maxDelayMs: readNumber(env, [`OTEL_${what}_SCHEDULE_DELAY`], 0) ?? SECOND,
    maxBytes: MIB,
  }
}

/** A request costs as much as hundreds of lines, which come in larger numbers than spans and are smaller. */
const DEFAULT_ITEMS = { BSP: 512, BLRP: 2_048 }

export interface MetricTimes {
  readonly intervalMs: number
  /** What callbacks of the application may take. */
  readonly timeoutMs: number
}

export function readMetricTimes(env: NodeJS.ProcessEnv): MetricTimes {
  const intervalMs = readNumber(env, ['OTEL_METRIC_EXPORT_INTERVAL'], 1) ?? 15 * SECOND
  const timeoutMs = readNumber(env, ['OTEL_METRIC_EXPORT_TIMEOUT'], 1) ?? 30 * SECOND
  return { intervalMs, timeoutMs: Math.min(intervalMs, timeoutMs) }
}

function onlySet<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
