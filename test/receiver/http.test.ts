import { gzipSync } from 'node:zlib'
import t from 'tap'
import { createCounters } from '../../collector/telemetry/counters'
import {
  anyValue,
  decodeMessage,
  ExportTraceServiceResponse,
  type TracesInput,
  traces,
} from '../helpers/otlp'
import { until } from '../helpers/until'
import { ENCODINGS, MAX_BODY_BYTES, openDoor, readStatus, TIMEOUT_MS, TYPES } from './door'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'

/** One span with every kind of field, so that the encodings can be compared. */
function fullSpan(startMs: number): TracesInput {
  const startTimeUnixNano = BigInt(startMs) * 1_000_000n + 123n
  return {
    service: 'shop',
    resource: { schemaUrl: 'https://opentelemetry.io/schemas/1.26.0', droppedAttributesCount: 1 },
    scope: { name: 'scope', version: '1', attributes: { a: 1 }, droppedAttributesCount: 2 },
    spans: [
      {
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        parentSpanId: '00f067aa0ba902b7',
        traceState: 'a=b',
        flags: 0x301,
        name: 'GET /cart',
        kind: 2,
        startTimeUnixNano,
        attributes: {
          big: 9_007_199_254_740_993n,
          double: 0.5,
          nan: anyValue({ doubleValue: NaN }),
          bytes: Buffer.from([251, 255, 0]),
          list: ['a', 1, null],
          map: { a: true },
        },
        droppedAttributesCount: 3,
        events: [{ name: 'exception', timeUnixNano: startTimeUnixNano, attributes: { type: 'E' } }],
        links: [{ traceId: TRACE_ID, spanId: SPAN_ID, flags: 1 }],
        status: { code: 2, message: 'grüße' },
      },
    ],
  }
}

t.test('otlp 1, 8-12: protobuf and JSON become the same rows on one port', async (t) => {
  const door = await openDoor(t)
  const nowMs = Date.now()
  for (const encoding of ENCODINGS) {
    const answer = await door.post(traces(fullSpan(nowMs), encoding), { encoding })
    t.equal(answer.status, 200)
    t.equal(answer.headers['content-type'], TYPES[encoding])
  }
  t.equal(door.rows.length, 2)
  t.same(door.rows[0], door.rows[1])
  t.equal(door.rows[0]?.trace_id, TRACE_ID)
})

t.test(
  'otlp 27, 28, 31, 32, 46, 57: JSON keeps ids, enums, wide integers and doubles',
  async (t) => {
    const door = await openDoor(t)
    const nowMs = Date.now()
    const lower = traces(fullSpan(nowMs), 'json').toString()
    const upper = lower.replaceAll(TRACE_ID, TRACE_ID.toUpperCase())
    const bare = lower.replace('"9007199254740993"', '9007199254740993')
    t.not(bare, lower)
    for (const body of [lower, upper, bare]) {
      const answer = await door.post(Buffer.from(body), { encoding: 'json' })
      t.equal(answer.body.toString(), '{}')
    }
    const [row, ofUpper, ofBare] = door.rows
    t.same(ofUpper, row)
    t.same(ofBare, row)
    t.match(row?.attributes, /9007199254740993/)
    t.equal(row?.flags, 0x301)
    t.equal(row?.start_ns, 123)
    t.equal(row?.dropped_attributes_count, 3n)
    t.equal(row?.status_message, 'grüße')
  },
)

t.test('otlp 3, 29, 30, 55: what a newer sender adds is ignored', async (t) => {
  const door = await openDoor(t)
  const nowMs = Date.now()
  const protobuf = traces(fullSpan(nowMs))
  const known = traces(fullSpan(nowMs), 'json').toString()
  const json = known
    .replace('{"resourceSpans"', '{"resource_spans":[{}],"new":[{"a":[1,{}]}],"resourceSpans"')
    .replace('"name":"GET /cart"', '"name":"GET /cart","newField":null,"trace_state":"x"')
    .replace('{"stringValue":"shop"}', '{"stringValue":"shop","stringValueStrindex":1}')
  // Field 1000 as a varint, and as bytes.
  const added = Buffer.concat([
    protobuf,
    Buffer.from([0xc0, 0x3e, 0x05, 0xc2, 0x3e, 0x02, 0x01, 0x02]),
  ])
  t.equal((await door.post(protobuf)).body.length, 0)
  t.equal((await door.post(added)).body.length, 0)
  t.equal((await door.post(Buffer.from(json), { encoding: 'json' })).body.toString(), '{}')
  t.same(door.rows[1], door.rows[0])
  t.same(door.rows[2], door.rows[0])
})

