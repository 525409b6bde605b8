import t from 'tap'
import type { SpanInput } from '../helpers/otlp'
import {
  createErrorTranslator,
  exceptionEvent,
  fault,
  NOON_NS,
  onlyThrow,
} from './translated-errors'

const SERVER = 2
const CLIENT = 3
const CONSUMER = 5
const ERROR = { code: 2 }
const PAY = fault('no money')
const EVENTS = [exceptionEvent(PAY)]
const END = { 'exception.escaped': true, 'exception.mechanism': 'uncaughtException' }
const EXCEPTION_ATTRIBUTES = EVENTS[0]!.attributes
const ENCODINGS = ['protobuf', 'json'] as const

const SPANS: readonly [
  claim: string,
  span: SpanInput,
  throws: object | null,
  candidate: object | null,
][] = [
  [
    'an exception of a failed request is an error',
    { kind: SERVER, status: ERROR, events: EVENTS },
    { severity: 17, isHandled: true },
    null,
  ],
  [
    'an exception of a failed internal span is an error',
    { kind: 1, status: ERROR, events: EVENTS },
    { severity: 17 },
    null,
  ],
  [
    'one of a span that did not fail is a warning',
    { kind: SERVER, events: EVENTS },
    { severity: 13 },
    null,
  ],
  [
    'one of a failed call is a warning',
    { kind: CLIENT, status: ERROR, events: EVENTS },
    { severity: 13 },
    null,
  ],
  [
    'an event of any name with the attributes of an exception is one',
    { events: [{ name: 'http.client.request.exception', attributes: EXCEPTION_ATTRIBUTES }] },
    { severity: 13 },
    null,
  ],
  [
    'an exception without a stack is one',
    { events: [{ name: 'exception', attributes: { 'exception.message': 'no money' } }] },
    { severity: 13 },
    null,
  ],
  ['an event named so that says nothing is none', { events: [{ name: 'exception' }] }, null, null],
  [
    'attributes of other types are read as what they say',
    {
      events: [
        {
          name: 'exception',
          attributes: {
            'exception.type': 25,
            'exception.message': [null, 'a'],
            'exception.stacktrace': { a: 1 },
          },
        },
      ],
    },
    { occurrence: { message: '', stackTrace: null } },
    null,
  ],
  [
    'an exception that left the request was not handled',
    {
      kind: SERVER,
      status: ERROR,
      events: [
        { name: 'exception', attributes: { ...EXCEPTION_ATTRIBUTES, 'exception.escaped': true } },
      ],
    },
    { isHandled: false, severity: 17 },
    null,
  ],
  [
    'one that left a span within was perhaps',
    {
      kind: 1,
      parentSpanId: '0102030405060708',
      events: [
        { name: 'exception', attributes: { ...EXCEPTION_ATTRIBUTES, 'exception.escaped': true } },
      ],
    },
    { isHandled: true },
    null,
  ],
  [
    'one of a global handler was not handled',
    {
      events: [
        {
          name: 'exception',
          attributes: { ...EXCEPTION_ATTRIBUTES, 'exception.mechanism': 'unhandledRejection' },
        },
      ],
    },
    { isHandled: false },
    null,
  ],
  [
    'one that left its span as well was the end of the process',
    { events: [{ name: 'exception', attributes: { ...EXCEPTION_ATTRIBUTES, ...END } }] },
    { isHandled: false, severity: 21 },
    null,
  ],
  [
    'what the sender dropped makes it incomplete',
    { droppedEventsCount: 1, events: EVENTS },
    { occurrence: { isIncomplete: true } },
    null,
  ],
  [
    'a stack that ends within a line makes it incomplete',
    { events: [exceptionEvent({ ...PAY, stack: `${PAY.stack}\n    at further (/srv/ap` })] },
    { occurrence: { isIncomplete: true } },
    null,
  ],
  [
    'a failed request without an exception is a candidate',
    { kind: SERVER, name: 'GET /a', status: ERROR },
    null,
    { severity: 17, class: 'error' },
  ],
  [
    'a failed consumer is',
    {
      kind: CONSUMER,
      status: ERROR,
      attributes: {
        'messaging.operation.name': 'process',
        'messaging.destination.name': 'orders',
        'error.type': 'Timeout',
      },
    },
    null,
    { class: 'Timeout' },
  ],
  [
    'a status from 500 on is',
    { kind: SERVER, attributes: { 'http.status_code': 503 } },
    null,
    { class: '503' },
  ],
  [
    'an error type is',
    { kind: SERVER, attributes: { 'error.type': 'timeout' } },
    null,
    { class: 'timeout' },
  ],
  [
    'a status of gRPC that servers answer for is',
    { kind: SERVER, attributes: { 'rpc.grpc.status_code': 13 } },
    null,
    { class: 'INTERNAL' },
  ],
  [
    'one that callers answer for is not',
    { kind: SERVER, attributes: { 'rpc.grpc.status_code': 5 } },
    null,
    null,
  ],
  [
    'a refused request is not',
    { kind: SERVER, attributes: { 'http.response.status_code': 404, 'error.type': '404' } },
    null,
    null,
  ],
  [
    'a failed call without an exception is nothing',
    { kind: CLIENT, status: ERROR, attributes: { 'error.type': '500' } },
    null,
    null,
  ],
  [
    'a failed internal span without an exception is nothing',
    { kind: 1, status: ERROR },
    null,
    null,
  ],
  [
    'a span that did not fail is nothing',
    { kind: SERVER, attributes: { 'http.response.status_code': 200 } },
    null,
    null,
  ],
]

