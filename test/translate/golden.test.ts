import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows } from '../helpers/copy-rows'
import { withDictionary } from './expected-rows'

const SECONDS = 1_784_635_200
const DAY_MS = 86_400_000
const FIXTURES = join(__dirname, '../fixtures/otlp')
const TRACE_ID = '5b8efff798038103d269b633813fc60c'

const SHARED = {
  service: ['', 'production', 'shop', 'orders'],
  resource: [
    '{"service.name":"orders","service.namespace":"shop","deployment.environment.name":"production","process.pid":17}',
    '0',
    null,
    'https://opentelemetry.io/schemas/1.40.0',
  ],
  name: null,
}

const SERVER_ROW = {
  ...SHARED,
  attributes:
    '{"http.request.method":"GET","http.response.status_code":500,"url.path":"/orders/1?q=\\"ü\\"",' +
    '"shop.total":12.5,"shop.large":9007199254740991,"shop.negative":-3,"shop.returning":true,' +
    '"shop.tags":["new","gift"],"shop.sizes":[1,2.5]}',
  events:
    '[{"attributes":{"exception.type":"Error","exception.message":"no\\nrows"},"name":"exception",' +
    '"time_unix_nano":"1784635200200000001","dropped_attributes_count":1}]',
  links:
    `[{"attributes":{"cause":"retry"},"trace_id":"${TRACE_ID}","span_id":"0102030405060708",` +
    '"flags":257,"dropped_attributes_count":2}]',
  trace_id: TRACE_ID,
  span_id: BigInt.asIntN(64, 0xeee19b7ec3c1b174n),
  parent_span_id: null,
  start_time: BigInt(SECONDS) * 1_000_000n + 123_456n,
  start_ns: 789,
  end_time: BigInt(SECONDS) * 1_000_000n + 223_456n,
  end_ns: 790,
  duration_ns: 100_000_001n,
  flags: 0x101,
  kind: 2,
  status: 2,
  status_message: 'no rows',
  trace_state: null,
  dropped_attributes_count: 3n,
  dropped_events_count: 4n,
  dropped_links_count: 5n,
  operation: ['@opentelemetry/instrumentation-http', '2', 'GET /orders/:id'],
  scope: ['@opentelemetry/instrumentation-http', '0.223.0', '{}', '0', ''],
}

const CLIENT_ROW = {
  ...SHARED,
  attributes: '{"db.system.name":"postgresql"}',
  events: null,
  links: null,
  trace_id: TRACE_ID,
  span_id: 0x1f2e3d4c5b6a7988n,
  parent_span_id: BigInt.asIntN(64, 0xeee19b7ec3c1b174n),
  start_time: BigInt(SECONDS) * 1_000_000n + 150_000n,
  start_ns: 0,
  end_time: BigInt(SECONDS) * 1_000_000n + 150_000n,
  end_ns: 999,
  duration_ns: 999n,
  flags: 0x301,
  kind: 3,
  status: 0,
  status_message: null,
  trace_state: 'ot=th:8',
  dropped_attributes_count: null,
  dropped_events_count: null,
  dropped_links_count: null,
  operation: ['@opentelemetry/instrumentation-pg', '3', 'pg.query:SELECT shop'],
  scope: [
    '@opentelemetry/instrumentation-pg',
    '0.76.0',
    '{}',
    '0',
    'https://opentelemetry.io/schemas/1.30.0',
  ],
}

for (const [fixture, expected] of Object.entries({
  empty: [],
  one: [SERVER_ROW],
  two: [SERVER_ROW, CLIENT_ROW],
})) {
  t.test(`what the official exporter sends for "${fixture}" becomes the expected rows`, (t) => {
    const translator = createTraceTranslator({
      retentionMs: DAY_MS,
      maxAheadMs: DAY_MS,
      tenantAttributes: [],
      dictionaryCacheSize: 100,
    })
    const body = readFileSync(join(FIXTURES, `${fixture}.bin`))
    const context = { receivedMs: SECONDS * 1_000, tenant: null }
    const { copies, dictionary, rejection } = translator.translate(body, context)
    t.strictSame(withDictionary(decodeSpanRows(copies), dictionary), expected)
    t.equal(rejection, '')
    t.strictSame(copies[0]?.days ?? [], expected.length > 0 ? [20_655] : [])
    t.end()
  })
}
