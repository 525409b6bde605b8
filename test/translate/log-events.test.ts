import t from 'tap'
import { EVENT_ATTRIBUTE, EVENT_NAME, EVENT_PREFIX } from '../../collector/translate/event-kinds'
import { ATTRIBUTE, EVENT } from '../../instrumentation/api/attributes'
import { bucketIndexOf } from '../../collector/translate/distribution'
import type { Attributes } from '../helpers/otlp'
import type { EventRollupRow, EventRow } from '../helpers/event-rows'
import { NOW_NS } from './translated-logs'
import { eventOf, MICROS, tell, tellAll } from './told-events'

const DELIVERY = { 'webhook.id': 'w-1', 'sidelight.outcome': 'succeeded' }
const EXECUTION = { 'rule.id': 'r-1', 'sidelight.outcome': 'failed' }
/** 12.5 ms. */
const DURATION_NS = 12_500_000

const ROW: EventRow = {
  attributes: null,
  time: MICROS,
  time_ns: 0,
  subject: [],
  service: 'shop',
  trace_id: null,
  span_id: null,
  outcome: '',
  duration_ns: null,
  amount: null,
}
const ROLLUP: EventRollupRow = {
  bucket: MICROS,
  level: 0,
  subject: [],
  service: 'shop',
  event_count: 0n,
  failed_count: 0n,
  amount: 0,
  duration_sum_ns: 0,
  duration_min_ns: null,
  duration_max_ns: null,
  zero_count: 0,
  bucket_indexes: [],
  bucket_counts: [],
  last_success_ns: null,
  last_failure_ns: null,
  registered_ns: null,
}
const TIMED: Partial<EventRollupRow> = {
  duration_sum_ns: DURATION_NS,
  duration_min_ns: BigInt(DURATION_NS),
  duration_max_ns: BigInt(DURATION_NS),
  bucket_indexes: [bucketIndexOf(DURATION_NS)],
  bucket_counts: [1],
}
const ONE_SUCCESS = { event_count: 1n, last_success_ns: NOW_NS }
const ONE_FAILURE = { event_count: 1n, failed_count: 1n, last_failure_ns: NOW_NS }

t.test('the names are those that the helpers send', (t) => {
  const sent: Readonly<Record<string, string>> = EVENT
  for (const [key, name] of Object.entries(EVENT_NAME)) {
    t.equal(sent[key], name)
    t.ok(name.startsWith(EVENT_PREFIX))
  }
  const others = Object.keys(EVENT).filter((key) => !(key in EVENT_NAME))
  t.same(others, ['audit', 'security'], 'log records and nothing more')
  const attributes: Readonly<Record<string, string>> = ATTRIBUTE
  for (const [key, name] of Object.entries(EVENT_ATTRIBUTE)) t.equal(attributes[key], name)
  t.end()
})