t.test('what spans tell of errors', (t) => {
  for (const encoding of ENCODINGS) {
    for (const [claim, span, thrown, candidate] of SPANS) {
      const { throws, candidates, groups } = createErrorTranslator().spans([span], { encoding })
      t.match(throws, thrown === null ? [] : [thrown], `${encoding}: ${claim}`)
      t.equal(throws.length, thrown === null ? 0 : 1, claim)
      const shown = candidates.map((row) => ({ ...row, class: groups.get(row.error_hash)?.[1] }))
      t.match(shown, candidate === null ? [] : [candidate], `${encoding}: ${claim}`)
      t.equal(shown.length, candidate === null ? 0 : 1, claim)
    }
  }
  t.end()
})

t.test('what is kept of a throw', (t) => {
  const { spans } = createErrorTranslator()
  const translated = spans(
    [
      {
        traceId: '0102030405060708090a0b0c0d0e0f10',
        spanId: '1112131415161718',
        name: 'POST /pay',
        kind: SERVER,
        status: ERROR,
        attributes: {
          'user.id': 'ann',
          'correlation.id': 'c-1',
          'request.id': 'r-1',
          'http.request.method': 'POST',
          'http.target': '/pay?card=1',
          amount: 1.5,
        },
        endTimeUnixNano: NOON_NS + 5_000_000_000n,
        events: [
          {
            ...EVENTS[0],
            timeUnixNano: NOON_NS + 7n,
            attributes: { ...EXCEPTION_ATTRIBUTES, retry: 3 },
          },
        ],
      },
    ],
    { resource: { attributes: { 'service.version': '1.2.3' } } },
  )
  const thrown = onlyThrow(translated)
  t.match(thrown, {
    release: '1.2.3',
    timeNs: NOON_NS + 7n,
    minute: Number(NOON_NS / 60_000_000_000n),
    occurrence: {
      source: 'exception_event',
      traceId: '0102030405060708090a0b0c0d0e0f10',
      spanId: '1112131415161718',
      isIncomplete: false,
      class: 'Error',
      message: PAY.message,
      stackTrace: PAY.stack,
      userId: 'ann',
      correlationId: 'c-1',
      requestId: 'r-1',
      httpMethod: 'POST',
      httpPath: '/pay',
      exceptions: [{ class: 'Error', frames: [{ function: 'pay', line: 10 }, {}] }],
    },
  })
  t.type(thrown.userHash, 'bigint')
  const attributes = JSON.parse(thrown.occurrence?.attributesJson ?? '') as object
  t.match(attributes, { 'user.id': 'ann', amount: 1.5, retry: 3 })
  t.notOk('exception.stacktrace' in attributes)
  const names = translated.dictionary.map(({ dictionary, values }) => [
    dictionary,
    ...values.slice(1),
  ])
  t.match(
    names.filter(([name]) => name === 'release'),
    [['release', '', '', 'shop', '1.2.3']],
  )
  const operation = translated.dictionary.find(({ id }) => id === thrown.operationId)
  t.equal(operation?.values[4], 'POST /pay')
  t.end()
})

t.test('the time of an event lies within its span', (t) => {
  const { spans } = createErrorTranslator()
  const end = NOON_NS + 90_000_000_000n
  for (const [sent, expected] of [
    [NOON_NS - 1n, NOON_NS],
    [NOON_NS + 1n, NOON_NS + 1n],
    [end + 1n, end],
    [0n, end],
  ] as const) {
    const events = [{ ...EVENTS[0], timeUnixNano: sent }]
    const thrown = onlyThrow(spans([{ endTimeUnixNano: end, events }]))
    t.equal(thrown.timeNs, expected)
    t.equal(thrown.minute, Number(end / 60_000_000_000n), 'it counts where its span does')
  }
  t.end()
})
