import t from 'tap'
import { isolateRows } from '../../collector/translate/origin'
import { compileRules } from '../../collector/translate/fingerprint/rules'
import { type SpanInput, traces } from '../helpers/otlp'
import {
  createErrorTranslator,
  exceptionEvent,
  fault,
  NOON_MS,
  NOON_NS,
  onlyThrow,
} from './translated-errors'

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const ERROR = { code: 2 }
const TRACE = '0102030405060708090a0b0c0d0e0f10'
const EVENTS = [exceptionEvent(fault('no money'))]

/** A cause, an exception of it, and the text of both as pino writes it. */
const CAUSE = fault('query failed', 'query', 'DbError')
const OUTER = fault('cannot pay', 'pay', 'PayError')
const JOINED = {
  type: 'PayError',
  message: `${OUTER.message}: ${CAUSE.message}`,
  stack: `${OUTER.stack}\ncaused by: ${CAUSE.stack}`,
}

const OUTER_MAP = { type: OUTER.name, message: OUTER.message, stack: OUTER.stack }

t.test('a throw told of by nested spans is one, the worst and the first of it counts', (t) => {
  const { spans } = createErrorTranslator()
  const endTimeUnixNano = NOON_NS + 9_000_000n
  const told = spans([
    {
      traceId: TRACE,
      kind: CLIENT,
      name: 'query',
      status: ERROR,
      endTimeUnixNano,
      events: [{ ...EVENTS[0], timeUnixNano: NOON_NS + 3n }],
    },
    {
      traceId: TRACE,
      kind: 1,
      name: 'handler',
      status: ERROR,
      endTimeUnixNano,
      events: [{ ...EVENTS[0], timeUnixNano: NOON_NS + 5n }, ...EVENTS],
    },
    {
      traceId: TRACE,
      kind: SERVER,
      name: 'POST /pay',
      status: ERROR,
      endTimeUnixNano,
      attributes: { 'user.id': 'ann' },
      events: EVENTS,
    },
  ])
  const thrown = onlyThrow(told)
  t.match(thrown, { severity: 17, timeNs: NOON_NS })
  t.type(thrown.userHash, 'bigint')
  const operation = told.dictionary.find(({ id }) => id === thrown.operationId)
  t.equal(operation?.values[4], 'POST /pay', 'the request tells best where it was')
  t.strictSame(told.candidates, [])
  t.end()
})

t.test('of other traces, services and tenants it is another', (t) => {
  const { spans } = createErrorTranslator()
  const scopes = [
    spans([{ traceId: TRACE, events: EVENTS }]),
    spans([{ traceId: TRACE, events: EVENTS }], { service: 'bank' }),
    spans([{ traceId: TRACE, events: EVENTS, attributes: { 'tenant.id': 'acme' } }]),
    spans([{ events: EVENTS }]),
  ].map((told) => onlyThrow(told).scope)
  t.equal(new Set(scopes).size, 4)
  t.equal(onlyThrow(spans([{ traceId: TRACE, events: EVENTS }])).scope, scopes[0])
  t.end()
})

t.test('a record of the same trace tells of the same throw', (t) => {
  const { spans, records } = createErrorTranslator()
  const { scope, innermost } = onlyThrow(spans([{ traceId: TRACE, events: EVENTS }]))
  const attributes = EVENTS[0]!.attributes
  t.match(onlyThrow(records([{ traceId: TRACE, attributes }])), { scope, innermost })
  t.end()
})

t.test('without a trace, throws of an instance and a time are one', (t) => {
  const { records } = createErrorTranslator()
  const record = { attributes: EVENTS[0]!.attributes }
  t.equal(records([record, record]).throws.length, 1)
  t.equal(records([record, { ...record, timeUnixNano: NOON_NS + 1n }]).throws.length, 2)
  const scopes = ['a', 'b'].map((id) => {
    const attributes = { 'service.instance.id': id }
    return onlyThrow(records([record], { resource: { attributes } })).scope
  })
  t.not(scopes[0], scopes[1])
  t.end()
})

