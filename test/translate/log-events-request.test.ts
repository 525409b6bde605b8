import t from 'tap'
import { bucketIndexOf } from '../../collector/translate/distribution'
import { UNLIMITED } from '../../collector/translate/limits'
import { decodeMessage, ExportLogsServiceRequest } from '../helpers/otlp'
import { eventRollupRows, eventRows, mergedEventRollupRows } from '../helpers/event-rows'
import { type LogRecordInput, logs } from '../helpers/otlp-logs'
import { createRandom } from '../helpers/random'
import { decodeRows } from '../helpers/copy-rows'
import { eventOf, tellAll } from './told-events'
import { create, DAY_MS, NOW_NS, request } from './translated-logs'
import { encodeWildly } from './wire-generator'

const SECOND_NS = 1_000_000_000n
const MINUTE_NS = 60n * SECOND_NS
const MIB = 1024 * 1024

function delivery(id: string, outcome = 'succeeded', fields: LogRecordInput = {}): LogRecordInput {
  const attributes = { 'webhook.id': id, 'sidelight.outcome': outcome, 'sidelight.duration_ms': 2 }
  return eventOf('sidelight.webhook.delivery', attributes, fields)
}

t.test('the tenant is that of the token, else of the record, else of the resource', (t) => {
  const tenants = (token: string | null, resource: Record<string, string> = {}) => {
    const own = eventOf('sidelight.webhook.delivery', {
      'webhook.id': 'w',
      'sidelight.outcome': 'failed',
      'tenant.id': 'of-record',
    })
    const body = request({ resource: { attributes: resource }, records: [own, delivery('w')] })
    const translated = create()(body, token)
    const subjects = [...eventRows(translated), ...eventRollupRows(translated)]
    return subjects.map(({ subject }) => subject[0])
  }
  t.strictSame(tenants('token', { tenant: 'of-resource' }), Array(4).fill('token').slice(0, 3))
  t.strictSame(tenants(null, { tenant: 'of-resource' }), [
    'of-record',
    'of-resource',
    'of-record',
    'of-resource',
  ])
  t.strictSame(tenants(null), ['of-record', '', 'of-record', ''])
  t.end()
})

t.test('events add up by subject, service and minute', (t) => {
  const records = [
    delivery('a'),
    delivery('b', 'failed'),
    delivery('a', 'failed', { timeUnixNano: NOW_NS + 3n }),
    delivery('a', 'failed', { timeUnixNano: NOW_NS + 2n }),
    delivery('a', 'succeeded', { timeUnixNano: NOW_NS + MINUTE_NS }),
    eventOf('sidelight.webhook.registration', { 'webhook.id': 'a' }),
    eventOf('sidelight.webhook.registration', { 'webhook.id': 'a' }, { timeUnixNano: NOW_NS + 9n }),
  ]
  const translated = create()(
    logs([
      { service: 'shop', records: records.map((record) => ({ timeUnixNano: NOW_NS, ...record })) },
      { service: 'till', records: [delivery('a', 'failed', { timeUnixNano: NOW_NS })] },
    ]),
  )
  const rollups = eventRollupRows(translated)
  t.strictSame(
    rollups.map(({ subject, service, bucket, event_count, failed_count }) => [
      subject[2],
      service,
      bucket * 1_000n - NOW_NS,
      event_count,
      failed_count,
    ]),
    [
      ['a', 'shop', 0n, 3n, 2n],
      ['b', 'shop', 0n, 1n, 1n],
      ['a', 'shop', MINUTE_NS, 1n, 0n],
      ['a', 'till', 0n, 1n, 1n],
    ],
  )
  t.match(rollups[0], {
    duration_sum_ns: 6_000_000,
    duration_min_ns: 2_000_000n,
    duration_max_ns: 2_000_000n,
    bucket_indexes: [bucketIndexOf(2_000_000)],
    bucket_counts: [3],
    last_success_ns: NOW_NS,
    last_failure_ns: NOW_NS + 3n,
    registered_ns: NOW_NS + 9n,
  })
  const ids = new Set(rollups.map(({ subject }) => subject.join()))
  t.equal(ids.size, 2, 'services of a tenant share subjects')
  t.equal(translated.dictionary.filter(({ dictionary }) => dictionary === 'catalogue').length, 2)
  t.end()
})

