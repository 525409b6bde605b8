import type { RunningCollector } from '../helpers/collector'
import { ask } from './ask'
import {
  correlationIdOf,
  type Filled,
  SPANS_PER_TRACE,
  traceIdOf,
  TRACES_PER_CORRELATION,
} from './query-fill'
import { type Figure, spread } from './report'

const LOOKUPS = 500

/** `trace by id` over the API among many spans, with the log records of each. */
export async function benchTraceById(
  collector: RunningCollector,
  { spans }: Filled,
): Promise<Figure[]> {
  const all: number[] = []
  for (let lookup = 0; lookup < LOOKUPS; lookup++) {
    const trace = Math.floor((lookup / LOOKUPS) * (spans / SPANS_PER_TRACE))
    const path = `/api/admin/observability/traces/${traceIdOf(trace)}`
    const { answer, millis } = await ask<{ spans: unknown[] }>(collector, path)
    const found = answer.spans.length
    if (found !== SPANS_PER_TRACE) throw new Error(`trace ${trace} came back with ${found} spans`)
    all.push(millis)
  }
  const marks = { floor: 20, aim: 5 }
  return spread(`trace by id among ${spans.toLocaleString('en')} spans`, all, marks)
}

/** All about a correlation id over the API among many spans: three traces, with their log records and errors. */
export async function benchCorrelation(
  collector: RunningCollector,
  { spans }: Filled,
): Promise<Figure[]> {
  const all: number[] = []
  for (let lookup = 0; lookup < LOOKUPS; lookup++) {
    const ids = spans / SPANS_PER_TRACE / TRACES_PER_CORRELATION - 1
    const trace = Math.floor((lookup / LOOKUPS) * ids) * TRACES_PER_CORRELATION
    const path = `/api/v1/correlations/${correlationIdOf(trace)}`
    const { answer, millis } = await ask<{ spans: unknown[] }>(collector, path)
    const found = answer.spans.length
    if (found !== SPANS_PER_TRACE * TRACES_PER_CORRELATION) {
      throw new Error(`${correlationIdOf(trace)} came back with ${found} spans`)
    }
    all.push(millis)
  }
  const marks = { floor: 20, aim: 10 }
  return spread(`correlation id among ${spans.toLocaleString('en')} spans`, all, marks)
}