t.test('the longest chain of causes names it, whoever tells first', (t) => {
  const told = [{ attributes: { err: JOINED } }, { attributes: { err: OUTER_MAP } }]
  const alone = createErrorTranslator().records([{ traceId: TRACE, ...told[0] }])
  const { hash, innermost } = onlyThrow(alone)
  for (const order of [told, [...told].reverse()]) {
    const { records } = createErrorTranslator()
    const both = records(order.map((record) => ({ traceId: TRACE, ...record })))
    t.match(onlyThrow(both), {
      hash,
      innermost,
      occurrence: { exceptions: [{ class: 'PayError' }, { class: 'DbError' }] },
    })
  }
  t.end()
})

t.test('what was told of by its cause and by its outermost exception is one by the chain', (t) => {
  const { records } = createErrorTranslator()
  const cause = { type: CAUSE.name, message: CAUSE.message, stack: CAUSE.stack }
  const told = records(
    [cause, OUTER_MAP, JOINED].map((err) => ({ traceId: TRACE, attributes: { err } })),
  )
  t.match(onlyThrow(told).alone, { length: 2 })
  t.equal(
    records([cause, OUTER_MAP].map((err) => ({ traceId: TRACE, attributes: { err } }))).throws
      .length,
    2,
  )
  t.end()
})

t.test('what was found to be one throw stays one by every exception it was told of by', (t) => {
  const { records } = createErrorTranslator()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => fault(name, name, `${name}Error`))
  const alone = ({ name, message, stack }: typeof CAUSE) => ({ type: name, message, stack })
  const joined = (outer: typeof CAUSE, cause: typeof CAUSE) => ({
    type: outer.name,
    message: `${outer.message}: ${cause.message}`,
    stack: `${outer.stack}\ncaused by: ${cause.stack}`,
  })
  const told = [joined(a!, b!), joined(b!, c!), alone(d!), joined(d!, a!), alone(c!)]
  const { throws } = records(
    told.map((err, index) => ({
      traceId: TRACE,
      timeUnixNano: NOON_NS - BigInt(index),
      attributes: { err },
    })),
  )
  t.match(throws, [{ alone: { length: 4 } }])
  t.equal(throws.length, 1)
  t.end()
})

t.test('a failure counts once a trace, and not beside an exception', (t) => {
  const { spans } = createErrorTranslator()
  const failed: SpanInput = {
    traceId: TRACE,
    kind: SERVER,
    status: ERROR,
    attributes: { 'http.route': '/a' },
  }
  t.equal(spans([failed, failed]).candidates.length, 1)
  t.equal(spans([failed, { ...failed, attributes: { 'http.route': '/b' } }]).candidates.length, 2)
  const beside = spans([failed, { traceId: TRACE, events: EVENTS }])
  t.equal(beside.candidates.length, 0)
  t.equal(beside.groups.size, 1, 'nor does the dictionary know it')
  t.equal(
    spans([failed, { events: EVENTS }]).candidates.length,
    1,
    'one of another trace is no matter',
  )
  const [candidate] = spans([
    {
      ...failed,
      name: 'GET /a',
      attributes: { ...failed.attributes, 'user.id': 'ann', 'url.path': '/a' },
    },
  ]).candidates
  t.type(candidate?.user_hash, 'bigint')
  t.end()
})

t.test('a sentence of a failed call counts unless somebody says more of its trace', (t) => {
  const { spans } = createErrorTranslator()
  const event = { name: 'exception', attributes: { 'exception.message': 'duplicate key' } }
  for (const kind of [CLIENT, PRODUCER]) {
    const call: SpanInput = { traceId: TRACE, kind, status: ERROR, events: [event] }
    const alone = spans([call, call])
    t.strictSame(alone.throws, [])
    t.match(alone.candidates, [{ severity: 13, time_ns: NOON_NS }])
    t.match(JSON.parse(alone.candidates[0]?.occurrence ?? ''), {
      source: 'exception_event',
      message: 'duplicate key',
    })
    const beside = spans([call, { traceId: TRACE, events: EVENTS }])
    onlyThrow(beside)
    t.strictSame(beside.candidates, [])
    const attributes = { ...event.attributes, 'exception.type': 'DbError' }
    onlyThrow(spans([{ ...call, events: [{ ...event, attributes }] }]))
  }
  t.end()
})