t.test('rows lead to the log records they follow from', (t) => {
  const records = [{ body: 'first' }, delivery('a'), { body: 'between' }, delivery('a')]
  const { copies } = create()(request({ service: 'shop', records }))
  const [items, events, rollups] = copies
  t.strictSame(
    copies.map(({ table }) => table.name),
    ['log_record', 'event', 'event_rollup'],
  )
  t.strictSame(events?.sources, [items?.sources[1], items?.sources[3]])
  t.strictSame(rollups?.sources, [items?.sources[1]], 'the first of them')
  t.strictSame([events?.days, rollups?.days], [items?.days, items?.days])
  t.end()
})

t.test('a clock that is ahead hides nothing: its events happen a minute after they arrive', (t) => {
  const hour = 60n * MINUTE_NS
  const ahead = [0n, MINUTE_NS, MINUTE_NS + 10_000n, hour, 23n * hour]
  const records = ahead.map((ns) => delivery('w', 'succeeded', { timeUnixNano: NOW_NS + ns }))
  const translated = create()(request({ records }))
  t.strictSame(
    eventRows(translated).map(({ time, time_ns }) => time * 1_000n + BigInt(time_ns) - NOW_NS),
    [0n, MINUTE_NS, MINUTE_NS, MINUTE_NS, MINUTE_NS],
  )
  const rollups = eventRollupRows(translated)
  t.strictSame(
    rollups.map(({ bucket, event_count, last_success_ns }) => [
      bucket * 1_000n - NOW_NS,
      event_count,
      (last_success_ns ?? 0n) - NOW_NS,
    ]),
    [
      [0n, 1n, 0n],
      [MINUTE_NS, 4n, MINUTE_NS],
    ],
  )
  const [record, event] = translated.copies
  t.not(record?.days.at(-1), event?.days.at(-1), 'the log record keeps its time')
  t.end()
})

t.test('a log record that is rejected tells of nothing, nor does the next request', (t) => {
  const translate = create()
  const old = delivery('old', 'failed', { timeUnixNano: 1 })
  const translated = translate(request({ records: [old, delivery('a')] }))
  t.equal(translated.rejected, 1)
  t.strictSame(
    eventRows(translated).map(({ subject }) => subject[2]),
    ['a'],
  )
  const empty = translate(request({ records: [{ body: 'plain' }] }))
  t.strictSame([eventRows(empty), eventRollupRows(empty)], [[], []])
  t.throws(() =>
    translate(Buffer.concat([request({ records: [delivery('a')] }), Buffer.from([0])])),
  )
  t.equal(eventRollupRows(translate(request({ records: [delivery('b')] }))).length, 1)
  t.end()
})

t.test('attributes past the limit say nothing, and those kept are those of the log record', (t) => {
  const attributes = { 'webhook.id': 'w', a: 'x'.repeat(50), 'webhook.enabled': true, b: 1 }
  const limits = { ...UNLIMITED, maxAttributes: 3, maxAttributeBytes: 10 }
  const translate = create({ limits })
  const translated = translate(
    request({ records: [eventOf('sidelight.webhook.registration', attributes)] }),
  )
  const [row] = eventRows(translated)
  t.strictSame(row?.attributes, '{"webhook.id":"w","a":"xxxxxxxxxx","webhook.enabled":true}')
  t.strictSame(row?.attributes, decodeRows(translated.copies, 'log_record')[0]?.['attributes'])
  const late = { a: 1, b: 2, c: 3, 'webhook.id': 'w' }
  const none = translate(request({ records: [eventOf('sidelight.webhook.registration', late)] }))
  t.strictSame(eventRows(none), [])
  t.end()
})

t.test('however the same message is encoded, the same is told', (t) => {
  const records = [
    delivery('a', 'failed'),
    eventOf('sidelight.business', { 'business.event': 'e', 'sidelight.cost_usd': 0.5, list: [1] }),
    eventOf('sidelight.cost', { 'user.id': 'u', 'sidelight.cost_usd': 2 }),
    eventOf('sidelight.api.request', { 'api.resource': 'r', 'http.response.status_code': 503 }),
  ]
  const body = request({ service: 'shop', records })
  const message = decodeMessage(ExportLogsServiceRequest, body)
  const translate = create()
  const told = (bytes: Buffer) => {
    const translated = translate(bytes)
    return [eventRows(translated), eventRollupRows(translated)]
  }
  const plain = told(body)
  for (let seed = 1; seed <= 200; seed++) {
    const wild = encodeWildly(ExportLogsServiceRequest, message, createRandom(seed))
    t.strictSame(told(wild), plain, `seed ${seed}`)
  }
  t.end()
})

