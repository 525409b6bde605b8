import t from 'tap'
import { findFailures } from '../../collector/api/failures'
import type { Log } from '../../collector/api/schemas/log'
import type { StoredSpan } from '../../collector/api/schemas/trace'

const SPAN = {
  traceId: 't1',
  spanId: 's1',
  service: 'shop',
  status: 'unset',
  statusMessage: '',
  startTime: '2026-03-01T10:00:00.000000000Z',
  endTime: '2026-03-01T10:00:09.000000000Z',
  attributes: {},
  events: [] as object[],
}
const LOG = {
  traceId: 't1',
  spanId: 's1',
  service: 'shop',
  severityNumber: 9,
  body: 'a line',
  time: '2026-03-01T10:00:05.000000000Z',
  attributes: {},
}
const THROWN = {
  'exception.type': 'TypeError',
  'exception.message': 'x is not a function',
  'exception.stacktrace': 'TypeError: x is not a function\n    at y',
}
const EVENT = { name: 'exception', time: '2026-03-01T10:00:04.000000000Z', attributes: THROWN }

const find = (spans: object[], logs: object[]) => findFailures(spans as StoredSpan[], logs as Log[])

t.test('what failed is told by its source', async (t) => {
  const place = { traceId: 't1', spanId: 's1', service: 'shop' }
  const exception = {
    type: 'TypeError',
    message: 'x is not a function',
    stack: THROWN['exception.stacktrace'],
  }
  const cases: [string, object[], object[], object[]][] = [
    ['nothing', [SPAN], [LOG], []],
    [
      'a span with status error',
      [{ ...SPAN, status: 'error', statusMessage: 'm', attributes: { 'error.type': '503' } }],
      [],
      [{ source: 'span', type: '503', message: 'm', stack: null, time: SPAN.endTime, ...place }],
    ],
    [
      'an exception of a span, with or without status error',
      [
        { ...SPAN, events: [{ ...EVENT, name: 'other' }, EVENT] },
        {
          ...SPAN,
          status: 'error',
          spanId: 's2',
          endTime: null,
          events: [{ ...EVENT, time: null }],
        },
      ],
      [],
      [
        { source: 'span', ...exception, ...place, spanId: 's2', time: SPAN.startTime },
        { source: 'span', ...exception, ...place, time: EVENT.time },
      ],
    ],
    [
      'a record of severity error',
      [],
      [{ ...LOG, severityNumber: 17 }],
      [{ source: 'log', type: null, message: 'a line', stack: null, ...place, time: LOG.time }],
    ],
    [
      'a record of severity error whose body is no string, or absent',
      [],
      [
        { ...LOG, severityNumber: 24, body: { a: 1 } },
        { ...LOG, severityNumber: 24, body: null },
      ],
      [{ message: '{"a":1}' }, { message: '' }],
    ],
    [
      'a record with an exception, whatever its severity',
      [],
      [{ ...LOG, severityNumber: 0, traceId: null, spanId: null, attributes: THROWN }],
      [{ source: 'log', ...exception, ...place, traceId: null, spanId: null, time: LOG.time }],
    ],
    [
      'an exception without a message: the body says more',
      [],
      [{ ...LOG, attributes: { 'exception.type': 'E' } }],
      [{ type: 'E', message: 'a line', stack: null }],
    ],
  ]
  for (const [title, spans, logs, failures] of cases) {
    const found = find(spans, logs)
    t.match(found, failures, title)
    t.equal(found.length, failures.length, title)
  }
})

t.test('an exception of a span that was logged under it, too, is listed once', async (t) => {
  const spans = [{ ...SPAN, status: 'error', events: [EVENT] }]
  const logged = { ...LOG, severityNumber: 17, attributes: THROWN }
  t.match(find(spans, [logged]), [{ source: 'span' }])
  t.equal(find(spans, [logged]).length, 1)
  const others = [
    { ...logged, spanId: 's2' },
    { ...logged, traceId: 't2' },
    { ...logged, attributes: { ...THROWN, 'exception.type': 'Error' } },
    { ...logged, attributes: { ...THROWN, 'exception.message': 'y' } },
    { ...logged, attributes: { ...THROWN, 'exception.stacktrace': 'elsewhere' } },
    { ...LOG, severityNumber: 17, body: 'x is not a function' },
  ]
  t.equal(find(spans, others).length, 1 + others.length)
})

t.test('records that say the same twice are two', async (t) => {
  t.equal(
    find(
      [],
      [LOG, LOG].map((log) => ({ ...log, severityNumber: 17 })),
    ).length,
    2,
  )
})
