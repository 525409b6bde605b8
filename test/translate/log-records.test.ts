import t from 'tap'
import { UNLIMITED } from '../../collector/translate/limits'
import { traces } from '../helpers/otlp'
import type { LogRecordInput, LogsInput } from '../helpers/otlp-logs'
import { createTraceTranslator } from '../helpers/translator'
import {
  create,
  DAY_MS,
  DAY_NS,
  nested,
  NOW_NS,
  RECEIVED_MS,
  request,
  rowOf,
  rowsOf,
} from './translated-logs'

t.test('a log record that breaks a rule is rejected alone, with the reason', (t) => {
  const cases: [name: string, record: LogRecordInput, message: RegExp][] = [
    ['too old', { timeUnixNano: NOW_NS - 31n * DAY_NS }, /raise the retention/],
    ['observed too long ago', { timeUnixNano: 0, observedTimeUnixNano: 1 }, /time is 1970-01-01T/],
    ['too far ahead', { timeUnixNano: NOW_NS + DAY_NS + 10n ** 9n }, /2026-07-22T12:00:01/],
    ['too deep', { attributes: { deep: nested(65) } }, /nested at most 64 levels/],
    ['body too deep', { body: nested(65) }, /nested at most 64 levels/],
  ]
  for (const [name, broken, message] of cases) {
    const records = [
      { body: 'before' },
      { eventName: 'culprit', attributes: { culprit: 1 }, ...broken },
      { body: 'after' },
    ]
    const translated = create()(request({ records }))
    t.strictSame(
      rowsOf(translated).map(({ body }) => body),
      ['before', 'after'],
      name,
    )
    t.match(translated, { accepted: 2, rejected: 1 })
    t.match(translated.rejection, message)
    t.match(
      translated.rejection,
      /^rejected 1 of 3 log records: 1 because .*in log record "culprit", /,
    )
  }
  t.end()
})

t.test('a record without a name is told by what it says', (t) => {
  const old = { timeUnixNano: 1, body: `disk full ${'x'.repeat(500)}` }
  const { rejection } = create()(request({ records: [old, {}] }))
  t.match(rejection, /in log record "disk full x{70}…"/)
  t.end()
})

t.test('nothing is counted for a record that is rejected', (t) => {
  const old = { timeUnixNano: 1, body: 'NUL \0', attributes: { a: '\0' }, traceId: '00' }
  const rejected = create()(request({ records: [old, {}] }))
  t.match(rejected, { rejected: 1, repairedStrings: 0, unassociated: 0 })
  const kept = { body: 'NUL \0', attributes: { a: '\0' }, eventName: '\0', severityText: '\0' }
  t.equal(create()(request({ records: [kept] })).repairedStrings, 4)
  t.equal(create()(request({ records: [{ body: { a: ['\0', '\0'] } }] })).repairedStrings, 2)
  t.end()
})

t.test('records at the edges of retention, future and depth are kept', (t) => {
  const records: LogRecordInput[] = [
    { timeUnixNano: NOW_NS - 30n * DAY_NS },
    { timeUnixNano: NOW_NS + DAY_NS },
    { attributes: { deep: nested(64) } },
    { body: nested(64) },
  ]
  const { accepted, copies } = create()(request({ records }))
  t.equal(accepted, 4)
  t.strictSame(copies[0]?.days, [20_625, 20_656, 20_655])
  t.end()
})

t.test('a record is kept under its time, else the time observed, else its arrival', (t) => {
  const columns = (record: LogRecordInput) => {
    const { time, time_ns, observed_time, observed_ns } = rowOf(record)
    return [time, time_ns, observed_time, observed_ns]
  }
  const us = NOW_NS / 1_000n
  t.strictSame(columns({ timeUnixNano: NOW_NS + 7n }), [us, 7, null, null])
  t.strictSame(columns({ timeUnixNano: NOW_NS + 7n, observedTimeUnixNano: NOW_NS + 1_999n }), [
    us,
    7,
    us + 1n,
    999,
  ])
  t.strictSame(columns({ timeUnixNano: 0, observedTimeUnixNano: NOW_NS + 1_999n }), [
    us + 1n,
    null,
    us + 1n,
    999,
  ])
  t.strictSame(columns({ timeUnixNano: 0 }), [us, null, null, null])
  t.strictSame(columns({ observedTimeUnixNano: 2n ** 64n - 1n }), [
    us,
    0,
    (2n ** 64n - 1n) / 1_000n,
    615,
  ])
  t.end()
})

