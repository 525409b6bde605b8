import { RowBuffer } from '../../collector/translate/buffer'
import {
  METRIC_HISTOGRAM,
  METRIC_POINT,
  type Table,
  type Translated,
} from '../../collector/translate/rows'
import { toRemainder, type UnixNanos, writeTimestamp } from '../../collector/translate/time'
import { ExportMetricsServiceRequest } from '../helpers/otlp'
import {
  createIdentities,
  type KeyValue,
  type Long,
  type Resource,
  toObject,
  writeDouble,
  writeInt16,
  writeInt32,
  writeInt64,
  writeInt64s,
  writeNull,
} from './peer-row'

interface Point {
  readonly attributes: readonly KeyValue[]
  readonly startTimeUnixNano: UnixNanos
  readonly timeUnixNano: UnixNanos
  readonly flags: number
}

interface NumberPoint extends Point {
  readonly value?: 'asDouble' | 'asInt'
  readonly asDouble: number
  readonly asInt: Long
}

interface Buckets {
  readonly offset: number
  readonly bucketCounts: readonly Long[]
}

interface HistogramPoint extends Point {
  readonly count: Long
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly bucketCounts?: readonly Long[]
  readonly explicitBounds?: readonly number[]
  readonly scale?: number
  readonly zeroCount?: Long
  readonly zeroThreshold?: number
  readonly positive?: Buckets
  readonly negative?: Buckets
}

interface Data<T> {
  readonly dataPoints: readonly T[]
}

interface Metric {
  readonly name: string
  readonly unit: string
  readonly gauge?: Data<NumberPoint>
  readonly sum?: Data<NumberPoint>
  readonly histogram?: Data<HistogramPoint>
  readonly exponentialHistogram?: Data<HistogramPoint>
}

interface Request {
  readonly resourceMetrics: readonly {
    readonly resource: Resource
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string }
      readonly metrics: readonly Metric[]
    }[]
  }[]
}

interface Id {
  readonly idHigh: number
  readonly idLow: number
}

/** The same for data points as `createTracePeer` for spans; of the kinds that sdk-metrics sends. */
export function createMetricPeer(): (body: Buffer) => Pick<Translated, 'copies'> {
  const identity = createIdentities()
  return (body) => {
    const request = ExportMetricsServiceRequest.decode(body) as unknown as Request
    const numbers = { table: METRIC_POINT, ...rowsOf(body) }
    const histograms = { table: METRIC_HISTOGRAM, ...rowsOf(body) }
    for (const { resource, scopeMetrics } of request.resourceMetrics) {
      const resourceJson = JSON.stringify(toObject(resource.attributes))
      for (const { scope, metrics } of scopeMetrics) {
        for (const metric of metrics) {
          const name = `${resourceJson}|${scope.name}|${metric.name}|${metric.unit}`
          const seriesOf = (point: Point, bounds: readonly number[] = []) =>
            identity(`${name}|${JSON.stringify(toObject(point.attributes))}|${bounds.join()}`)
          for (const point of (metric.gauge ?? metric.sum)?.dataPoints ?? []) {
            openRow(numbers, point, seriesOf(point))
            writeNumber(numbers.rows, point)
          }
          const data = metric.histogram ?? metric.exponentialHistogram
          for (const point of data?.dataPoints ?? []) {
            openRow(histograms, point, seriesOf(point, point.explicitBounds))
            writeHistogram(histograms.rows, point)
          }
        }
      }
    }
    return {
      copies: [numbers, histograms].map(({ table, rows, offsets }) => ({
        table,
        bytes: rows.written(),
        offsets,
        sources: [],
        days: [],
      })),
    }
  }
}

interface TableRows {
  readonly table: Table
  readonly rows: RowBuffer
  readonly offsets: number[]
}

function rowsOf(body: Buffer): Omit<TableRows, 'table'> {
  return { rows: new RowBuffer(body.length * 2), offsets: [] }
}

function openRow({ table, rows, offsets }: TableRows, point: Point, series: Id): void {
  offsets.push(rows.end)
  rows.reserve(512)
  rows.end = rows.bytes.writeInt16BE(table.columns.length, rows.end)
  writeNull(rows)
  writeNull(rows)
  writeInt64(rows, series.idHigh, series.idLow)
  for (const time of [point.timeUnixNano, point.startTimeUnixNano]) {
    writeTimestamp(rows, time)
    writeInt16(rows, toRemainder(time))
  }
}

function writeNumber(rows: RowBuffer, { value, asDouble, asInt, flags }: NumberPoint): void {
  if (value === 'asInt') {
    writeNull(rows)
    writeInt64(rows, asInt.high, asInt.low)
  } else {
    writeDouble(rows, asDouble)
    writeNull(rows)
  }
  writeFlags(rows, flags)
}

function writeHistogram(rows: RowBuffer, point: HistogramPoint): void {
  writeFlags(rows, point.flags)
  writeInt64(rows, point.count.high, point.count.low)
  writeDouble(rows, point.sum)
  writeDouble(rows, point.min)
  writeDouble(rows, point.max)
  writeInt64s(rows, point.bucketCounts ?? [])
  rows.reserve(512)
  writeNull(rows)
  if (point.scale === undefined || point.zeroCount === undefined) {
    for (let column = 0; column < 7; column++) writeNull(rows)
  } else {
    writeInt32(rows, point.scale)
    writeInt64(rows, point.zeroCount.high, point.zeroCount.low)
    writeDouble(rows, point.zeroThreshold ?? 0)
    for (const buckets of [point.positive, point.negative]) {
      rows.reserve(64)
      writeInt32(rows, buckets?.offset ?? 0)
      writeInt64s(rows, buckets?.bucketCounts ?? [])
    }
  }
  rows.reserve(64)
  writeNull(rows)
  writeNull(rows)
}

function writeFlags(rows: RowBuffer, flags: number): void {
  if (flags === 0) writeNull(rows)
  else writeInt32(rows, flags | 0)
}