t.test('every kind of event becomes a row, and is added up', (t) => {
  const cases: [
    name: string,
    attributes: Attributes,
    subject: string[],
    row: Partial<EventRow> | null,
    rollup: Partial<EventRollupRow>,
  ][] = [
    [
      'sidelight.webhook.delivery',
      { ...DELIVERY, 'sidelight.duration_ms': 12.5, 'webhook.url': 'https://a' },
      ['webhook', 'w-1', ''],
      { outcome: 'succeeded', duration_ns: BigInt(DURATION_NS) },
      { ...ONE_SUCCESS, ...TIMED },
    ],
    [
      'sidelight.webhook.delivery',
      { ...DELIVERY, 'sidelight.outcome': 'failed', 'sidelight.duration_ms': 0 },
      ['webhook', 'w-1', ''],
      { outcome: 'failed', duration_ns: 0n },
      { ...ONE_FAILURE, duration_min_ns: 0n, duration_max_ns: 0n, zero_count: 1 },
    ],
    [
      'sidelight.rule.execution',
      { ...EXECUTION, 'rule.affected_count': 7, 'sidelight.duration_ms': 12.5 },
      ['rule', 'r-1', ''],
      { outcome: 'failed', duration_ns: BigInt(DURATION_NS), amount: 7 },
      { ...ONE_FAILURE, ...TIMED, amount: 7 },
    ],
    [
      'sidelight.webhook.registration',
      { 'webhook.id': 'w-1', 'webhook.url': 'https://a', 'webhook.enabled': true },
      ['webhook', 'w-1', ''],
      {
        outcome: 'registered',
        attributes: '{"webhook.id":"w-1","webhook.url":"https://a","webhook.enabled":true}',
      },
      { registered_ns: NOW_NS },
    ],
    [
      'sidelight.rule.registration',
      { 'rule.id': 'r-1', 'rule.segment_member_count': 12 },
      ['rule', 'r-1', ''],
      { outcome: 'registered', attributes: '{"rule.id":"r-1","rule.segment_member_count":12}' },
      { registered_ns: NOW_NS },
    ],
    [
      'sidelight.rate_limit',
      {
        'rate_limit.identifier': '10.0.0.1',
        'rate_limit.key_type': 'ip',
        'rate_limit.request_count': 95,
      },
      ['rate_limit', '10.0.0.1', 'ip'],
      {
        outcome: 'observed',
        amount: 95,
        attributes:
          '{"rate_limit.identifier":"10.0.0.1","rate_limit.key_type":"ip","rate_limit.request_count":95}',
      },
      { registered_ns: NOW_NS },
    ],
    [
      'sidelight.api.request',
      {
        'api.resource': 'orders',
        'http.response.status_code': 201,
        'sidelight.duration_ms': 12.5,
      },
      ['api', 'orders', '201'],
      null,
      { ...ONE_SUCCESS, ...TIMED },
    ],
    [
      'sidelight.api.request',
      { 'api.resource': 'orders', 'http.response.status_code': 400 },
      ['api', 'orders', '400'],
      null,
      ONE_FAILURE,
    ],
    [
      'sidelight.business',
      {
        'business.event': 'checkout',
        'sidelight.outcome': 'started',
        'sidelight.cost_usd': 0.25,
        'sidelight.duration_ms': 12.5,
      },
      ['business', 'checkout', 'started'],
      {
        outcome: 'started',
        amount: 0.25,
        duration_ns: BigInt(DURATION_NS),
        attributes:
          '{"business.event":"checkout","sidelight.outcome":"started","sidelight.cost_usd":0.25,"sidelight.duration_ms":12.5}',
      },
      { event_count: 1n, amount: 0.25, ...TIMED },
    ],
    [
      'sidelight.cost',
      { 'user.id': 'u-1', 'cost.endpoint': '/v1/ask', 'sidelight.cost_usd': 0.02 },
      ['cost', 'u-1', '/v1/ask'],
      null,
      { event_count: 1n, amount: 0.02 },
    ],
  ]
  for (const [name, attributes, about, row, rollup] of cases) {
    const { rows, rollups } = tell(name, attributes)
    const subject = ['', ...about]
    t.strictSame(rows, row === null ? [] : [{ ...ROW, ...row, subject }], name)
    t.strictSame(rollups, [{ ...ROLLUP, ...rollup, subject }], name)
  }
  t.end()
})

t.test('without what names its subject, or how it ended, an event is a log record', (t) => {
  const nothing: [name: string, attributes: Attributes][] = [
    ['sidelight.webhook.delivery', {}],
    ['sidelight.webhook.delivery', { 'sidelight.outcome': 'failed' }],
    ['sidelight.webhook.delivery', { 'webhook.id': '', 'sidelight.outcome': 'failed' }],
    ['sidelight.webhook.delivery', { 'webhook.id': 'w' }],
    ['sidelight.webhook.delivery', { 'webhook.id': 'w', 'sidelight.outcome': 'started' }],
    ['sidelight.webhook.delivery', { 'webhook.id': 'w', 'sidelight.outcome': 'lost' }],
    ['sidelight.webhook.delivery', { 'rule.id': 'r', 'sidelight.outcome': 'failed' }],
    ['sidelight.rule.execution', { 'sidelight.outcome': 'failed' }],
    ['sidelight.rule.execution', { 'rule.id': 'r' }],
    ['sidelight.webhook.registration', { 'rule.id': 'r' }],
    ['sidelight.rule.registration', {}],
    ['sidelight.rate_limit', { 'rate_limit.key_type': 'ip' }],
    ['sidelight.business', { 'sidelight.outcome': 'succeeded' }],
    ['sidelight.business', { 'business.event': 'e', 'sidelight.outcome': 'pending' }],
    ['sidelight.cost', { 'user.id': 'u' }],
    ['sidelight.cost', { 'user.id': 'u', 'sidelight.cost_usd': 'much' }],
    ['sidelight.audit', DELIVERY],
    ['sidelight.security', DELIVERY],
    ['sidelight.', DELIVERY],
    ['sidelight.webhook.deliveries', DELIVERY],
    ['Sidelight.webhook.delivery', DELIVERY],
    ['sidelightXwebhook.delivery', DELIVERY],
    ['webhook.delivery', DELIVERY],
    [`sidelight.${'x'.repeat(10_000)}`, DELIVERY],
    ['sidelight.webhook.delivery\0', DELIVERY],
    ['', DELIVERY],
  ]
  for (const [name, attributes] of nothing) {
    t.strictSame(tell(name, attributes), { rows: [], rollups: [] }, name.slice(0, 40))
  }
  t.end()
})

