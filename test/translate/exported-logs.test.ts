import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SpanKind, trace, context, TraceFlags, ROOT_CONTEXT } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import t, { type Test } from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_LOGS_SERVICE_REQUEST } from '../../collector/otlp/schema'
import { decodeRows } from '../helpers/copy-rows'
import { createLogTranslator } from '../helpers/translator'
import { type FullRow, withDictionary } from './expected-rows'

const DAY_MS = 86_400_000
const TRACE_ID = '5b8efff798038103d269b633813fc60c'
const SPAN_ID = 'eee19b7ec3c1b174'
const FIXTURES = join(__dirname, '../fixtures/otlp-json')

function rowsOf(body: Uint8Array, receivedMs: number): { rows: FullRow[]; correlations: unknown } {
  const translator = createLogTranslator({
    retentionMs: 30 * DAY_MS,
    correlationAttributes: ['request.id'],
  })
  const { copies, dictionary, rejection } = translator.translate(body, { receivedMs, tenant: null })
  t.equal(rejection, '')
  return {
    rows: withDictionary(decodeRows(copies, 'log_record'), dictionary),
    correlations: decodeRows(copies, 'correlation'),
  }
}

function fromJson(body: Uint8Array): Uint8Array {
  return protobufFromJson(Buffer.from(body), EXPORT_LOGS_SERVICE_REQUEST)
}

t.test('the fixtures of the official exporters become the same rows from both encodings', (t) => {
  const json = readFileSync(join(FIXTURES, 'logs.json'))
  const [, time = ''] = /"timeUnixNano":"(\d+)"/.exec(json.toString()) ?? []
  const receivedMs = Number(BigInt(time) / 1_000_000n)
  const { rows } = rowsOf(readFileSync(join(FIXTURES, 'logs.pb')), receivedMs)
  t.strictSame(rowsOf(fromJson(json), receivedMs).rows, rows)
  t.match(rows, [
    { body: 'plain', body_value: null, severity_number: 9, severity_text: 'INFO' },
    {
      body: null,
      body_value:
        '{"nested":{"list":[1,"two",null,2.5,{"deep":true}]},"bytes":{"$bytes":"AP8+Pw=="}}',
      event_name: 'order.taken',
      attributes: '{"bytes":{"$bytes":"++++"},"map":{"a":1},"nothing":null}',
    },
  ])
  t.end()
})

/** Takes export requests and answers them with nothing, as for complete success. */
async function listen(t: Test): Promise<{ url: string; bodies: Buffer[] }> {
  const bodies: Buffer[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks))
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' })
      response.end(request.headers['content-type'] === 'application/json' ? '{}' : '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`, bodies }
}

t.test('what the official exporters send in JSON and protobuf becomes the same rows', async (t) => {
  const json = await listen(t)
  const protobuf = await listen(t)
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders', 'service.namespace': 'shop' }),
    processors: [
      new SimpleLogRecordProcessor({ exporter: new JsonExporter({ url: json.url }) }),
      new SimpleLogRecordProcessor({ exporter: new ProtobufExporter({ url: protobuf.url }) }),
    ],
  })
  const logger = provider.getLogger('lib', '1.2.3', { schemaUrl: 'https://scope' })
  const span = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: TraceFlags.SAMPLED }
  const inTrace = trace.setSpanContext(ROOT_CONTEXT, span)
  const now = Date.now()
  logger.emit({
    timestamp: now,
    observedTimestamp: now + 1,
    severityNumber: SeverityNumber.WARN2,
    severityText: 'warning',
    body: 'quote " and ü',
    attributes: {
      'request.id': 'r-1',
      list: [1, 2.5, 'x'],
      map: { deep: [true] },
      kind: SpanKind.SERVER,
    },
    context: inTrace,
  })
  logger.emit({ timestamp: now, exception: new TypeError('x is not a function'), context: inTrace })
  logger.emit({
    timestamp: now,
    eventName: 'order.taken',
    body: { bytes: new Uint8Array([0, 255]), list: [1, null, { $a: 'b' }], whole: 1 },
    context: context.active(),
  })
  await provider.forceFlush()
  await provider.shutdown()
  const rowsFrom = (bodies: readonly Uint8Array[]) =>
    bodies
      .map((body) => rowsOf(body, now))
      .sort((a, b) =>
        JSON.stringify(a.rows[0]?.attributes).localeCompare(JSON.stringify(b.rows[0]?.attributes)),
      )
  const all = rowsFrom(protobuf.bodies)
  t.equal(all.length, 3)
  t.strictSame(rowsFrom(json.bodies.map(fromJson)), all)
  const rows = all.flatMap((one) => one.rows)
  const micros = BigInt(now) * 1_000n
  const shared = { time: micros, time_ns: 0, service: ['', '', 'shop', 'orders'] }
  const [exception, first] = ['exception', 'request.id'].map((key) =>
    rows.find(({ attributes }) => String(attributes).includes(key)),
  )
  t.match(first, {
    ...shared,
    observed_time: micros + 1_000n,
    severity_number: 14,
    sent_severity_number: null,
    severity_text: 'warning',
    body: 'quote " and ü',
    attributes: '{"request.id":"r-1","list":[1,2.5,"x"],"map":{"deep":[true]},"kind":1}',
    trace_id: TRACE_ID,
    span_id: Buffer.from(SPAN_ID, 'hex').readBigInt64BE(),
    scope: ['lib', '1.2.3', '{}', '0', 'https://scope'],
  })
  t.match(exception, { ...shared, body: null, trace_id: TRACE_ID })
  const { attributes } = exception as { attributes: string }
  t.match(JSON.parse(attributes), {
    'exception.type': 'TypeError',
    'exception.message': 'x is not a function',
    'exception.stacktrace': /TypeError: x is not a function\n +at /,
  })
  const event = rows.find(({ event_name }) => event_name === 'order.taken')
  t.match(event, {
    ...shared,
    trace_id: null,
    span_id: null,
    body_value: '{"bytes":{"$bytes":"AP8="},"list":[1,null,{"$$a":"b"}],"whole":1}',
  })
  t.match(
    all.flatMap(({ correlations }) => correlations),
    [{ time: micros, trace_id: TRACE_ID, id: 'r-1' }],
  )
})
