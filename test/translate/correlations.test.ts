import t from 'tap'
import {
  cutCorrelationId,
  LONGEST_CORRELATION_ID_BYTES,
} from '../../collector/translate/correlation-id'
import type { Translated } from '../../collector/translate/rows'
import { decodeRows } from '../helpers/copy-rows'
import { type Attributes, type SpanInput, traces, type Value } from '../helpers/otlp'
import { type LogRecordInput, logs, type LogsInput } from '../helpers/otlp-logs'
import { createSignalTranslator, type TranslatorOptions } from '../helpers/translator'

const DAY_MS = 86_400_000
const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)
const NOW_NS = BigInt(RECEIVED_MS) * 1_000_000n
const NOW = NOW_NS / 1_000n
const DAY_NS = 86_400_000_000_000n
const CONTEXT = { receivedMs: RECEIVED_MS, tenant: null }
const TRACES = ['0a'.repeat(16), '0b'.repeat(16)] as const
const HEADER = 'http.request.header.x-correlation-id'

const OPTIONS: TranslatorOptions = {
  retentionMs: 30 * DAY_MS,
  maxAheadMs: DAY_MS,
  correlationAttributes: ['request.id', 'correlation.id', HEADER],
}

function translateSpans(spans: readonly SpanInput[]): Translated {
  const body = traces({
    service: 'shop',
    spans: spans.map((span) => ({ traceId: TRACES[0], startTimeUnixNano: NOW_NS, ...span })),
  })
  return createSignalTranslator('traces', OPTIONS).translate(body, CONTEXT)
}

function translateLogs(input: LogsInput | readonly LogsInput[]): Translated {
  return createSignalTranslator('logs', OPTIONS).translate(logs(input), CONTEXT)
}

function record(id: string, fields: LogRecordInput = {}): LogRecordInput {
  return { timeUnixNano: NOW_NS, attributes: { 'request.id': id }, ...fields }
}

/** Trace and id of each row. */
function found({ copies }: Translated): unknown[] {
  return decodeRows(copies, 'correlation').map(({ trace_id, id }) => [trace_id, id])
}

function idsOf(attributes: Attributes): unknown[] {
  return decodeRows(translateSpans([{ attributes }]).copies, 'correlation').map(({ id }) => id)
}

t.test('an id of a span or log record is indexed with its trace, service and time', (t) => {
  const spans = translateSpans([
    { attributes: { 'request.id': 'r-1' }, endTimeUnixNano: NOW_NS + 5_000n },
  ])
  const records = translateLogs({
    service: 'shop',
    records: [record('r-1', { traceId: TRACES[0] })],
  })
  for (const [translated, time] of [
    [spans, NOW + 5n],
    [records, NOW],
  ] as const) {
    const { service_id } = decodeRows(
      translated.copies,
      translated.copies[0]?.table.name ?? '',
    )[0] as { service_id: bigint }
    t.strictSame(decodeRows(translated.copies, 'correlation'), [
      { time, service_id, trace_id: TRACES[0], id: 'r-1' },
    ])
    const [items, correlations] = translated.copies
    t.strictSame(correlations?.sources, items?.sources)
    t.strictSame(correlations?.days, [20_655])
    t.ok(translated.dictionary.some(({ id }) => id === String(service_id)))
  }
  t.end()
})

t.test('only strings and lists of them are ids, of the attributes that are named', (t) => {
  const cases: [Value, unknown[]][] = [
    ['a', ['a']],
    ['', []],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['a', 1, '', null, ['c'], { d: 'e' }], ['a']],
    [[], []],
    [7, []],
    [true, []],
    [null, []],
    [{ a: 'b' }, []],
    [Buffer.from('a'), []],
    ['a\0b', ['a\ufffdb']],
    [
      ['ü"\\', '$x'],
      ['ü"\\', '$x'],
    ],
  ]
  for (const [value, ids] of cases) {
    t.strictSame(idsOf({ [HEADER]: value }), ids)
    t.strictSame(idsOf({ 'request.id': value }), ids)
  }
  t.strictSame(idsOf({ 'correlation.id': 'a', 'request.id': 'b', other: 'c' }), ['a', 'b'])
  t.strictSame(idsOf({ 'request.ix': 'a', 'request-id': 'b', 'request.i': 'c' }), [])
  t.strictSame(
    idsOf([
      ['request.id', 'a'],
      ['request.id', 'b'],
      ['request.id', 'a'],
    ]),
    ['a', 'b'],
  )
  t.end()
})