t.test('tenant: the token, else the record, else the resource, else none', (t) => {
  const tenants = (token: string | null, input: LogsInput) =>
    rowsOf(create()(request(input), token)).map(({ service }) => (service as string[])[0])
  const resource = { attributes: { tenant: 'of-resource' } }
  const records: LogRecordInput[] = [
    { attributes: { tenant: 'second', 'tenant.id': 'first' } },
    { attributes: { tenant: 'of-record' } },
    { attributes: { tenant: 5, 'tenant.id': '' } },
    {},
  ]
  t.strictSame(tenants('token', { resource, records }), Array(4).fill('token'))
  t.strictSame(tenants(null, { resource, records }), [
    'first',
    'of-record',
    'of-resource',
    'of-resource',
  ])
  t.strictSame(tenants(null, {}), [''])
  t.end()
})

t.test('a service, resource and scope of log records are those of spans', (t) => {
  const shared = {
    service: 'shop',
    resource: { attributes: { 'host.name': 'a' } },
    scope: { name: 'lib', version: '1' },
  }
  const { dictionary } = create()(request(shared))
  t.strictSame(
    dictionary.map((row) => row.dictionary).sort(),
    ['resource', 'scope', 'service'],
    'and no operation',
  )
  const spanDictionary = createSpans()(
    traces({ ...shared, spans: [{ startTimeUnixNano: NOW_NS }] }),
  )
  const ids = new Set(spanDictionary.map(({ id }) => id))
  t.ok(dictionary.every(({ id }) => ids.has(id)))
  t.end()
})

function createSpans() {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    tenantAttributes: ['tenant.id', 'tenant'],
  })
  return (body: Uint8Array) =>
    translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null }).dictionary
}

t.test(
  'attributes past the limit are dropped and added to the count, values cut, bodies not',
  (t) => {
    const limits = { ...UNLIMITED, maxAttributes: 2, maxAttributeBytes: 3 }
    const records = [
      {
        attributes: { a: '12345', b: 1, c: 2, 'tenant.id': 'acme' },
        droppedAttributesCount: 5,
        body: { long: '12345', bytes: Buffer.alloc(4) },
      },
    ]
    const translated = create({ limits })(request({ records }))
    t.match(rowsOf(translated), [
      {
        attributes: '{"a":"123","b":1}',
        dropped_attributes_count: 7n,
        body_value: '{"long":"12345","bytes":{"$bytes":"AAAAAA=="}}',
        service: ['', '', '', 'unknown_service'],
      },
    ])
    t.strictSame(translated.truncatedAttributes, { count: 2, length: 1 })
    t.end()
  },
)

t.test('resources and scopes above the caps are gathered, operations play no part', (t) => {
  const translate = create({
    limits: { ...UNLIMITED, maxOperations: 1, maxScopes: 1, maxResources: 1 },
  })
  const input = (host: string, scope: string): LogsInput => ({
    service: 'shop',
    resource: { attributes: { 'host.name': host } },
    scope: { name: scope },
  })
  t.match(translate(request(input('a', 'x'))).overflowed, {
    operation: 0,
    resource: 0,
    scope: 0,
    metric_series: 0,
  })
  const translated = translate(request(input('b', 'y')))
  t.match(translated.overflowed, { operation: 0, resource: 1, scope: 1, metric_series: 0 })
  t.equal((rowsOf(translated)[0]?.scope as string[])[0], '(overflow)')
  t.end()
})

t.test('a request keeps its rows when the translator goes on to others', (t) => {
  const translate = create()
  const first = translate(request({ records: [{ body: 'first' }] }))
  const before = Buffer.from(first.copies[0]?.bytes ?? [])
  for (let round = 0; round < 20; round++)
    translate(request({ records: Array(50).fill({}) as object[] }))
  t.strictSame(Buffer.from(first.copies[0]?.bytes ?? []), before)
  t.end()
})

t.test('a request without log records copies nothing', (t) => {
  for (const body of [
    Buffer.alloc(0),
    request({ records: [] }),
    request({ records: [{ timeUnixNano: 1 }] }),
  ]) {
    t.match(create()(body), { copies: [], dictionary: [], accepted: 0 })
  }
  t.end()
})
