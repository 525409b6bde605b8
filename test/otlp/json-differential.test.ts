import { deepStrictEqual } from 'node:assert'
import t from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import {
  decodeMessage,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'
import { generate, Random } from './json-generator'

const SIGNALS = [
  ['trace', EXPORT_TRACE_SERVICE_REQUEST, ExportTraceServiceRequest],
  ['metric', EXPORT_METRICS_SERVICE_REQUEST, ExportMetricsServiceRequest],
  ['log', EXPORT_LOGS_SERVICE_REQUEST, ExportLogsServiceRequest],
] as const
const MESSAGES_PER_SIGNAL = 2_000

for (const [signal, schema, type] of SIGNALS) {
  t.test(
    `${MESSAGES_PER_SIGNAL} generated ${signal} requests mean what they were made from`,
    (t) => {
      let bytes = 0
      for (let seed = 0; seed < MESSAGES_PER_SIGNAL; seed++) {
        const { message, json } = generate(new Random(seed), type)
        const body = Buffer.from(json)
        bytes += body.length
        const decoded = decodeMessage(type, protobufFromJson(body, schema))
        deepStrictEqual(decoded, message, `seed ${seed}`)
      }
      t.ok(bytes > 1_000 * MESSAGES_PER_SIGNAL, `${bytes} bytes of JSON compared`)
      t.end()
    },
  )
}
