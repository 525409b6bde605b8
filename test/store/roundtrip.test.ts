import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { createTraceTranslator } from '../helpers/translator'
import { anyValue, type SpanInput, traces, type TracesInput } from '../helpers/otlp'
import { translatedRequest } from '../helpers/rows'
import { never, openDatabase, openWriter, stored } from './database'

const RECEIVED_MS = Date.parse('2026-03-04T12:00:00Z')
const START = BigInt(RECEIVED_MS) * 1_000_000n - 1_234_567_891n
const YEARS_MS = 1_000 * 365 * 86_400_000

const IDS = {
  traceId: 'ffeeddccbbaa99887766554433221100',
  spanId: 'fedcba9876543210',
  parentSpanId: '0000000000000001',
}

/** Sends the spans through the translator and the writer. */
async function store(t: Test, input: TracesInput): Promise<Pool> {
  const pool = await openDatabase(t)
  const translator = createTraceTranslator({
    retentionMs: YEARS_MS,
    maxAheadMs: YEARS_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 100,
  })
  const context = { receivedMs: RECEIVED_MS, tenant: null }
  const body = traces(input)
  const translated = translator.translate(body, context)
  t.equal(translated.rejection, '')
  const group = [translatedRequest(body, translated)]
  t.same(await openWriter(t, pool).write(group, never), [stored])
  return pool
}

t.test('every field of a span can be read back', async (t) => {
  const span: SpanInput = {
    ...IDS,
    traceState: 'vendor=a,ot=th:8',
    flags: 0xff_00_03_01,
    name: `quote ' tab \t backslash \\ newline \n emoji 🚀`,
    kind: 5,
    startTimeUnixNano: START,
    endTimeUnixNano: START + 1_000_000_007n,
    attributes: { 'http.route': '/a' },
    droppedAttributesCount: 4_294_967_295,
    events: [
      { name: 'first', timeUnixNano: START + 1n, attributes: { n: 1 }, droppedAttributesCount: 3 },
      { name: 'second', timeUnixNano: START + 2n },
    ],
    droppedEventsCount: 1,
    links: [
      {
        traceId: '00112233445566778899aabbccddeeff',
        spanId: '8000000000000000',
        traceState: 'x=y',
        flags: 0x3_01,
        attributes: { why: 'retry' },
        droppedAttributesCount: 2,
      },
    ],
    droppedLinksCount: 2,
    status: { code: 2, message: `it's broken` },
  }
  const pool = await store(t, {
    service: 'till',
    resource: {
      attributes: { 'service.namespace': 'shops', 'tenant.id': 'acme' },
      droppedAttributesCount: 7,
      entityRefs: [{ type: 'host', idKeys: ['host.id'], schemaUrl: 'https://e' }],
      schemaUrl: 'https://resource',
    },
    scope: {
      name: '@scope/http',
      version: '1.2.3',
      attributes: { short: true },
      droppedAttributesCount: 8,
      schemaUrl: 'https://scope',
    },
    spans: [span],
  })
  const { rows } = await pool.query('select * from sidelight.spans where trace_id = $1', [
    IDS.traceId,
  ])
  t.equal(rows.length, 1)
  t.match(rows[0], {
    trace_hex: IDS.traceId,
    span_hex: IDS.spanId,
    parent_span_hex: IDS.parentSpanId,
    name: span.name,
    service: 'till',
    namespace: 'shops',
    tenant: 'acme',
    module: '@scope/http',
    kind: 'consumer',
    kind_code: 5,
    status: 'error',
    status_code: 2,
    status_message: `it's broken`,
    start_unix_nano: String(START),
    end_unix_nano: String(START + 1_000_000_007n),
    duration_ns: '1000000007',
    duration_ms: 1_000.000007,
    trace_state: 'vendor=a,ot=th:8',
    flags: String(0xff_00_03_01),
    attributes: { 'http.route': '/a' },
    dropped_attributes_count: '4294967295',
    dropped_events_count: '1',
    dropped_links_count: '2',
    resource_attributes: { 'service.name': 'till', 'service.namespace': 'shops' },
    resource_dropped_attributes_count: '7',
    resource_schema_url: 'https://resource',
    scope_name: '@scope/http',
    scope_version: '1.2.3',
    scope_attributes: { short: true },
    scope_dropped_attributes_count: '8',
    scope_schema_url: 'https://scope',
  })
  const { entity_refs: refs, events, links } = rows[0] as Record<string, unknown>
  t.match(JSON.stringify(refs), /"host".*|"host\.id"/)
  t.match(JSON.stringify(refs), /https:\/\/e/)
  t.same(events, [
    {
      name: 'first',
      time_unix_nano: String(START + 1n),
      attributes: { n: 1 },
      dropped_attributes_count: 3,
    },
    { name: 'second', time_unix_nano: String(START + 2n) },
  ])
  t.same(links, [
    {
      trace_id: '00112233445566778899aabbccddeeff',
      span_id: '8000000000000000',
      trace_state: 'x=y',
      flags: 0x3_01,
      attributes: { why: 'retry' },
      dropped_attributes_count: 2,
    },
  ])
})