t.test('what is kept of a failure is a row but for the columns of the candidate', (t) => {
  const { spans } = createErrorTranslator()
  const attributes = { 'http.route': '/a', 'url.path': '/a', size: 2.0 }
  const status = { code: 2, message: 'it\u0000failed' }
  const spanId = 'ffffffffffffffff'
  const [candidate] = spans([
    { traceId: TRACE, spanId, kind: SERVER, status, attributes },
  ]).candidates
  t.match(JSON.parse(candidate?.occurrence ?? ''), {
    trace_id: TRACE,
    span_id: '-1',
    is_incomplete: false,
    source: 'span_status',
    message: 'it\ufffdfailed',
    stack_trace: null,
    http_path: '/a',
    exceptions: [],
    attributes: { 'http.route': '/a', 'url.path': '/a', size: 2 },
  })
  t.end()
})

t.test('occurrences are kept of the first three throws and of ever fewer', (t) => {
  const { spans } = createErrorTranslator()
  const kept = Array.from({ length: 20 }, (_, index) =>
    onlyThrow(spans([{ events: EVENTS }])).occurrence === null ? 0 : index + 1,
  ).filter((count) => count > 0)
  t.strictSame(kept, [1, 2, 3, 4, 8, 16])
  const nextMinute = { endTimeUnixNano: NOON_NS + 60_000_000_000n, events: EVENTS }
  t.ok(onlyThrow(spans([nextMinute])).occurrence, 'each minute anew')
  const resource = { attributes: { 'service.version': '2' } }
  t.ok(onlyThrow(spans([{ events: EVENTS }], { resource })).occurrence, 'and each release')
  t.end()
})

t.test('a part of a request is translated again as it was', (t) => {
  const { body, spans } = createErrorTranslator()
  for (let count = 0; count < 2; count++) spans([{ events: EVENTS }])
  const failed = { kind: SERVER, status: ERROR, attributes: { 'http.route': '/a' } }
  const events = [exceptionEvent(fault('another', 'other'))]
  const bytes = traces({
    service: 'shop',
    spans: [{ events }, {}, failed].map((span) => ({ startTimeUnixNano: NOON_NS, ...span })),
  })
  const whole = body('traces', bytes, NOON_MS)
  const part = body('traces', isolateRows('traces', bytes, whole.copies[0]!, [0, 2]), NOON_MS)
  t.strictSame(part.throws, whole.throws)
  t.ok(part.throws[0]?.occurrence)
  t.strictSame(part.candidates, whole.candidates)
  t.strictSame(part.groups, whole.groups)
  t.end()
})

t.test('the application and rules say what is grouped together', (t) => {
  const explicit = (message: string, place: string) => ({
    attributes: {
      err: { type: 'Error', message, stack: fault(message, place).stack },
      'error.fingerprint': 'money',
    },
  })
  const { records } = createErrorTranslator()
  const hashes = [explicit('a', 'here'), explicit('b', 'there')].map(
    (one) => onlyThrow(records([one])).hash,
  )
  t.equal(hashes[0], hashes[1])
  const fingerprintRules = compileRules(
    [{ match: { class: 'Error' }, fingerprint: ['{{ attribute.shop.id }}'] }],
    [],
  )
  const ruled = createErrorTranslator({ fingerprintRules })
  const ofShop = (id: string) =>
    onlyThrow(ruled.spans([{ events: EVENTS, attributes: { 'shop.id': id } }])).hash
  t.equal(ofShop('1'), ofShop('1'))
  t.not(ofShop('1'), ofShop('2'), 'what a rule asks for is not taken from what is remembered')
  t.end()
})

t.test('releases are known of all that is kept', (t) => {
  const { spans, records } = createErrorTranslator()
  const versionsOf = (attributes: Record<string, string>) =>
    [spans([{}], { resource: { attributes } }), records([{}], { resource: { attributes } })].map(
      ({ dictionary }) => dictionary.find((row) => row.dictionary === 'release')?.values[4],
    )
  t.strictSame(versionsOf({ 'service.version': '2', 'deployment.id': 'x' }), ['2', '2'])
  t.strictSame(versionsOf({ 'vcs.ref.head.revision': 'abc' }), ['abc', 'abc'])
  t.strictSame(versionsOf({ 'deployment.id': 'd' }), ['d', 'd'])
  t.strictSame(versionsOf({}), [undefined, undefined])
  t.end()
})