t.test('otlp 10, 33: the media type is compared without case and parameters', async (t) => {
  const door = await openDoor(t)
  const json = traces({ service: 'shop' }, 'json')
  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json ;a',
  ]) {
    const answer = await door.post(json, { headers: { 'content-type': type } })
    t.equal(answer.status, 200, type)
    t.equal(answer.headers['content-type'], TYPES.json)
    t.equal(answer.body.toString(), '{}')
  }
  const protobuf = traces({ service: 'shop' })
  for (const type of ['Application/X-Protobuf', 'application/x-protobuf;messageType="x"']) {
    const answer = await door.post(protobuf, { headers: { 'content-type': type } })
    t.equal(answer.status, 200, type)
    t.equal(answer.headers['content-type'], TYPES.protobuf)
  }
  t.equal(door.rows.length, 5)
})

t.test('otlp 5, 17: full success has no partial_success, of an empty request too', async (t) => {
  const door = await openDoor(t)
  const empty = { protobuf: Buffer.alloc(0), json: Buffer.from('{}') }
  for (const encoding of ENCODINGS) {
    const bodies = [
      traces({ service: 'shop' }, encoding),
      traces({ service: 'shop', spans: [] }, encoding),
      traces([], encoding),
      empty[encoding],
    ]
    for (const body of bodies) {
      const answer = await door.post(body, { encoding })
      t.equal(answer.status, 200)
      t.equal(answer.body.toString(), encoding === 'json' ? '{}' : '')
      t.equal(answer.headers['content-length'], encoding === 'json' ? '2' : '0')
    }
  }
  t.equal(door.rows.length, 2)
})

t.test('otlp 18, 44, 47: spans without sound ids are counted, the rest is stored', async (t) => {
  const door = await openDoor(t)
  const input: TracesInput = {
    service: 'shop',
    spans: [
      { kind: 0, attributes: { sound: true } },
      { traceId: '00'.repeat(16) },
      { spanId: '' },
      { traceId: TRACE_ID.slice(2) },
    ],
  }
  const json = await door.post(traces(input, 'json'), { encoding: 'json' })
  t.equal(json.status, 200)
  t.match(JSON.parse(json.body.toString()), {
    partialSuccess: { rejectedSpans: '3', errorMessage: /\w+/ },
  })
  const protobuf = await door.post(traces(input))
  t.equal(protobuf.status, 200)
  t.match(decodeMessage(ExportTraceServiceResponse, protobuf.body), {
    partialSuccess: { rejectedSpans: '3', errorMessage: /\w+/ },
  })
  t.same(
    door.rows.map(({ attributes }) => attributes),
    ['{"sound":true}', '{"sound":true}'],
  )
})

t.test('otlp 19: a warning about a request stored whole has a message and no count', async (t) => {
  const door = await openDoor(t, {
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.resolve({ rejected: 0, message: 'a warning' })
    },
  })
  const json = await door.post(Buffer.from('{}'), { encoding: 'json' })
  t.same(JSON.parse(json.body.toString()), { partialSuccess: { errorMessage: 'a warning' } })
  const { body } = await door.post(Buffer.alloc(0))
  t.same(decodeMessage(ExportTraceServiceResponse, body), {
    partialSuccess: { errorMessage: 'a warning' },
  })
})

t.test('otlp 16: a message too long is shortened to the limit of an answer', async (t) => {
  const door = await openDoor(t, {
    maxResponseBytes: 100,
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.resolve({ rejected: 7, message: 'ü'.repeat(10_000) })
    },
  })
  for (const encoding of ENCODINGS) {
    const { status, body } = await door.post(Buffer.from('{}'), { encoding })
    t.equal(status, 200)
    t.ok(body.length <= 100 && body.length > 50)
  }
})

