import { parse } from 'protobufjs'
import t from 'tap'
import { encodeStatus, STATUS_CODE, type StatusContent } from '../../collector/otlp/status'

const { root } = parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
  message FieldViolation { string field = 1; string description = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`)

/** A protobuf status with its details opened, in the shape of its JSON. */
function readProtobuf(bytes: Uint8Array): unknown {
  const read = (name: string, message: Uint8Array) => {
    const type = root.lookupType(name)
    return type.toObject(type.decode(message), { longs: Number, bytes: Buffer as never })
  }
  const { details, ...status } = read('Status', bytes) as {
    details?: { typeUrl: string; value?: Buffer }[]
  }
  if (!details) return status
  const opened = details.map(({ typeUrl, value }) => ({
    '@type': typeUrl,
    ...read(typeUrl.replace('type.googleapis.com/google.rpc.', ''), value ?? Buffer.alloc(0)),
  }))
  return { ...status, details: opened }
}

const readJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString())

t.test('a status has code and message, and no details when there are none', (t) => {
  const status = { code: STATUS_CODE.UNAVAILABLE, message: 'Postgres is away: grüße "1"\n' }
  t.strictSame(readProtobuf(encodeStatus('protobuf', status)), { ...status, code: 14 })
  t.strictSame(readJson(encodeStatus('json', status)), { ...status, code: 14 })
  t.end()
})

t.test('bad data and the time to retry become details', (t) => {
  const violations = [
    { field: 'resourceSpans[0].resource', description: 'not an object' },
    { field: '', description: 'x'.repeat(300) },
  ]
  const status: StatusContent = {
    code: STATUS_CODE.INVALID_ARGUMENT,
    message: 'no',
    badRequest: violations,
    retryInfoSeconds: 1,
  }
  t.strictSame(readProtobuf(encodeStatus('protobuf', status)), {
    code: 3,
    message: 'no',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [violations[0], { description: 'x'.repeat(300) }],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: { seconds: 1 } },
    ],
  })
  t.strictSame(readJson(encodeStatus('json', status)), {
    code: 3,
    message: 'no',
    details: [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' },
    ],
  })
  t.end()
})

t.test('the time to retry may have a fraction', (t) => {
  for (const [seconds, json, protobuf] of [
    [0, '0s', {}],
    [0.5, '0.500s', { nanos: 500_000_000 }],
    [2.000_25, '2.000250s', { seconds: 2, nanos: 250_000 }],
    [0.000_000_001, '0.000000001s', { nanos: 1 }],
    [1.999_999_999_9, '2s', { seconds: 2 }],
    [86_400, '86400s', { seconds: 86_400 }],
  ] as const) {
    const status = { code: STATUS_CODE.UNAVAILABLE, message: '', retryInfoSeconds: seconds }
    t.match(readJson(encodeStatus('json', status)), { details: [{ retryDelay: json }] })
    t.match(readProtobuf(encodeStatus('protobuf', status)), { details: [{ retryDelay: protobuf }] })
  }
  t.end()
})
