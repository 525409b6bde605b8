import { ProtobufWriter } from '../../otlp/writer'
import { INSTRUMENTS, type Point, SEMANTIC_CONVENTIONS } from './instruments'
import type { StartedMetrics, StartedPoint } from './starts'

/** What is sent in one request. */
export interface Export {
  readonly resource: Point['attributes']
  readonly version: string
  readonly metrics: StartedMetrics
  readonly unixMs: number
}

const SCOPE_NAME = 'sidelight.host'
const CAPACITY_BYTES = 16_384

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
/** AGGREGATION_TEMPORALITY_CUMULATIVE */
const CUMULATIVE = 2

/** An ExportMetricsServiceRequest in protobuf. */
export function encodeExport({ resource, version, metrics, unixMs }: Export): Buffer {
  const writer = new ProtobufWriter(Buffer.allocUnsafeSlow(CAPACITY_BYTES))
  const message = (field: number, fill: () => void) => writer.message(tagOf(field, BYTES), fill)
  const string = (field: number, text: string) => writer.string(tagOf(field, BYTES), text)
  message(1, () => {
    message(1, () => writeAttributes(writer, 1, resource))
    message(2, () => {
      message(1, () => {
        string(1, SCOPE_NAME)
        string(2, version)
      })
      for (const metric of metrics) message(2, () => writeMetric(writer, metric, unixMs))
      string(3, SEMANTIC_CONVENTIONS)
    })
    string(3, SEMANTIC_CONVENTIONS)
  })
  return writer.finish()
}

function writeMetric(
  writer: ProtobufWriter,
  [name, points]: StartedMetrics[number],
  unixMs: number,
): void {
  const { kind, number, unit, description } = INSTRUMENTS[name]
  writer.string(tagOf(1, BYTES), name)
  writer.string(tagOf(2, BYTES), description)
  writer.string(tagOf(3, BYTES), unit)
  writer.message(tagOf(kind === 'gauge' ? 5 : 7, BYTES), () => {
    for (const point of points) {
      writer.message(tagOf(1, BYTES), () => writePoint(writer, point, number, unixMs))
    }
    if (kind === 'gauge') return
    writer.integer(tagOf(2, VARINT), CUMULATIVE)
    if (kind === 'counter') writer.integer(tagOf(3, VARINT), 1)
  })
}

function writePoint(
  writer: ProtobufWriter,
  { value, attributes, startUnixMs }: StartedPoint,
  number: 'int' | 'double',
  unixMs: number,
): void {
  if (startUnixMs !== null) writeTime(writer, 2, startUnixMs)
  writeTime(writer, 3, unixMs)
  writer.reserve(9)
  if (number === 'int') {
    writer.tag(tagOf(6, FIXED64))
    writeFixed64(writer, BigInt(value))
  } else {
    writer.tag(tagOf(4, FIXED64))
    writer.double(value)
  }
  writeAttributes(writer, 7, attributes)
}

const NANOSECONDS_PER_MS = 1_000_000n

function writeTime(writer: ProtobufWriter, field: number, unixMs: number): void {
  writer.reserve(9)
  writer.tag(tagOf(field, FIXED64))
  writeFixed64(writer, BigInt(Math.round(unixMs)) * NANOSECONDS_PER_MS)
}

function writeFixed64(writer: ProtobufWriter, value: bigint): void {
  writer.fixed64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
}

/** KeyValues with string values. */
function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Point['attributes'],
): void {
  for (const [key, value] of Object.entries(attributes)) {
    writer.message(tagOf(field, BYTES), () => {
      writer.string(tagOf(1, BYTES), key)
      writer.message(tagOf(2, BYTES), () => writer.string(tagOf(1, BYTES), value))
    })
  }
}

function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType
}
