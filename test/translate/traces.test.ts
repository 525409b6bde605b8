import t from 'tap'
import { createTraceTranslator, type TranslatorOptions } from '../helpers/translator'
import type { Translated } from '../../collector/translate/rows'
import { decodeSpanRows } from '../helpers/copy-rows'
import { anyValue, type SpanInput, traces, type TracesInput, type Value } from '../helpers/otlp'
import { type FullRow, withDictionary } from './expected-rows'

const DAY_MS = 86_400_000
const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)
const NOW_NS = BigInt(RECEIVED_MS) * 1_000_000n

function create(options: Partial<TranslatorOptions> = {}) {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id', 'tenant'],
    dictionaryCacheSize: 1_000,
    ...options,
  })
  return (body: Uint8Array, tenant: string | null = null) =>
    translator.translate(body, { receivedMs: RECEIVED_MS, tenant })
}

function request(input: TracesInput | readonly TracesInput[]): Buffer {
  const inputs = Array.isArray(input) ? (input as readonly TracesInput[]) : [input as TracesInput]
  return traces(
    inputs.map((one) => ({
      ...one,
      spans: (one.spans ?? [{}]).map((span) => ({ startTimeUnixNano: NOW_NS, ...span })),
    })),
  )
}

function rowsOf({ copies, dictionary }: Translated): FullRow[] {
  return withDictionary(decodeSpanRows(copies), dictionary)
}

function attributesOf(attributes: Readonly<Record<string, Value>>): unknown {
  return rowsOf(create()(request({ spans: [{ attributes }] })))[0]?.attributes
}

function nested(levels: number): Value {
  return levels === 1 ? 'bottom' : [nested(levels - 1)]
}

t.test('a span that breaks a rule is rejected alone, with the reason', (t) => {
  const cases: [name: string, span: SpanInput, message: RegExp][] = [
    [
      'trace id of 15 bytes',
      { traceId: '0102'.padEnd(30, '0') },
      /trace_id has 15 bytes: 01020+\)/,
    ],
    ['trace id of zeros', { traceId: '00'.repeat(16) }, /trace_id must be 16 bytes, not all zero/],
    ['no trace id', { traceId: '' }, /trace_id has 0 bytes/],
    ['trace id of 40 bytes', { traceId: 'ab'.repeat(40) }, /has 40 bytes: (ab){20}…/],
    ['span id of 9 bytes', { spanId: '01'.repeat(9) }, /span_id has 9 bytes: (01){9}/],
    ['span id of zeros', { spanId: '00'.repeat(8) }, /span_id must be 8 bytes/],
    ['parent id of 7 bytes', { parentSpanId: '01'.repeat(7) }, /parent_span_id has 7 bytes/],
    ['no time', { startTimeUnixNano: 0, endTimeUnixNano: 0 }, /start_time_unix_nano must be set/],
    ['too old', { startTimeUnixNano: NOW_NS - 31n * 86_400_000_000_000n }, /raise the retention/],
    ['too far ahead', { startTimeUnixNano: NOW_NS + 86_401_000_000_000n }, /2026-07-22T12:00:01/],
    ['end too old', { startTimeUnixNano: 0, endTimeUnixNano: 1 }, /the time is 1970-01-01T/],
    ['too deep', { attributes: { deep: nested(65) } }, /nested at most 64 levels/],
    ['too deep in an event', { events: [{ attributes: { deep: nested(65) } }] }, /64 levels/],
    ['too deep in a link', { links: [{ attributes: { deep: nested(65) } }] }, /64 levels/],
  ]
  for (const [name, broken, message] of cases) {
    const spans = [{ name: 'before' }, { ...broken, name: 'culprit' }, { name: 'after' }]
    const translated = create()(request({ spans }))
    const names = rowsOf(translated).map(({ operation }) => (operation as string[])[2])
    t.strictSame(names, ['before', 'after'], name)
    t.match(translated, { accepted: 2, rejected: 1 })
    t.match(translated.rejection, message)
    t.match(translated.rejection, /^rejected 1 of 3 spans: 1 because .*in span "culprit", /)
    t.notOk(
      translated.dictionary.some(({ values }) => values.includes('culprit')),
      'no dictionary row of a rejected span',
    )
  }
  t.end()
})

t.test('one message counts all rejections by reason', (t) => {
  const spans = [{ traceId: '00' }, { spanId: '' }, { traceId: '01' }, {}]
  const { rejection, rejected } = create()(request({ spans }))
  t.equal(rejected, 3)
  t.match(rejection, /^rejected 3 of 4 spans: 2 because trace_id .*; 1 because span_id /)
  t.end()
})

