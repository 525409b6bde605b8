import t from 'tap'
import { encodeExportResponse } from '../../collector/otlp/response'
import {
  decodeMessage,
  ExportLogsServiceResponse,
  ExportMetricsServiceResponse,
  ExportTraceServiceResponse,
} from '../helpers/otlp'

const readJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString())
const readProtobuf = (bytes: Buffer): unknown => decodeMessage(ExportTraceServiceResponse, bytes)

t.test('full success leaves partial_success unset', (t) => {
  const outcome = { rejected: 0, message: '' }
  t.equal(encodeExportResponse('traces', 'protobuf', outcome).length, 0)
  t.equal(encodeExportResponse('traces', 'json', outcome).toString(), '{}')
  t.end()
})

t.test('otlp 18, 38: rejections carry their count, as a decimal string in JSON, and why', (t) => {
  const signals = {
    traces: { type: ExportTraceServiceResponse, name: 'rejectedSpans' },
    metrics: { type: ExportMetricsServiceResponse, name: 'rejectedDataPoints' },
    logs: { type: ExportLogsServiceResponse, name: 'rejectedLogRecords' },
  } as const
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    const { type, name } = signals[signal]
    for (const rejected of [1, 300, 5_000_000_000]) {
      const outcome = { rejected, message: 'trace id of 15 bytes "ü"' }
      const expected = {
        partialSuccess: { [name]: String(rejected), errorMessage: outcome.message },
      }
      t.strictSame(readJson(encodeExportResponse(signal, 'json', outcome)), expected)
      const protobuf = encodeExportResponse(signal, 'protobuf', outcome)
      t.strictSame(decodeMessage(type, protobuf), expected)
    }
  }
  t.end()
})

t.test('a message without rejections is a warning', (t) => {
  const expected = { partialSuccess: { errorMessage: 'old' } }
  t.strictSame(
    readJson(encodeExportResponse('traces', 'json', { rejected: 0, message: 'old' })),
    expected,
  )
  const protobuf = encodeExportResponse('traces', 'protobuf', { rejected: 0, message: 'old' })
  t.strictSame(readProtobuf(protobuf), expected)
  t.end()
})

t.test('a message too long for the limit is cut between characters', (t) => {
  const message = 'ü🌍"\n'.repeat(1_000)
  for (const [encoding, read] of [
    ['json', readJson],
    ['protobuf', readProtobuf],
  ] as const) {
    for (let maxBytes = 100; maxBytes < 130; maxBytes++) {
      const body = encodeExportResponse('traces', encoding, { rejected: 7, message }, maxBytes)
      t.ok(body.length <= maxBytes && body.length > maxBytes - 8, `${body.length} of ${maxBytes}`)
      const { partialSuccess } = read(body) as {
        partialSuccess: { rejectedSpans: string; errorMessage: string }
      }
      t.equal(partialSuccess.rejectedSpans, '7')
      t.ok(partialSuccess.errorMessage.endsWith('…'))
      t.ok(message.startsWith(partialSuccess.errorMessage.slice(0, -1)))
      t.notMatch(partialSuccess.errorMessage, /\ufffd/)
    }
  }
  t.end()
})

t.test('a body of exactly the limit is left alone', (t) => {
  const outcome = { rejected: 7, message: 'why' }
  for (const encoding of ['json', 'protobuf'] as const) {
    const whole = encodeExportResponse('traces', encoding, outcome)
    t.strictSame(encodeExportResponse('traces', encoding, outcome, whole.length), whole)
  }
  t.end()
})

t.test('a limit too small even without the message is an error', (t) => {
  for (const encoding of ['json', 'protobuf'] as const) {
    t.throws(() => encodeExportResponse('traces', encoding, { rejected: 7, message: 'why' }, 3), {
      name: 'ResponseTooLarge',
      message: /cannot encode the response: \d+ bytes exceed the limit of 3/,
    })
  }
  t.end()
})
