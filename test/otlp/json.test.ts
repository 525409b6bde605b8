import t from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  ANY_VALUE,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import {
  AnyValue,
  decodeMessage,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'

const readAny = (json: string | Buffer) =>
  decodeMessage(AnyValue, protobufFromJson(Buffer.from(json), ANY_VALUE))

/** The first span of a body whose only span is `json`. */
function readSpan(json: string | Buffer): Record<string, unknown> {
  const span = Buffer.from(json)
  const body = Buffer.concat([
    Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":['),
    span,
    Buffer.from(']}]}]}'),
  ])
  return readTraces(body).resourceSpans[0].scopeSpans[0].spans[0]
}

/** What these tests know about what they decode. */
interface Decoded extends Record<string, unknown> {
  resourceSpans: [{ scopeSpans: [{ spans: [Record<string, unknown>] }] }]
}

function readTraces(body: string | Buffer): Decoded {
  const bytes = protobufFromJson(Buffer.from(body), EXPORT_TRACE_SERVICE_REQUEST)
  return decodeMessage(ExportTraceServiceRequest, bytes) as Decoded
}

function readPoint(json: string): unknown {
  const body = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[${json}]}}]}]}]}`
  const bytes = protobufFromJson(Buffer.from(body), EXPORT_METRICS_SERVICE_REQUEST)
  const request = JSON.stringify(decodeMessage(ExportMetricsServiceRequest, bytes))
  const start = request.indexOf('"dataPoints":[') + '"dataPoints":['.length
  return JSON.parse(request.slice(start, -']}}]}]}]}'.length))
}

t.test('64-bit integers stay exact, as numbers and as strings', (t) => {
  for (const integer of [
    '0',
    '7',
    '-1',
    '4294967295',
    '4294967296',
    '9999999999',
    '10000000000',
    '9007199254740993',
    '-9007199254740993',
    '1640995200000000123',
    '9223372036854775807',
    '-9223372036854775808',
  ]) {
    t.strictSame(readAny(`{"intValue":${integer}}`), { intValue: integer })
    t.strictSame(readAny(`{"intValue":"${integer}"}`), { intValue: integer })
  }
  for (const time of ['1', '1640995200000000123', '18446744073709551615']) {
    t.strictSame(readSpan(`{"startTimeUnixNano":${time}}`), { startTimeUnixNano: time })
    t.strictSame(readSpan(`{"startTimeUnixNano":"${time}"}`), { startTimeUnixNano: time })
  }
  t.end()
})

t.test('an integer may have a point or an exponent as long as it is integral', (t) => {
  for (const [json, integer] of [
    ['1.0', '1'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1e3', '1000'],
    ['"1.5E+1"', '15'],
    ['1640995200.000000123e9', '1640995200000000123'],
    ['120e-1', '12'],
    ['0e999999999999', '0'],
    ['"9223372036854775807.0"', '9223372036854775807'],
  ] as const) {
    t.strictSame(readAny(`{"intValue":${json}}`), { intValue: integer }, json)
  }
  t.end()
})

t.test('an integer attribute too large for 64 bits becomes a double', (t) => {
  for (const json of [
    '9223372036854775808',
    '1e+21',
    '"1e21"',
    '-9223372036854775809',
    '1.7976931348623157e+308',
  ]) {
    t.strictSame(readAny(`{"intValue":${json}}`), { doubleValue: Number(json.replaceAll('"', '')) })
  }
  t.end()
})

t.test('doubles are the nearest ones, as numbers and as strings', (t) => {
  for (const number of [
    '0',
    '-0',
    '0.5',
    '-12.25',
    '0.1',
    '0.30000000000000004',
    '123456789012345',
    '12345678901234567890',
    '1e-7',
    '1E+22',
    '5e-324',
    '1.7976931348623157e308',
    '0.000000000000000000000000000000000001',
  ]) {
    t.strictSame(readAny(`{"doubleValue":${number}}`), { doubleValue: Number(number) })
    t.strictSame(readAny(`{"doubleValue":"${number}"}`), { doubleValue: Number(number) })
  }
  t.ok(Object.is(readAny('{"doubleValue":-0.0}').doubleValue, -0))
  for (const word of ['NaN', 'Infinity', '-Infinity']) {
    t.strictSame(readAny(`{"doubleValue":"${word}"}`), { doubleValue: Number(word) })
  }
  t.end()
})

t.test('ids are hex in either case', (t) => {
  t.strictSame(
    readSpan('{"traceId":"5B8EFFF798038103d269b633813fc60c","spanId":"EEE19B7EC3C1B174"}'),
    {
      traceId: Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'),
      spanId: Buffer.from('eee19b7ec3c1b174', 'hex'),
    },
  )
  t.strictSame(readSpan(String.raw`{"spanId":"\u0065ee19b7ec3c1b174"}`), {
    spanId: Buffer.from('eee19b7ec3c1b174', 'hex'),
  })
  t.end()
})

t.test('an id that is no hex keeps its text, in a length no id has', (t) => {
  for (const [id, text] of [
    ['abc', 'abc'],
    ['not hex!', 'not hex!?'],
    ['0123456789abcdeg', '0123456789abcdeg?'],
    ['W47/95gDgQPSabYzgT/GDA==', 'W47/95gDgQPSabYzgT/GDA=='],
    ['eee19b7ec3c1b17', 'eee19b7ec3c1b17'],
  ] as const) {
    t.strictSame(readSpan(`{"spanId":"${id}"}`), { spanId: Buffer.from(text) })
  }
  t.end()
})

t.test('bytes are base64 of either alphabet, padded or not', (t) => {
  for (const json of [
    '"+++/vv8="',
    '"+++/vv8"',
    '"---_vv8="',
    String.raw`"+++\/vv8="`,
    '"---_vv8"',
  ]) {
    t.strictSame(readAny(`{"bytesValue":${json}}`), {
      bytesValue: Buffer.from('fbefbfbeff', 'hex'),
    })
  }
  t.strictSame(readAny('{"bytesValue":""}'), { bytesValue: Buffer.alloc(0) })
  const long = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256))
  t.strictSame(readAny(`{"bytesValue":"${long.toString('base64')}"}`), { bytesValue: long })
  t.end()
})

t.test('strings are unescaped; lone surrogates become U+FFFD', (t) => {
  for (const json of [
    String.raw`"\"\\\/\b\f\n\r\t"`,
    String.raw`"\u0000\u00e9\u20AC\ud83c\udf0d"`,
    '"grüße, 世界 🌍"',
    `"${'long '.repeat(5000)}"`,
  ]) {
    t.strictSame(readAny(`{"stringValue":${json}}`), { stringValue: JSON.parse(json) as string })
  }
  for (const [json, text] of [
    [String.raw`"\ud83c"`, '\ufffd'],
    [String.raw`"\udf0dx"`, '\ufffdx'],
    [String.raw`"\ud83cx"`, '\ufffdx'],
    [String.raw`"\ud83c\n"`, '\ufffd\n'],
    [String.raw`"\ud83c\ud83c\udf0d"`, '\ufffd🌍'],
    [String.raw`"\ud83c\u0041"`, '\ufffdA'],
  ] as const) {
    t.strictSame(readAny(`{"stringValue":${json}}`), { stringValue: text })
  }
  t.end()
})

t.test('broken UTF-8 passes, for the translator to repair', (t) => {
  const broken = Buffer.from([0x61, 0xff, 0xc3, 0x62])
  const body = Buffer.concat([Buffer.from('{"stringValue":"'), broken, Buffer.from('"}')])
  t.strictSame(
    protobufFromJson(body, ANY_VALUE),
    Buffer.concat([Buffer.from([0x0a, broken.length]), broken]),
  )
  t.end()
})

t.test('empty values, maps and arrays are told apart from absent ones', (t) => {
  t.strictSame(readAny('{}'), {})
  t.strictSame(readAny('{"arrayValue":{}}'), { arrayValue: {} })
  t.strictSame(readAny('{"kvlistValue":{"values":[]}}'), { kvlistValue: {} })
  t.strictSame(readAny('{"stringValue":""}'), { stringValue: '' })
  t.strictSame(readAny('{"boolValue":false}'), { boolValue: false })
  t.strictSame(readAny('{"arrayValue":{"values":[{},null,{"intValue":"5"}]}}'), {
    arrayValue: { values: [{}, {}, { intValue: '5' }] },
  })
  t.strictSame(readTraces('{}'), {})
  t.strictSame(readTraces('{"resourceSpans":[]}'), {})
  t.end()
})

t.test('null members count as absent', (t) => {
  t.strictSame(readAny('{"stringValue":null,"arrayValue":null}'), {})
  t.strictSame(readSpan('{"traceId":null,"kind":null,"attributes":null,"status":null}'), {})
  t.end()
})

t.test('unknown members are skipped, snake_case ones among them', (t) => {
  const unknown = '"x":[{"a":[1,-2.5e3,true,false,null,"\\u0041",{}],"b":{}},[]]'
  t.strictSame(readSpan(`{${unknown},"name":"a","trace_id":"00",${unknown}}`), { name: 'a' })
  t.strictSame(readSpan('{"Name":"a","namE":"b","nam":"c","names":"d","":1}'), {})
  t.end()
})

t.test('a key may be escaped, repeated, and have white space around it', (t) => {
  t.strictSame(readSpan(' {\r\n\t"\\u006eame" : "a" , "name":"b"\n} '), { name: 'b' })
  t.strictSame(readSpan('{"status":{"code":1},"kind":3,"status":{"message":"m"},"kind":5}'), {
    status: { code: 1, message: 'm' },
    kind: 5,
  })
  t.strictSame(readAny('\ufeff{"intValue":"5"}'), { intValue: '5' })
  t.end()
})

t.test('packed numbers, zigzag and optional fields arrive', (t) => {
  const point = {
    sum: 0,
    scale: -3,
    zeroCount: '18446744073709551615',
    positive: { offset: -2147483648, bucketCounts: ['1', '18446744073709551615', '0'] },
    negative: { offset: 2147483647 },
    flags: 4294967295,
    zeroThreshold: 0.25,
  }
  t.strictSame(readPoint(JSON.stringify(point)), point)
  t.end()
})

t.test('a null among numbers is refused, for it would be counted as zero', (t) => {
  t.throws(() => readPoint('{"positive":{"bucketCounts":["1",null]}}'), {
    name: 'BadData',
    message: /dataPoints\[0\]\.positive\.bucketCounts\[1\]: expected an integer .*, found null/,
  })
  t.end()
})
