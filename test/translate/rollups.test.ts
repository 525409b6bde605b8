import t from 'tap'
import { UNLIMITED } from '../../collector/translate/limits'
import type { Translated } from '../../collector/translate/rows'
import { decodeRows } from '../helpers/copy-rows'
import { anyValue, type SpanInput, traces, type TracesInput } from '../helpers/otlp'
import { mergedRollupRows, type RollupRow, rollupRows } from '../helpers/rollup-rows'
import { createTraceTranslator, type TranslatorOptions } from '../helpers/translator'

const DAY_MS = 86_400_000
/** Noon, the beginning of a minute. */
const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)
const NOON_US = BigInt(RECEIVED_MS) * 1_000n
const NOON_NS = NOON_US * 1_000n
const SECOND_NS = 1_000_000_000n
const DAY_NS = 86_400n * SECOND_NS
const PARENT = '0b'.repeat(8)
const INTERNAL = 1
const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5

function create(options: Partial<TranslatorOptions> = {}) {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: [],
    dictionaryCacheSize: 1_000,
    ...options,
  })
  return (input: TracesInput | readonly TracesInput[]) =>
    translator.translate(traces(input), { receivedMs: RECEIVED_MS, tenant: null })
}

/** A span of 1,000 ns that begins at noon. */
function at(fields: SpanInput): SpanInput {
  return { startTimeUnixNano: NOON_NS, endTimeUnixNano: NOON_NS + 1_000n, ...fields }
}

function rollupsOf(...spans: readonly SpanInput[]): RollupRow[] {
  return rollupRows(create()({ spans: spans.map(at) }))
}

function edgesOf({ copies }: Translated) {
  return decodeRows(copies, 'edge_candidate')
}

t.test('requests are SERVER and CONSUMER spans and INTERNAL roots', (t) => {
  const cases: [kind: number, ofRoots: boolean, ofOthers: boolean][] = [
    [0, true, false],
    [INTERNAL, true, false],
    [SERVER, true, true],
    [CLIENT, false, false],
    [PRODUCER, false, false],
    [CONSUMER, true, true],
    [99, false, false],
  ]
  for (const [kind, ofRoots, ofOthers] of cases) {
    const requests = (fields: SpanInput) => rollupsOf({ kind, ...fields })
    t.match(requests({}), [{ is_request: ofRoots, span_count: 1n, root_count: 1n }], `${kind}`)
    t.match(requests({ parentSpanId: '00'.repeat(8) }), [{ is_request: ofRoots, root_count: 1n }])
    t.match(requests({ parentSpanId: PARENT }), [{ is_request: ofOthers, root_count: 0n }])
  }
  const both = rollupsOf({ kind: INTERNAL }, { kind: INTERNAL, parentSpanId: PARENT })
  t.strictSame(
    both.map((row) => row.is_request),
    [true, false],
    'both in one operation',
  )
  t.equal(both[0]?.operation_id, both[1]?.operation_id)
  t.end()
})

t.test('a span has failed by its status, or as a SERVER by its HTTP status', (t) => {
  const [current, former] = ['http.response.status_code', 'http.status_code']
  const cases: [fields: SpanInput, hasFailed: boolean][] = [
    [{ status: { code: 2 }, kind: CLIENT }, true],
    [{ status: { code: 1 } }, false],
    [{ status: { code: 7 } }, false],
    [{ attributes: { [current]: 500 } }, true],
    [{ attributes: { [current]: 499 } }, false],
    [{ attributes: { [current]: '503' } }, true],
    [{ attributes: { [current]: '503 Unavailable' } }, false],
    [{ attributes: { [current]: '' } }, false],
    [{ attributes: { [current]: -500 } }, false],
    [{ attributes: { [current]: anyValue({ doubleValue: 500.5 }) } }, false],
    [{ attributes: { [current]: [500] } }, false],
    [{ attributes: { [current]: null } }, false],
    [{ attributes: { [current]: true } }, false],
    [{ attributes: { [former]: 502 } }, true],
    [{ attributes: { [former]: '502' } }, true],
    [{ attributes: { [former]: 502, [current]: 200 } }, true],
    [{ attributes: [[current, 500] as const, [current, 200] as const] }, false],
    [{ attributes: [[current, 200] as const, [current, 500] as const] }, true],
    [{ attributes: { 'http.response.status_cod': 500, 'xttp.status_code': 500 } }, false],
    [{ attributes: { [current]: 500 }, kind: CLIENT }, false],
    [{ attributes: { [current]: 500 }, kind: CONSUMER }, false],
    [{ attributes: { nested: { [current]: 500 } } }, false],
  ]
  for (const [fields, hasFailed] of cases) {
    const [row] = rollupsOf({ kind: SERVER, ...fields })
    const expected = hasFailed ? 1 : 0
    const title = JSON.stringify(fields)
    t.match(row, { error_count: BigInt(expected), adjusted_error_count: expected }, title)
    t.equal(row?.error_trace_id === null, !hasFailed)
  }
  const [row] = rollupsOf({ kind: SERVER, attributes: { [current]: 500 } }, { kind: SERVER })
  t.match(row, { span_count: 2n, error_count: 1n }, 'it is not of the span after it')
  t.end()
})