t.test('otlp 16: when not even an empty message fits the answer is 500', async (t) => {
  const door = await openDoor(t, {
    maxResponseBytes: 5,
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.resolve({ rejected: 7_000_000, message: '' })
    },
  })
  for (const encoding of ENCODINGS) {
    const answer = await door.post(Buffer.from('{}'), { encoding })
    t.equal(answer.status, 500)
    t.equal(readStatus(answer).code, 13)
  }
})

t.test('otlp 1, 13, 14: bodies may be gzip or plain, answers are plain', async (t) => {
  const door = await openDoor(t)
  const body = traces({ service: 'shop', count: 100 })
  const headers = { 'accept-encoding': 'gzip' }
  for (const encoding of ['gzip', 'x-gzip', 'GZIP', 'identity', 'none']) {
    const sent = /gzip/i.test(encoding) ? gzipSync(body) : body
    const answer = await door.post(sent, { headers: { ...headers, 'content-encoding': encoding } })
    t.equal(answer.status, 200, encoding)
    t.equal(answer.headers['content-encoding'], undefined)
  }
  t.equal(door.rows.length, 500)
  t.ok(door.requests.every((request) => request.body.equals(body)))
})

t.test('otlp 15: a body of exactly the limit is taken, plain and compressed', async (t) => {
  const door = await openDoor(t)
  const bare = traces({ service: 'shop' }, 'json')
  const body = Buffer.concat([bare, Buffer.alloc(MAX_BODY_BYTES - bare.length, ' ')])
  t.equal((await door.post(body, { encoding: 'json' })).status, 200)
  const headers = { 'content-encoding': 'gzip' }
  t.equal((await door.post(gzipSync(body), { encoding: 'json', headers })).status, 200)
  t.equal(door.rows.length, 2)
})

t.test('otlp 53, 54: any attribute value, keys twice and NUL are stored', async (t) => {
  const door = await openDoor(t)
  const input: TracesInput = {
    service: 'shop',
    spans: [
      {
        attributes: [
          ['a', 'first'],
          ['a', 'last'],
          ['nul', 'a\0b'],
          ['empty', null],
          ['mixed', [1, 'a', { b: null }]],
          ['', 'no key'],
        ],
      },
    ],
  }
  for (const encoding of ENCODINGS) {
    const answer = await door.post(traces(input, encoding), { encoding })
    t.equal(answer.status, 200)
    t.equal(answer.body.toString(), encoding === 'json' ? '{}' : '')
  }
  t.equal(door.rows.length, 2)
  t.equal(door.rows[0]?.attributes, door.rows[1]?.attributes)
  t.notMatch(door.rows[0]?.attributes, /\\u0000/)
})

t.test('the token of a request decides its tenant', async (t) => {
  const tokens = [
    { token: 'any-token', tenant: null },
    { token: 'acme-token', tenant: 'acme' },
  ]
  const door = await openDoor(t, { tokens })
  for (const token of ['any-token', 'acme-token']) {
    const headers = { authorization: `Bearer ${token}` }
    t.equal((await door.post(traces({ service: 'shop' }), { headers })).status, 200)
  }
  t.same(
    door.requests.map(({ tenant }) => tenant),
    [null, 'acme'],
  )
})

t.test('requests are counted by encoding and status, and bytes after decompression', async (t) => {
  const counters = createCounters()
  const door = await openDoor(t, { counters })
  const body = traces({ service: 'shop', count: 100 })
  await door.post(gzipSync(body), { headers: { 'content-encoding': 'gzip' } })
  await door.post(Buffer.from('{'), { encoding: 'json' })
  const labels = (encoding: string, status: number) =>
    `sidelight_otlp_requests_total{signal="traces",encoding="${encoding}",status="${status}"} 1\n`
  const metrics = await until(
    async () => {
      const text = await counters.registry.metrics()
      return text.includes(labels('json', 400)) ? text : undefined
    },
    TIMEOUT_MS,
    'a counted request',
  )
  t.ok(metrics.includes(labels('protobuf', 200)))
  t.ok(metrics.includes(`sidelight_otlp_received_bytes_total ${body.length + 1}\n`))
})
