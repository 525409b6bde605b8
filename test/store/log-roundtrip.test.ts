import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { anyValue, type Value } from '../helpers/otlp'
import { type LogRecordInput, logs, type LogsInput } from '../helpers/otlp-logs'
import { type Major, MAJORS } from '../helpers/postgres'
import { translatedRequest } from '../helpers/rows'
import { createLogTranslator } from '../helpers/translator'
import { never, openDatabase, openWriter, stored } from './database'

const RECEIVED_MS = Date.parse('2026-03-04T12:00:00Z')
const TIME = BigInt(RECEIVED_MS) * 1_000_000n - 1_234_567_891n
const CENTURIES_MS = 1_000 * 365 * 86_400_000
const IDS = { traceId: 'ffeeddccbbaa99887766554433221100', spanId: 'fedcba9876543210' }

/** Sends the log records through the translator and the writer. */
async function store(t: Test, input: LogsInput, major: Major = 18): Promise<Pool> {
  const pool = await openDatabase(t, { major })
  const translator = createLogTranslator({
    retentionMs: CENTURIES_MS,
    maxAheadMs: CENTURIES_MS,
    correlationAttributes: ['request.id'],
  })
  const body = logs(input)
  const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
  t.equal(translated.rejection, '')
  const group = [translatedRequest(body, translated, { signal: 'logs' })]
  t.same(await openWriter(t, pool).write(group, never), [stored])
  return pool
}

for (const major of MAJORS) {
  t.test(`every field of a log record can be read back from Postgres ${major}`, async (t) => {
    const record = {
      ...IDS,
      timeUnixNano: TIME,
      observedTimeUnixNano: TIME + 1_001n,
      severityNumber: 18,
      severityText: 'critical',
      body: `quote ' tab \t backslash \\ newline \n emoji 🚀`,
      attributes: { 'http.route': '/a', 'request.id': 'r-1' },
      droppedAttributesCount: 4_294_967_295,
      flags: 0xff_00_03_01,
      eventName: 'order.taken',
    } satisfies LogRecordInput
    const pool = await store(
      t,
      {
        service: 'till',
        resource: {
          attributes: {
            'service.namespace': 'shops',
            'deployment.environment.name': 'prod',
            'tenant.id': 'acme',
          },
          droppedAttributesCount: 7,
          entityRefs: [{ type: 'host', idKeys: ['host.id'], schemaUrl: 'https://e' }],
          schemaUrl: 'https://resource',
        },
        scope: {
          name: '@scope/log',
          version: '1.2.3',
          attributes: { short: true },
          droppedAttributesCount: 8,
          schemaUrl: 'https://scope',
        },
        records: [record],
      },
      major,
    )
    const { rows } = await pool.query<Record<string, unknown>>(
      'select * from sidelight.logs where trace_id = $1',
      [IDS.traceId],
    )
    t.equal(rows.length, 1)
    const { service_id: serviceId, resource_id, scope_id, ...row } = rows[0] ?? {}
    for (const id of [serviceId, resource_id, scope_id]) t.match(id, /^-?\d+$/)
    t.same(row, {
      time: new Date(Number(TIME / 1_000_000n)),
      observed_time: new Date(Number(TIME / 1_000_000n)),
      time_unix_nano: String(TIME),
      observed_time_unix_nano: String(TIME + 1_001n),
      severity: 'error',
      severity_number: 18,
      severity_text: 'critical',
      sent_severity_number: 18,
      sent_severity_text: 'critical',
      event_name: 'order.taken',
      body: record.body,
      body_value: record.body,
      trace_id: 'ffeeddcc-bbaa-9988-7766-554433221100',
      trace_hex: IDS.traceId,
      span_id: String(BigInt.asIntN(64, 0xfedcba9876543210n)),
      span_hex: IDS.spanId,
      flags: String(0xff_00_03_01),
      service: 'till',
      namespace: 'shops',
      environment: 'prod',
      tenant: 'acme',
      attributes: { 'http.route': '/a', 'request.id': 'r-1' },
      dropped_attributes_count: '4294967295',
      resource_attributes: {
        'service.name': 'till',
        'service.namespace': 'shops',
        'deployment.environment.name': 'prod',
        'tenant.id': 'acme',
      },
      resource_dropped_attributes_count: '7',
      entity_refs: [{ type: 'host', id_keys: ['host.id'], schema_url: 'https://e' }],
      resource_schema_url: 'https://resource',
      scope_name: '@scope/log',
      scope_version: '1.2.3',
      scope_attributes: { short: true },
      scope_dropped_attributes_count: '8',
      scope_schema_url: 'https://scope',
    })
    const { rows: correlations } = await pool.query(
      `select time = (select time from sidelight.log_record) as is_its_time, service_id, trace_id, id
       from sidelight.correlation`,
    )
    t.same(correlations, [
      { is_its_time: true, service_id: serviceId, trace_id: row['trace_id'], id: 'r-1' },
    ])
  })

  t.test(`a record that says next to nothing reads as that from Postgres ${major}`, async (t) => {
    const pool = await store(t, { records: [{ timeUnixNano: 0 }] }, major)
    const { rows } = await pool.query<Record<string, unknown>>('select * from sidelight.logs')
    t.match(rows, [
      {
        time: new Date(RECEIVED_MS),
        observed_time: null,
        time_unix_nano: '0',
        observed_time_unix_nano: '0',
        severity: null,
        severity_number: 0,
        severity_text: null,
        sent_severity_number: 0,
        sent_severity_text: null,
        event_name: null,
        body: null,
        body_value: null,
        trace_id: null,
        trace_hex: null,
        span_id: null,
        span_hex: null,
        flags: '0',
        service: 'unknown_service',
        attributes: {},
        dropped_attributes_count: '0',
      },
    ])
  })
}