t.test('attribute values keep their type and every digit', async (t) => {
  const double = (doubleValue: number) => anyValue({ doubleValue })
  const pool = await store(t, {
    spans: [
      {
        ...IDS,
        startTimeUnixNano: START,
        attributes: {
          most: 9_223_372_036_854_775_807n,
          least: -9_223_372_036_854_775_808n,
          one: double(1),
          huge: double(1e21),
          'minus zero': double(-0),
          tiny: double(5e-324),
          nan: double(NaN),
          infinite: double(-Infinity),
          yes: true,
          empty: null,
          text: `' " \\ \t \u0001 🚀`,
          nul: 'a\0b',
          bytes: new Uint8Array([0, 255]),
          list: [1, 'two', [3]],
          map: { $key: { deep: 1n } },
          'key with \' and "': 'x',
        },
      },
    ],
  })
  const { rows } = await pool.query<{ key: string; value: string }>(
    `select key, value::text from sidelight.spans, jsonb_each(attributes) where trace_id = $1`,
    [IDS.traceId],
  )
  t.same(Object.fromEntries(rows.map(({ key, value }) => [key, value])), {
    most: '9223372036854775807',
    least: '-9223372036854775808',
    one: '1.0',
    huge: '1000000000000000000000.0',
    'minus zero': '{"$double": "-0"}',
    tiny: `0.${'0'.repeat(323)}5`,
    nan: '{"$double": "NaN"}',
    infinite: '{"$double": "-Infinity"}',
    yes: 'true',
    empty: 'null',
    text: `"' \\" \\\\ \\t \\u0001 🚀"`,
    nul: '"a�b"',
    bytes: '{"$bytes": "AP8="}',
    list: '[1, "two", [3]]',
    map: '{"$$key": {"deep": 1}}',
    'key with \' and "': '"x"',
  })
})

t.test(
  'times are read back over all of their 64 bits, also those that make no sense',
  async (t) => {
    const last = 18_446_744_073_709_551_615n
    const times = [
      [START, 0n],
      [0n, START],
      [START, START - 1n],
      [last, last],
    ] as const
    const pool = await store(t, {
      spans: times.map(([startTimeUnixNano, endTimeUnixNano], i) => ({
        traceId: IDS.traceId,
        spanId: `000000000000000${i + 1}`,
        startTimeUnixNano,
        endTimeUnixNano,
      })),
    })
    const { rows } = await pool.query<{ start: string; end: string; duration: string | null }>(
      `select start_unix_nano as start, end_unix_nano as "end", duration_ns as duration
     from sidelight.spans order by span_id`,
    )
    t.same(
      rows.map(({ start, end }) => [BigInt(start), BigInt(end)]),
      times,
    )
    t.same(
      rows.map(({ duration }) => duration),
      [null, null, null, '0'],
    )
  },
)
