import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'

const FIXTURES = join(__dirname, '..', 'fixtures', 'otlp-json')
const SIGNALS = [
  ['traces', EXPORT_TRACE_SERVICE_REQUEST, ExportTraceServiceRequest],
  ['metrics', EXPORT_METRICS_SERVICE_REQUEST, ExportMetricsServiceRequest],
  ['logs', EXPORT_LOGS_SERVICE_REQUEST, ExportLogsServiceRequest],
] as const

for (const [signal, schema, type] of SIGNALS) {
  t.test(
    `what the official exporter sends as JSON for ${signal} means what it sends as protobuf`,
    (t) => {
      const read = (bytes: Uint8Array) =>
        type.toObject(type.decode(bytes), { longs: String, bytes: String, defaults: true })
      const translated = protobufFromJson(readFileSync(join(FIXTURES, `${signal}.json`)), schema)
      t.strictSame(read(translated), read(readFileSync(join(FIXTURES, `${signal}.pb`))))
      t.end()
    },
  )
}