t.test('above the cap of its service a subject becomes (overflow) of its kind', (t) => {
  const translate = create({ limits: { ...UNLIMITED, maxCatalogueEntries: 2 } })
  const subjectsOf = (records: LogRecordInput[], service = 'shop') => {
    const translated = translate(request({ service, records }))
    const subjects = eventRollupRows(translated).map(({ subject, event_count }) => [
      ...subject.slice(1),
      event_count,
    ])
    return { subjects, overflowed: translated.overflowed.catalogue }
  }
  const cost = eventOf('sidelight.cost', {
    'user.id': 'u',
    'cost.endpoint': '/a',
    'sidelight.cost_usd': 1,
  })
  const all = [delivery('a'), delivery('b'), delivery('c'), delivery('d'), cost, delivery('a')]
  t.strictSame(subjectsOf(all), {
    subjects: [
      ['webhook', 'a', '', 2n],
      ['webhook', 'b', '', 1n],
      ['webhook', '(overflow)', '', 2n],
      ['cost', '(overflow)', '', 1n],
    ],
    overflowed: 3,
  })
  t.equal(subjectsOf([delivery('a'), delivery('b')]).overflowed, 0, 'those known go on')
  t.equal(subjectsOf([delivery('c'), delivery('d')], 'till').overflowed, 0, 'another service')
  t.equal(subjectsOf([delivery('c')]).overflowed, 1)
  t.end()
})

t.test('merged, the rows of several requests are those of one', (t) => {
  const random = createRandom(7)
  const translate = create()
  const some = (count: number) =>
    Array.from({ length: count }, () => {
      const timeUnixNano = NOW_NS - BigInt(random.below(180)) * SECOND_NS + BigInt(count)
      const outcome = random.chance(0.3) ? 'failed' : 'succeeded'
      const attributes = {
        'rule.id': `r-${random.below(5)}`,
        'sidelight.outcome': outcome,
        'rule.affected_count': random.below(10),
        ...(random.chance(0.8) && { 'sidelight.duration_ms': random.below(4) * 7.5 }),
      }
      const name = random.chance(0.1) ? 'sidelight.rule.registration' : 'sidelight.rule.execution'
      return eventOf(name, attributes, { timeUnixNano })
    })
  const parts = [40, 1, 60, 7].map(some)
  const ordered = (rows: ReturnType<typeof eventRollupRows>) =>
    rows.sort((a, b) =>
      `${a.subject.join()} ${a.bucket}`.localeCompare(`${b.subject.join()} ${b.bucket}`),
    )
  const together = eventRollupRows(translate(request({ service: 'shop', records: parts.flat() })))
  const apart = parts.map((records) => translate(request({ service: 'shop', records })))
  t.ok(together.length > 10)
  t.strictSame(ordered(mergedEventRollupRows(apart)), ordered(together))
  t.end()
})

t.test(
  'events that outgrow their request are left out and counted, their log records kept',
  (t) => {
    // Of the smallest events each is of a minute of its own.
    const count = 40_000
    const records = Array.from({ length: count }, (_, index) =>
      eventOf('sidelight.api.request', {}, { timeUnixNano: NOW_NS - BigInt(index) * MINUTE_NS }),
    )
    const body = request({ records })
    const translated = create({ retentionMs: 60 * DAY_MS })(body)
    const rows = eventRollupRows(translated)
    t.equal(translated.accepted, count)
    t.ok(translated.eventsLeftOut > 0, `${translated.eventsLeftOut} left out`)
    t.equal(rows.length, count - translated.eventsLeftOut)
    const [, copy] = translated.copies
    t.ok((copy?.bytes.length ?? Infinity) <= 4 * body.length + MIB)
    t.equal(create()(request({ records: [delivery('a')] })).eventsLeftOut, 0)
    t.end()
  },
)

t.test('so are rows that grow by their attributes', (t) => {
  const attributes = { 'webhook.id': 'w', text: '\u0001'.repeat(1_000) }
  const count = 2_000
  const records = Array.from({ length: count }, () =>
    eventOf('sidelight.webhook.registration', attributes),
  )
  const body = request({ records })
  const translated = create()(body)
  const [items, events] = translated.copies
  t.equal(translated.accepted, count)
  t.equal(items?.offsets.length, count)
  t.ok(translated.eventsLeftOut > 0, `${translated.eventsLeftOut} left out`)
  t.equal(events?.offsets.length, count - translated.eventsLeftOut)
  t.ok((events?.bytes.length ?? Infinity) <= 4 * body.length + 2 * MIB)
  t.end()
})

t.test('a request of nothing but deliveries is never too large', (t) => {
  const records = Array.from({ length: 20_000 }, (_, index) => delivery(`w-${index}`))
  const { rows, rollups } = tellAll(records)
  t.strictSame([rows.length, rollups.length], [20_000, 20_000])
  t.end()
})