t.test('what may be missing is empty', (t) => {
  const about = (name: string, attributes: Attributes) => {
    const [rollup] = tell(name, attributes).rollups
    return [rollup?.subject.slice(1), rollup?.event_count, rollup?.failed_count]
  }
  t.strictSame(about('sidelight.api.request', {}), [['api', '', ''], 1n, 0n])
  t.strictSame(about('sidelight.api.request', { 'sidelight.outcome': 'failed' }), [
    ['api', '', ''],
    1n,
    1n,
  ])
  const both = { 'http.response.status_code': 204, 'sidelight.outcome': 'failed' }
  t.strictSame(about('sidelight.api.request', both), [['api', '', '204'], 1n, 0n])
  t.strictSame(about('sidelight.cost', { 'sidelight.cost_usd': 1 }), [['cost', '', ''], 1n, 0n])
  t.strictSame(about('sidelight.business', { 'business.event': 'e' }), [
    ['business', 'e', 'succeeded'],
    1n,
    0n,
  ])
  const [row] = tell('sidelight.rate_limit', { 'rate_limit.identifier': 'u' }).rows
  t.strictSame([row?.subject, row?.amount], [['', 'rate_limit', 'u', ''], null])
  t.end()
})

t.test('of attributes with one key the last counts', (t) => {
  const { rows } = tell('sidelight.webhook.delivery', [
    ['webhook.id', 'a'],
    ['sidelight.outcome', 'failed'],
    ['webhook.id', 'b'],
    ['sidelight.outcome', 'succeeded'],
  ])
  t.strictSame([rows[0]?.subject[2], rows[0]?.outcome], ['b', 'succeeded'])
  t.end()
})

t.test('a row has the time and ids of its log record', (t) => {
  const traceId = '0a'.repeat(16)
  const spanId = '00000000000000ff'
  const { rows, rollups } = tellAll([
    eventOf('sidelight.webhook.delivery', DELIVERY, {
      timeUnixNano: NOW_NS - 118_999_998_993n,
      traceId,
      spanId,
    }),
    eventOf('sidelight.webhook.delivery', DELIVERY, {
      timeUnixNano: 0,
      observedTimeUnixNano: NOW_NS + 5_000n,
      traceId: '0102',
      spanId: '00',
    }),
    eventOf('sidelight.webhook.delivery', DELIVERY, { timeUnixNano: 0 }),
  ])
  t.strictSame(
    rows.map(({ time, time_ns, trace_id, span_id }) => [time - MICROS, time_ns, trace_id, span_id]),
    [
      [-118_999_999n, 7, traceId, 255n],
      [5n, 0, null, null],
      [0n, 0, null, null],
    ],
  )
  t.strictSame(
    rollups.map(({ bucket, event_count, last_success_ns }) => [
      bucket - MICROS,
      event_count,
      last_success_ns,
    ]),
    [
      [-120_000_000n, 1n, NOW_NS - 118_999_998_993n],
      [0n, 2n, NOW_NS + 5_000n],
    ],
  )
  t.end()
})