t.test('a severity shows its name and text, sent or not', async (t) => {
  const sent: [number, string][] = [
    [0, 'Warning'],
    [10, ''],
    [24, 'fatality'],
    [25, ''],
    [-1, 'odd'],
  ]
  const records = sent.map(([severityNumber, severityText], index) => ({
    timeUnixNano: TIME + BigInt(index) * 1_000n,
    severityNumber,
    severityText,
  }))
  const pool = await store(t, { records })
  const { rows } = await pool.query<Record<string, unknown>>(
    `select severity, severity_number, severity_text, sent_severity_number, sent_severity_text
     from sidelight.logs order by time`,
  )
  t.same(rows.map(Object.values), [
    ['warn', 13, 'Warning', 0, 'Warning'],
    ['info', 10, 'INFO2', 10, null],
    ['fatal', 24, 'fatality', 24, 'fatality'],
    [null, 25, null, 25, null],
    [null, -1, 'odd', -1, 'odd'],
  ])
})

const double = (doubleValue: number) => anyValue({ doubleValue })

/** Each with the text of the jsonb it becomes. */
const VALUES: readonly (readonly [Value, string])[] = [
  [9_223_372_036_854_775_807n, '9223372036854775807'],
  [-9_223_372_036_854_775_808n, '-9223372036854775808'],
  [double(1), '1.0'],
  [double(1e21), '1000000000000000000000.0'],
  [double(-0), '{"$double": "-0"}'],
  [double(NaN), '{"$double": "NaN"}'],
  [double(Infinity), '{"$double": "Infinity"}'],
  [true, 'true'],
  [new Uint8Array([0, 255]), '{"$bytes": "AP8="}'],
  [new Uint8Array(), '{"$bytes": ""}'],
  [[1, 'two', [3], null], '[1, "two", [3], null]'],
  [{ $double: 'x', a: { $: 1n } }, '{"a": {"$$": 1}, "$$double": "x"}'],
  [{}, '{}'],
  [[], '[]'],
  [{ text: `' " \\ \t \u0001 🚀 \0` }, `{"text": "' \\" \\\\ \\t \\u0001 🚀 \ufffd"}`],
]

t.test('bodies and attributes keep their kind and every digit', async (t) => {
  const records = VALUES.map(([value], index) => ({
    timeUnixNano: TIME + BigInt(index) * 1_000n,
    body: value,
    attributes: { value },
  }))
  const pool = await store(t, { records })
  const { rows } = await pool.query<{ body: string; value: string; attribute: string }>(
    `select body, body_value::text as value, (attributes -> 'value')::text as attribute
     from sidelight.logs order by time`,
  )
  t.same(
    rows,
    VALUES.map(([, text]) => ({ body: text, value: text, attribute: text })),
  )
})

t.test(
  'a text is told from a value that reads the same, and of equal keys the last counts',
  async (t) => {
    const records: LogRecordInput[] = [
      { body: '5' },
      { body: 5 },
      { body: '' },
      {
        body: anyValue({
          kvlistValue: {
            values: ['first', 'last'].map((stringValue) => ({ key: 'k', value: { stringValue } })),
          },
        }),
        attributes: [
          ['k', 'first'],
          ['k', 'last'],
        ],
      },
    ].map(
      (record, index) =>
        ({ ...record, timeUnixNano: TIME + BigInt(index) * 1_000n }) as LogRecordInput,
    )
    const pool = await store(t, { records })
    const { rows } = await pool.query<Record<string, unknown>>(
      'select body, body_value, attributes from sidelight.logs order by time',
    )
    t.same(rows, [
      { body: '5', body_value: '5', attributes: {} },
      { body: '5', body_value: 5, attributes: {} },
      { body: '', body_value: '', attributes: {} },
      { body: '{"k": "last"}', body_value: { k: 'last' }, attributes: { k: 'last' } },
    ])
  },
)

t.test('times are read back over all of their 64 bits, from 1970 to 2554', async (t) => {
  const last = 18_446_744_073_709_551_615n
  const times = [
    [1n, 0n],
    [999_999_999n, 1n],
    [BigInt(Date.UTC(1999, 11, 31)) * 1_000_000n + 1n, TIME],
    [9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n],
    [last, last],
    [0n, last],
  ] as const
  const pool = await store(t, {
    records: times.map(([timeUnixNano, observedTimeUnixNano], index) => ({
      timeUnixNano,
      observedTimeUnixNano,
      severityNumber: index,
    })),
  })
  const { rows } = await pool.query<{ time: string; observed: string }>(
    `select time_unix_nano as time, observed_time_unix_nano as observed
     from sidelight.logs order by severity_number`,
  )
  t.same(
    rows.map(({ time, observed }) => [BigInt(time), BigInt(observed)]),
    times,
  )
  const { rows: partitions } = await pool.query<{ n: number }>(
    'select count(distinct tableoid)::int as n from sidelight.log_record',
  )
  t.equal(partitions[0]?.n, 4, 'two days of 1970 and 1999, 2262, 2554')
})

t.test('a long text is stored whole', async (t) => {
  const body = 'ü🚀x'.repeat(100_000)
  const pool = await store(t, { records: [{ timeUnixNano: TIME, body }] })
  const { rows } = await pool.query<{ body: string }>('select body from sidelight.logs')
  t.ok(rows[0]?.body === body)
})