t.test('repairs in a rejected span are not counted', (t) => {
  const broken: SpanInput = { traceId: '00', attributes: { a: 'NUL \0' }, name: '\0' }
  t.equal(create()(request({ spans: [broken, {}] })).repairedStrings, 0)
  const good: SpanInput = { attributes: { 'k\0': '\0', fine: 'x' }, name: '\0', traceState: '\0' }
  t.equal(create()(request({ spans: [good] })).repairedStrings, 4)
  t.end()
})

t.test('spans at the edges of retention, future and depth are kept', (t) => {
  const spans: SpanInput[] = [
    { startTimeUnixNano: NOW_NS - 30n * 86_400_000_000_000n },
    { startTimeUnixNano: NOW_NS + 86_400_000_000_000n },
    { attributes: { deep: nested(64) } },
    { parentSpanId: '' },
  ]
  const { accepted, copies } = create()(request({ spans }))
  t.equal(accepted, 4)
  t.strictSame(copies[0]?.days, [20_625, 20_656, 20_655])
  t.end()
})

t.test('a resource or scope that is too deep costs its own spans only', (t) => {
  const deep = { attributes: { deep: nested(65) } }
  const translated = create()(
    request([
      { resource: deep, spans: [{ name: 'a' }] },
      { scope: deep, spans: [{ name: 'b' }] },
      { spans: [{ name: 'c' }] },
    ]),
  )
  t.match(translated, { accepted: 1, rejected: 2 })
  t.strictSame(rowsOf(translated)[0]?.operation, ['', '1', 'c'])
  t.equal(translated.dictionary.length, 4)
  t.end()
})

t.test('times that are missing, reversed or far away are stored as they can be', (t) => {
  const columns = ({ start_time, start_ns, end_time, end_ns, duration_ns }: FullRow) => [
    start_time,
    start_ns,
    end_time,
    end_ns,
    duration_ns,
  ]
  const us = NOW_NS / 1_000n
  const spans: SpanInput[] = [
    { startTimeUnixNano: NOW_NS + 1n, endTimeUnixNano: NOW_NS + 2_003n },
    { startTimeUnixNano: 0, endTimeUnixNano: NOW_NS + 7n },
    { startTimeUnixNano: NOW_NS + 7n, endTimeUnixNano: 0 },
    { startTimeUnixNano: NOW_NS + 2_000n, endTimeUnixNano: NOW_NS },
    { startTimeUnixNano: NOW_NS, endTimeUnixNano: 2n ** 64n - 1n },
  ]
  t.strictSame(rowsOf(create()(request({ spans }))).map(columns), [
    [us, 1, us + 2n, 3, 2_002n],
    [us, null, us, 7, null],
    [us, 7, null, null, null],
    [us + 2n, 0, us, 0, null],
    [us, 0, (2n ** 64n - 1n) / 1_000n, 615, null],
  ])
  t.end()
})