t.test('an id is indexed once a trace and service of a request', (t) => {
  const span = (traceId: string, id: string) => ({ traceId, attributes: { 'request.id': id } })
  const spans = [
    span(TRACES[0], 'a'),
    span(TRACES[0], 'b'),
    span(TRACES[1], 'a'),
    span(TRACES[0], 'a'),
    span(TRACES[1], 'a'),
  ]
  const translated = translateSpans(spans)
  t.strictSame(found(translated), [
    [TRACES[0], 'a'],
    [TRACES[0], 'b'],
    [TRACES[1], 'a'],
  ])
  const { sources = [] } = translated.copies[0] ?? {}
  t.strictSame(translated.copies[1]?.sources, sources.slice(0, 3), 'the first item of each')
  const services = ['shop', 'till', 'shop'].map((service) => ({
    service,
    records: [record('a', { traceId: TRACES[0] })],
  }))
  t.equal(found(translateLogs(services)).length, 2)
  t.equal(found(translateSpans(spans.slice(0, 1))).length, 1, 'the next request has its own')
  t.end()
})

t.test('log records without a trace are found by their time', (t) => {
  const at = (microseconds: bigint, id = 'a') =>
    record(id, { timeUnixNano: NOW_NS + microseconds * 1_000n })
  const records = [at(0n), at(1n), at(0n), at(0n, 'b'), record('a', { traceId: '0102' })]
  const rows = decodeRows(translateLogs({ records }).copies, 'correlation')
  t.strictSame(
    rows.map(({ time, trace_id, id }) => [time, trace_id, id]),
    [
      [NOW, null, 'a'],
      [NOW + 1n, null, 'a'],
      [NOW, null, 'b'],
    ],
  )
  const observed = { timeUnixNano: 0, observedTimeUnixNano: NOW_NS - 5_000n }
  const others = [record('a', observed), record('b', { timeUnixNano: 0 })]
  t.strictSame(
    decodeRows(translateLogs({ records: others }).copies, 'correlation').map(({ time }) => time),
    [NOW - 5n, NOW],
    'the time they are kept under',
  )
  t.end()
})

t.test('a span is found at its end, or at its start where the end makes no sense', (t) => {
  const time = (startTimeUnixNano: bigint, endTimeUnixNano: bigint) => {
    const span = { startTimeUnixNano, endTimeUnixNano, attributes: { 'request.id': 'a' } }
    return decodeRows(translateSpans([span]).copies, 'correlation')[0]?.['time']
  }
  t.equal(time(NOW_NS, NOW_NS + 9_000n), NOW + 9n)
  t.equal(time(NOW_NS, NOW_NS), NOW)
  t.equal(time(NOW_NS, NOW_NS - 9_000n), NOW)
  t.equal(time(NOW_NS, 0n), NOW)
  t.equal(time(0n, NOW_NS + 9_000n), NOW + 9n)
  t.equal(time(NOW_NS, NOW_NS + DAY_NS), NOW + DAY_NS / 1_000n)
  t.equal(time(NOW_NS, NOW_NS + DAY_NS + 10n ** 9n), NOW)
  t.equal(time(NOW_NS, 2n ** 64n - 1n), NOW)
  t.equal(
    time(NOW_NS - DAY_NS, NOW_NS - DAY_NS + 2n ** 32n),
    (NOW_NS - DAY_NS + 2n ** 32n) / 1_000n,
  )
  t.end()
})

t.test('what is rejected, or past the limit of attributes, adds nothing', (t) => {
  const attributes = { 'request.id': 'a' }
  const broken = translateSpans([
    { spanId: '00', attributes },
    { attributes: { 'request.id': 'b' } },
  ])
  t.equal(broken.rejected, 1)
  t.strictSame(found(broken), [[TRACES[0], 'b']])
  t.strictSame(found(translateLogs({ records: [record('a', { timeUnixNano: 1 })] })), [])
  t.strictSame(found(translateSpans([{ attributes }, {}])), [[TRACES[0], 'a']], 'nor does the next')
  t.end()
})