t.test('durations are known from start to end, of spans that are not too far ahead', (t) => {
  const unknown = {
    duration_sum_ns: 0,
    duration_min_ns: null,
    duration_max_ns: null,
    zero_count: 0,
    bucket_indexes: [],
    bucket_counts: [],
    slowest_trace_id: null,
  }
  const cases: [name: string, start: bigint, end: bigint, bucketUs: bigint, ns: bigint | null][] = [
    ['a nanosecond', NOON_NS, NOON_NS + 1n, NOON_US, 1n],
    ['ten minutes', NOON_NS, NOON_NS + 600n * SECOND_NS, NOON_US + 600_000_000n, 600n * SECOND_NS],
    ['the end of a minute', NOON_NS - 3n, NOON_NS - 1n, NOON_US - 60_000_000n, 2n],
    ['over 2^32 ns', NOON_NS - 2n ** 33n, NOON_NS, NOON_US, 2n ** 33n],
    ['reversed', NOON_NS + 1n, NOON_NS, NOON_US, null],
    ['reversed by hours', NOON_NS, NOON_NS - 9_000n * SECOND_NS, NOON_US, null],
    ['no start', 0n, NOON_NS, NOON_US, null],
    ['no end', NOON_NS, 0n, NOON_US, null],
    ['a day ahead', NOON_NS, NOON_NS + DAY_NS, NOON_US + 86_400_000_000n, DAY_NS],
    ['too far ahead', NOON_NS, NOON_NS + DAY_NS + SECOND_NS, NOON_US, null],
  ]
  for (const [name, startTimeUnixNano, endTimeUnixNano, bucket, ns] of cases) {
    const [row] = rollupsOf({ startTimeUnixNano, endTimeUnixNano })
    t.match(row, { bucket, span_count: 1n, adjusted_count: 1 }, name)
    if (ns === null) t.match(row, unknown, name)
    else {
      const known = { duration_sum_ns: Number(ns), duration_min_ns: ns, duration_max_ns: ns }
      t.match(row, { ...known, zero_count: 0, bucket_counts: [1] }, name)
    }
  }
  const [zero] = rollupsOf({ endTimeUnixNano: NOON_NS })
  t.match(zero, { duration_min_ns: 0n, duration_max_ns: 0n, zero_count: 1, bucket_indexes: [] })
  t.end()
})

t.test('a span counts for as many as it stands for', (t) => {
  const ends = [1_000n, 0n, 1_000n].map((ns) => NOON_NS + ns)
  const spans = ends.map((endTimeUnixNano, index) => ({
    endTimeUnixNano,
    traceState: ['ot=th:8', 'ot=th:c', ''][index] ?? '',
    status: { code: index === 1 ? 2 : 0 },
  }))
  t.match(rollupsOf(...spans), [
    {
      span_count: 3n,
      error_count: 1n,
      adjusted_count: 7,
      adjusted_error_count: 4,
      duration_sum_ns: 3_000,
      zero_count: 4,
      bucket_indexes: [159],
      bucket_counts: [3],
    },
  ])
  t.end()
})