t.test('attribute values are stored without loss', (t) => {
  const cases: [Value, string][] = [
    [null, 'null'],
    [anyValue({ stringValueStrindex: 3 }), 'null'],
    ['', '""'],
    [anyValue({ doubleValue: 1 }), '1.0'],
    [1, '1'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [-(2n ** 63n), '-9223372036854775808'],
    [Buffer.from([0xff]), '{"$bytes":"/w=="}'],
    [Number.NaN, '{"$double":"NaN"}'],
    [{ $double: 'x', a: { $: 1 } }, '{"$$double":"x","a":{"$$":1}}'],
    [[[], {}, [null]], '[[],{},[null]]'],
  ]
  for (const [value, json] of cases) t.equal(attributesOf({ k: value }), `{"k":${json}}`)
  t.equal(attributesOf({ $k: true }), '{"$$k":true}')
  t.equal(attributesOf({}), null)
  t.end()
})

t.test('the last member of a oneof counts, and starts afresh after another', (t) => {
  const values = {
    'array, string, array': '2a020a00 0a0178 2a0412021801 2a040a021801',
    'string, then nothing known': '0a0178 0801',
    'array, array': '2a040a021801 2a040a021802',
  }
  const stored = Object.values(values).map((hex) => {
    const value = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const attribute = delimited(9, [delimited(1, Buffer.from('k')), delimited(2, value)].flat())
    return rowsOf(create()(envelope([...spanFields(), ...attribute])))[0]?.attributes
  })
  t.strictSame(stored, ['{"k":[1]}', '{"k":"x"}', '{"k":[1,2]}'])
  t.end()
})

t.test('a key that refers to a table of strings counts as absent', (t) => {
  const attribute = delimited(9, [0x18, 5, ...delimited(2, [0x10, 1])])
  const [row] = rowsOf(create()(envelope([...spanFields(), ...attribute])))
  t.equal(row?.attributes, '{"":true}')
  t.end()
})

t.test('tenant: the token, else the span, else the resource, else none', (t) => {
  const tenants = (token: string | null, input: TracesInput) =>
    rowsOf(create()(request(input), token)).map(({ service }) => (service as string[])[0])
  const resource = { attributes: { tenant: 'of-resource' } }
  const spans: SpanInput[] = [
    { attributes: { tenant: 'second', 'tenant.id': 'first' } },
    { attributes: { tenant: 'of-span' } },
    { attributes: { tenant: 5, 'tenant.id': '' } },
    {},
  ]
  t.strictSame(tenants('token', { resource, spans }), Array(4).fill('token'))
  t.strictSame(tenants(null, { resource, spans }), [
    'first',
    'of-span',
    'of-resource',
    'of-resource',
  ])
  t.strictSame(tenants(null, { spans: [{}] }), [''])
  t.end()
})

t.test('operations are named by service, module, kind and name', (t) => {
  const inputs: TracesInput[] = [
    { service: 'a', scope: { name: 's' }, spans: [{}, { kind: 2 }, { name: 'other' }, {}] },
    { service: 'a', scope: { name: 's' }, spans: [{ attributes: { module: 'm' } }] },
    { service: 'a', scope: { name: 's' }, spans: [{ attributes: { module: 7 } }] },
    { service: 'b', scope: { name: 's' }, spans: [{}] },
  ]
  const { copies, dictionary } = create()(request(inputs))
  const ids = decodeSpanRows(copies).map(({ operation_id }) => operation_id)
  t.equal(new Set(ids).size, 5, 'same operation, same id')
  t.equal(ids[0], ids[3])
  t.equal(ids[0], ids[5], 'a module that is not a string does not count')
  t.equal(dictionary.filter((row) => row.dictionary === 'operation').length, 5)
  t.equal(dictionary.filter((row) => row.dictionary === 'service').length, 2)
  t.end()
})

t.test('services: names, defaults and the older name of the environment', (t) => {
  const serviceColumns = (attributes: Readonly<Record<string, Value>>) =>
    rowsOf(create()(request({ resource: { attributes } })))[0]?.service
  t.strictSame(serviceColumns({}), ['', '', '', 'unknown_service'])
  t.strictSame(serviceColumns({ 'service.name': '', 'service.namespace': 'n' }), [
    '',
    '',
    'n',
    'unknown_service',
  ])
  t.strictSame(serviceColumns({ 'service.name': 's', 'deployment.environment': 'old' }), [
    '',
    'old',
    '',
    's',
  ])
  t.strictSame(
    serviceColumns({ 'deployment.environment.name': 'new', 'deployment.environment': 'old' }),
    ['', 'new', '', 'unknown_service'],
  )
  t.end()
})

t.test('ids depend on the content alone, and rows are the same objects while remembered', (t) => {
  const body = request({ service: 's', spans: [{ name: 'n' }] })
  const translate = create()
  const first = translate(body).dictionary
  const second = translate(body).dictionary
  t.ok(
    first.every((row, index) => row === second[index]),
    'the same objects',
  )
  t.strictSame(create()(body).dictionary, first, 'another translator makes the same ids')
  t.end()
})

t.test('a dictionary row stands once in a request, however much is forgotten meanwhile', (t) => {
  const spans = Array.from({ length: 50 }, (_, index) => ({ name: `n${index % 10}` }))
  const { dictionary, accepted } = create({ dictionaryCacheSize: 2 })(request({ spans }))
  t.equal(accepted, 50)
  t.equal(dictionary.length, 13)
  t.equal(new Set(dictionary.map((row) => row.id)).size, 13)
  t.end()
})

t.test('a request keeps its rows when the translator goes on to others', (t) => {
  const translate = create()
  const first = translate(request({ spans: [{ name: 'first' }] }))
  const before = Buffer.from(first.copies[0]?.bytes ?? [])
  for (let round = 0; round < 20; round++) translate(request({ count: 50 }))
  t.strictSame(Buffer.from(first.copies[0]?.bytes ?? []), before)
  t.equal(first.copies[0]?.offsets.length, 1)
  t.end()
})

t.test('a request without spans copies nothing', (t) => {
  for (const body of [
    Buffer.alloc(0),
    request({ spans: [] }),
    request({ spans: [{ spanId: '' }] }),
  ]) {
    t.match(create()(body), { copies: [], dictionary: [], accepted: 0 })
  }
  t.end()
})

function spanFields(): number[] {
  const time = Buffer.alloc(8)
  time.writeBigUInt64LE(NOW_NS)
  return [...delimited(1, Buffer.alloc(16, 1)), ...delimited(2, Buffer.alloc(8, 1)), 0x39, ...time]
}

function envelope(span: readonly number[]): Buffer {
  return Buffer.from(delimited(1, delimited(2, delimited(2, span))))
}

function delimited(field: number, content: readonly number[] | Buffer): number[] {
  return [field * 8 + 2, content.length, ...content]
}