t.test('an id is cut to what is looked up, never within a character', (t) => {
  t.equal(LONGEST_CORRELATION_ID_BYTES, 256)
  for (const [id, kept] of [
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(257), 'x'.repeat(256)],
    ['x'.repeat(100_000), 'x'.repeat(256)],
    [`${'x'.repeat(255)}é`, 'x'.repeat(255)],
    [`${'x'.repeat(254)}🚀z`, 'x'.repeat(254)],
    ['🚀'.repeat(100), '🚀'.repeat(64)],
    ['\0'.repeat(300), '\ufffd'.repeat(85)],
    ['ü', 'ü'],
  ] as const) {
    t.equal(cutCorrelationId(id), kept)
    t.equal(cutCorrelationId(kept), kept)
    t.strictSame(idsOf({ 'request.id': id }), [kept])
    t.strictSame(idsOf({ 'request.id': [id] }), [kept])
  }
  t.end()
})

t.test('an id that is no UTF-8 is indexed as the attribute is stored', (t) => {
  for (const broken of ['c3', 'e282', 'f09f98', 'ff', '80']) {
    for (const before of [0, 250, 253, 254, 255, 256]) {
      const marker = 'M'.repeat(broken.length / 2)
      const body = traces({
        spans: [
          {
            traceId: TRACES[0],
            startTimeUnixNano: NOW_NS,
            attributes: { 'request.id': `${'x'.repeat(before)}${marker}yz` },
          },
        ],
      })
      Buffer.from(broken, 'hex').copy(body, body.indexOf(marker))
      const { copies } = createSignalTranslator('traces', OPTIONS).translate(body, CONTEXT)
      const stored = decodeRows(copies, 'span')[0]?.['attributes'] as string
      const { 'request.id': whole } = JSON.parse(stored) as Record<string, string>
      t.equal(decodeRows(copies, 'correlation')[0]?.['id'], cutCorrelationId(whole ?? ''))
    }
  }
  t.end()
})

t.test('ids that outgrow their request are left out, and the items kept', (t) => {
  const ids = Array.from({ length: 20_000 }, (_, index) => String(index))
  const translated = translateSpans([{ attributes: { [HEADER]: ids } }, {}])
  const { bytes, offsets } = translated.copies[1] ?? { bytes: [], offsets: [] }
  t.equal(translated.accepted, 2)
  t.ok(offsets.length > 1_000 && offsets.length < 20_000, `${offsets.length} rows`)
  t.ok(bytes.length < 400_000, `${bytes.length} bytes`)
  t.equal(translated.correlationsLeftOut, 20_000 - offsets.length)
  t.end()
})

t.test('only what is left out is counted, of one request', (t) => {
  const ids = Array.from({ length: 5_000 }, (_, index) => `r-${index}`)
  const attributes = { [HEADER]: ids }
  const translator = createSignalTranslator('logs', OPTIONS)
  const translate = (records: LogRecordInput[]) => translator.translate(logs({ records }), CONTEXT)
  const { copies, correlationsLeftOut } = translate([{ timeUnixNano: NOW_NS, attributes }])
  t.ok(correlationsLeftOut > 0)
  t.equal(correlationsLeftOut, ids.length - (copies[1]?.offsets.length ?? 0))
  t.equal(translate([record('a'), record('a')]).correlationsLeftOut, 0)
  t.end()
})

t.test('without names nothing is indexed', (t) => {
  const translator = createSignalTranslator('traces', { ...OPTIONS, correlationAttributes: [] })
  const body = traces({ spans: [{ attributes: { 'request.id': 'a', '': 'b' } }] })
  const { copies } = translator.translate(body, { ...CONTEXT, receivedMs: Date.now() })
  t.strictSame(
    copies.map(({ table }) => table.name),
    ['span', 'span_rollup'],
  )
  t.end()
})