t.test('a rollup names its slowest trace, one that failed and one by chance', (t) => {
  const ids = Array.from({ length: 200 }, (_, index) =>
    BigInt.asUintN(128, BigInt(index + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n)
      .toString(16)
      .padStart(32, '0'),
  )
  const spans = ids.map((traceId, index) => ({
    traceId,
    endTimeUnixNano: NOON_NS + BigInt(index === 70 ? 5_000 : index),
    status: { code: index === 50 || index === 90 ? 2 : 0 },
  }))
  const [row] = rollupsOf(...spans)
  t.equal(row?.slowest_trace_id, ids[70])
  t.equal(row?.error_trace_id, ids[50])
  const picked = new Set(
    Array.from({ length: 20 }, (_, part) => {
      const [one] = rollupsOf(...spans.slice(part * 10, part * 10 + 10))
      return ids.indexOf(one?.random_trace_id ?? '') - part * 10
    }),
  )
  t.ok([...picked].every((place) => place >= 0 && place < 10))
  t.ok(picked.size > 4, `${picked.size} different places of ten`)
  t.strictSame(rollupsOf(...spans), [row], 'the same each time')
  t.end()
})

t.test('modules, kinds and names have rollups of their own', (t) => {
  const scope = (name: string, span: SpanInput = {}): TracesInput => ({
    scope: { name },
    spans: [at(span)],
  })
  const translated = create()([
    scope('billing'),
    scope('stock'),
    scope('billing'),
    scope('billing', { attributes: { module: 'stock' } }),
    scope('billing', { name: 'other' }),
    scope('billing', { kind: CLIENT }),
  ])
  const nameOf = ({ operation_id: id }: RollupRow) =>
    translated.dictionary.find((row) => row.dictionary === 'operation' && row.id === String(id))
      ?.values[2]
  t.strictSame(
    rollupRows(translated).map((row) => [nameOf(row), row.span_count]),
    [
      ['billing', 2n],
      ['stock', 2n],
      ['billing', 1n],
      ['billing', 1n],
    ],
  )
  t.end()
})

t.test('spans above the cap of operations count to what stands in for them', (t) => {
  const limits = { ...UNLIMITED, maxOperations: 1 }
  const spans = ['first', 'second', 'third', 'first'].map((name) => at({ name }))
  const translated = create({ limits })({ spans })
  const overflow = translated.dictionary.find(({ values }) => values.includes('(overflow)'))
  const rows = rollupRows(translated)
  t.strictSame(
    rows.map((row) => row.span_count),
    [2n, 2n],
  )
  t.equal(String(rows[1]?.operation_id), overflow?.id)
  t.end()
})

t.test('rejected spans leave nothing', (t) => {
  const broken: SpanInput[] = [
    { traceId: '00' },
    { spanId: '' },
    { parentSpanId: '01' },
    { startTimeUnixNano: 0, endTimeUnixNano: 0 },
    { startTimeUnixNano: NOON_NS + 2n * DAY_NS },
  ]
  const spans = broken.map((span) => at({ kind: SERVER, status: { code: 2 }, ...span }))
  const { copies, rejected } = create()({ spans })
  t.equal(rejected, broken.length)
  t.strictSame(copies, [])
  const mixed = create()({ spans: [...spans, at({ kind: SERVER })] })
  t.match(rollupRows(mixed), [{ span_count: 1n, error_count: 0n }])
  t.end()
})

t.test('calls whose caller is to be found are SERVER and CONSUMER spans with a parent', (t) => {
  const kinds = [0, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER]
  const spans = kinds.flatMap((kind) => [at({ kind }), at({ kind, parentSpanId: PARENT })])
  t.equal(edgesOf(create()({ spans })).length, 2)
  const traceId = '0c'.repeat(16)
  const call = { kind: SERVER, traceId, parentSpanId: PARENT }
  const edge = {
    bucket: NOON_US,
    trace_id: traceId,
    parent_span_id: BigInt(`0x${PARENT}`),
    duration_ns: 1_000n,
    adjusted_count: 1,
    is_error: 0,
  }
  t.match(edgesOf(create()({ spans: [at(call)] })), [edge])
  const end = { startTimeUnixNano: NOON_NS + 1n, endTimeUnixNano: NOON_NS }
  const failed = { ...call, ...end, traceState: 'ot=th:c', status: { code: 2 } }
  t.match(edgesOf(create()({ spans: [at(failed)] })), [
    { ...edge, duration_ns: null, adjusted_count: 4, is_error: 1 },
  ])
  t.end()
})

t.test('rollups of several requests add up, and stay as they are', (t) => {
  const translate = create()
  const minute = 60n * SECOND_NS
  const spans = (count: number): SpanInput[] =>
    Array.from({ length: count }, (_, index) =>
      at({
        name: `operation ${index % 3}`,
        traceId: `${'0d'.repeat(14)}${(index + 1).toString(16).padStart(4, '0')}`,
        endTimeUnixNano: NOON_NS + minute * BigInt(index % 4) + BigInt(index) ** 4n,
        status: { code: index % 5 === 0 ? 2 : 0 },
        traceState: index % 2 === 0 ? 'ot=th:8' : '',
      }),
    )
  const all = spans(300)
  const whole = rollupRows(translate({ spans: all }))
  const parts = [all.slice(0, 7), [], all.slice(7, 200), all.slice(200)].map((part) =>
    translate({ spans: part }),
  )
  const before = parts.map(rollupRows)
  t.strictSame(mergedRollupRows(parts), whole)
  t.equal(whole.length, 12)
  t.strictSame(parts.map(rollupRows), before)
  t.strictSame(mergedRollupRows([parts[0]!, parts[1]!]), before[0], 'those of one are as they were')
  t.end()
})
