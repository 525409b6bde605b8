import t from 'tap'
import type { LogRecordInput } from '../helpers/otlp-logs'
import { create, request, rowOf, rowsOf } from './translated-logs'

t.test('a severity is what its number says, or without one its text', (t) => {
  const severity = (severityNumber: number, severityText: string) => {
    const row = rowOf({ severityNumber, severityText })
    return [row.severity_number, row.sent_severity_number, row.severity_text]
  }
  t.strictSame(severity(0, ''), [0, null, null])
  t.strictSame(severity(17, 'INFO'), [17, null, 'INFO'])
  for (const odd of [-1, 25, 2_147_483_647, -2_147_483_648]) {
    t.strictSame(severity(odd, 'INFO'), [odd, null, 'INFO'], 'kept as sent')
  }
  const groups = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
  const own = groups.flatMap((name) => ['', '2', '3', '4'].map((step) => name + step))
  for (const [index, text] of own.entries()) t.strictSame(severity(0, text), [index + 1, 0, text])
  const others: Readonly<Record<string, number>> = {
    finest: 1,
    Verbose: 5,
    DBG: 5,
    finer: 5,
    Fine: 6,
    config: 7,
    Information: 9,
    informational: 9,
    notice: 10,
    Warning: 13,
    err: 17,
    SEVERE: 17,
    Critical: 18,
    crit: 18,
    Alert: 19,
    panic: 19,
    emerg: 21,
    Emergency: 21,
  }
  for (const [text, number] of Object.entries(others)) {
    t.strictSame(severity(0, text), [number, 0, text])
  }
  for (const text of ['loud', 'INFO5', ' INFO', 'x'.repeat(1_000)]) {
    t.strictSame(severity(0, text), [0, null, text])
  }
  t.end()
})

t.test('a record whose ids cannot be is kept without them, and counted', (t) => {
  const trace = '0a'.repeat(16)
  const span = 'fe'.repeat(8)
  const cases: [ids: Pick<LogRecordInput, 'traceId' | 'spanId'>, row: unknown[], count: number][] =
    [
      [{ traceId: trace, spanId: span }, [trace, -0x0101_0101_0101_0102n], 0],
      [{}, [null, null], 0],
      [{ traceId: '', spanId: '' }, [null, null], 0],
      [{ traceId: trace }, [trace, null], 0],
      [{ traceId: trace.slice(2), spanId: span }, [null, -0x0101_0101_0101_0102n], 1],
      [{ traceId: trace, spanId: `${span}00` }, [trace, null], 1],
      [{ traceId: '00'.repeat(16), spanId: '00'.repeat(8) }, [null, null], 1],
      [
        { traceId: `${'00'.repeat(15)}01`, spanId: `01${'00'.repeat(7)}` },
        [`${'00'.repeat(15)}01`, 1n << 56n],
        0,
      ],
    ]
  for (const [ids, expected, count] of cases) {
    const translated = create()(request({ records: [{ ...ids, body: 'kept' }] }))
    const [row] = rowsOf(translated)
    t.strictSame([row?.trace_id, row?.span_id], expected)
    t.match(translated, { accepted: 1, rejected: 0, rejection: '', unassociated: count })
    t.equal(row?.body, 'kept')
  }
  t.end()
})

t.test('name, flags and dropped count are null where they say nothing', (t) => {
  const columns = (record: LogRecordInput) => {
    const { event_name, flags, dropped_attributes_count } = rowOf(record)
    return [event_name, flags, dropped_attributes_count]
  }
  t.strictSame(columns({ eventName: '', flags: 0, droppedAttributesCount: 0 }), [null, null, null])
  t.strictSame(
    columns({
      eventName: 'order.taken',
      flags: 0xffff_ffff,
      droppedAttributesCount: 4_294_967_295,
    }),
    ['order.taken', -1, 4_294_967_295n],
  )
  t.end()
})
