import { type Attributes, type Span, SpanKind } from '@opentelemetry/api'
import { getHeapStatistics } from 'node:v8'
import { ATTRIBUTE } from './attributes'
import { describer, type Metadata } from './metadata'
import { runInSpan, type SpanOptions } from './span'
import { isPerformanceTracked } from './switches'

export interface MeasureOptions {
  /**
   * Adds what the heap has grown by, in bytes, as `sidelight.heap_delta_bytes`: of the whole process, whatever else ran
   * meanwhile; negative after a garbage collection. It takes some microseconds. Default: false.
   */
  readonly memory?: boolean
}

/**
 * Runs `fn` in a span named `operation` with `module` and what `metadata` says as attributes; from these come the
 * statistics by module and operation. Secrets in `metadata` are redacted. Result and errors of `fn` are passed on unchanged.
 * With `PERF_METRICS_ENABLED=false` it only runs `fn`.
 *
 * @example
 * import { withPerformanceTracking } from 'sidelight'
 *
 * const total = await withPerformanceTracking('total', 'billing', async () => 42, { userId: 'u-17', lines: 3 })
 * console.log(total) // prints 42
 */
export function withPerformanceTracking<T>(
  operation: string,
  module: string,
  fn: () => T,
  metadata?: Metadata,
  options?: MeasureOptions,
): T {
  if (!isPerformanceTracked()) return fn()
  const measured = { memory: asksForMemory(options), describe: describer(metadata) }
  return measure(operation, { [ATTRIBUTE.module]: module }, fn, measured)
}

/**
 * Runs `fn` in a span called `name`, and with the option `memory` says what the heap has grown by meanwhile. Result and
 * errors of `fn` are passed on unchanged. With `PERF_METRICS_ENABLED=false` it only runs `fn`.
 *
 * @example
 * import { measurePerformance } from 'sidelight'
 *
 * const sum = measurePerformance('sum', () => [19, 23].reduce((a, b) => a + b), { memory: true })
 * console.log(sum) // prints 42
 */
export function measurePerformance<T>(name: string, fn: () => T, options?: MeasureOptions): T {
  if (!isPerformanceTracked()) return fn()
  return measure(name, {}, fn, { memory: asksForMemory(options) })
}

/** Whatever an application without types gives. */
function asksForMemory(options: MeasureOptions | undefined): boolean {
  if (options === undefined || options === null) return false
  try {
    return options.memory === true
  } catch {
    return false
  }
}

interface Measured {
  readonly memory: boolean
  readonly describe?: (() => Attributes) | undefined
}

function measure<T>(name: string, attributes: Attributes, fn: () => T, measured: Measured): T {
  const { memory, describe } = measured
  const options: SpanOptions = { kind: SpanKind.INTERNAL, attributes, describe }
  if (!memory) return runInSpan(name, options, () => fn())
  let before = 0
  const ending = (span: Span): void => {
    span.setAttribute(ATTRIBUTE.heapDeltaBytes, heapBytes() - before)
  }
  return runInSpan(name, { ...options, ending }, (span) => {
    if (span.isRecording()) before = heapBytes()
    return fn()
  })
}

function heapBytes(): number {
  return getHeapStatistics().used_heap_size
}
