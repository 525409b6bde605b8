import { hex, objects } from './sql-item'
import { attributesOf, jsonOf, present, type Row } from './sql-store'
import { type Json, keyValuesOf, plainOf } from './stored-value'
import type { MetricKind } from './message'
import type { Message } from './target'

const KINDS: Readonly<Record<string, MetricKind>> = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponential_histogram: 'exponentialHistogram',
  summary: 'summary',
}
const TEMPORALITIES: Readonly<Record<string, number>> = { delta: 1, cumulative: 2 }

/** A row of the view `metrics` as a Metric with one data point. */
export function metricOf(row: Row): Message {
  const kind = KINDS[row['kind'] ?? '']
  if (kind === undefined) throw new Error(`cannot make a Metric of kind ${row['kind']}`)
  const temporality = TEMPORALITIES[row['temporality'] ?? '']
  return {
    name: row['name'],
    description: row['description'],
    unit: row['unit'],
    metadata: attributesOf(row, 'metadata'),
    [kind]: {
      dataPoints: [pointOf(kind, row)],
      ...present('aggregationTemporality', temporality),
      ...(kind === 'sum' && { isMonotonic: row['is_monotonic'] === 't' }),
    },
  }
}

function pointOf(kind: MetricKind, row: Row): Message {
  return {
    attributes: attributesOf(row, 'attributes'),
    startTimeUnixNano: row['start_unix_nano'],
    timeUnixNano: row['time_unix_nano'],
    flags: Number(row['flags']),
    ...valuesOf(kind, row),
    ...(kind !== 'summary' && { exemplars: objects(jsonOf(row, 'exemplars')).map(exemplarOf) }),
  }
}

function valuesOf(kind: MetricKind, row: Row): Message {
  switch (kind) {
    case 'gauge':
    case 'sum':
      if (row['value_int'] !== null) return { asInt: row['value_int'] }
      return present('asDouble', numberOf(row['value']))
    case 'histogram':
      return {
        ...totalsOf(row),
        bucketCounts: listOf(row['bucket_counts']),
        explicitBounds: listOf(row['explicit_bounds']).map(Number),
      }
    case 'exponentialHistogram':
      return {
        ...totalsOf(row),
        scale: Number(row['scale']),
        zeroCount: row['zero_count'] ?? '0',
        zeroThreshold: Number(row['zero_threshold'] ?? 0),
        ...bucketsOf('positive', row),
        ...bucketsOf('negative', row),
      }
    case 'summary': {
      const values = listOf(row['quantile_values'])
      return {
        count: row['count'],
        sum: numberOf(row['sum']) ?? 0,
        quantileValues: listOf(row['quantiles']).map((quantile, i) => ({
          quantile: Number(quantile),
          value: Number(values[i]),
        })),
      }
    }
  }
}

function totalsOf(row: Row): Message {
  return {
    count: row['count'],
    ...present('sum', numberOf(row['sum'])),
    ...present('min', numberOf(row['min'])),
    ...present('max', numberOf(row['max'])),
  }
}

function bucketsOf(side: 'positive' | 'negative', row: Row): Message {
  const counts = row[`${side}_counts`] ?? null
  const offset = row[`${side}_offset`] ?? null
  if (counts === null && offset === null) return {}
  return { [side]: { offset: Number(offset), bucketCounts: listOf(counts) } }
}

function exemplarOf(exemplar: Readonly<Record<string, Json>>): Message {
  const value = anyNumber(exemplar['value'])
  return {
    timeUnixNano: plainOf(exemplar['time_unix_nano']),
    ...value,
    ...present('traceId', exemplar['trace_id'] && hex(exemplar['trace_id'])),
    ...present('spanId', exemplar['span_id'] && hex(exemplar['span_id'])),
    filteredAttributes: keyValuesOf(exemplar['attributes'] ?? {}),
  }
}

/** An integer is as_int, any other number as_double. */
function anyNumber(value: Json | undefined): Message {
  const plain = plainOf(value)
  if (plain === undefined) return {}
  return typeof plain === 'string' ? { asInt: plain } : { asDouble: plain }
}

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text)
}

/** The elements of an array as Postgres writes it; none of ours needs quotes. */
function listOf(text: string | null | undefined): string[] {
  const inner = text?.slice(1, -1) ?? ''
  return inner === '' ? [] : inner.split(',')
}
