import t from 'tap'
import { renderTrace } from '../../collector/pages/trace-page'
import { arrangeWaterfall } from '../../collector/pages/waterfall'
import { failedOrder } from './shop'
import { logOf, spanOf, TRACE_ID, traceOf } from './sample'
import type { StoredTrace } from '../../collector/api/contract'
import type { StoredOccurrence } from '../../collector/api/error-contract'

const PLACE = { root: '../', stylesheet: 'assets/style.css', hasSession: true }

function render(
  trace: StoredTrace,
  mayAskApi = true,
  errors: readonly StoredOccurrence[] = [],
): string {
  return renderTrace({ traceId: TRACE_ID, trace, errors, mayAskApi }, PLACE)
}

t.test('rows stand in the order of the tree, bars where their time is', async (t) => {
  const { rows, rowCount, lengthMs } = arrangeWaterfall(
    [
      spanOf(1, null, 0, 1000),
      spanOf(2, 1, 100, 500),
      spanOf(3, 1, 800, 200),
      spanOf(4, 2, 500, 0),
      spanOf(6, 5, 900, 50),
    ],
    10,
  )
  t.same(
    rows.map(({ spanId, span, depth, bar }) => [Number(spanId), span !== null, depth, bar]),
    [
      [1, true, 0, { x: 0, width: 1000 }],
      [2, true, 1, { x: 100, width: 500 }],
      [4, true, 2, { x: 500, width: 3 }],
      [3, true, 1, { x: 800, width: 200 }],
      [5, false, 0, null],
      [6, true, 1, { x: 900, width: 50 }],
    ],
  )
  t.equal(rowCount, 6)
  t.equal(lengthMs, 1000)
})

t.test('spans without times or of a trace without length have their rows', async (t) => {
  const nothing = { startTimeUnixNano: null, endTimeUnixNano: null, durationMs: null }
  const { rows, lengthMs } = arrangeWaterfall(
    [spanOf(1, null, 0, 0), spanOf(2, 1, 0, 0, nothing)],
    9,
  )
  t.same(
    rows.map(({ bar }) => bar),
    [{ x: 0, width: 3 }, null],
  )
  t.equal(lengthMs, 0)
})

t.test('what failed is named, the first to fail first, and not by colour alone', async (t) => {
  const page = render(failedOrder())
  const list = page.slice(page.indexOf('What failed'), page.indexOf('Waterfall'))
  t.match(
    list,
    /payments: POST \/charges<\/a>\s*<span>the bank declined the card.*gateway: POST \/checkout<\/a>\s*<span>HTTP status 502/s,
  )
  t.equal(page.match(/class="unseen">failed/g)?.length, 5)
})

t.test('details, events, links, resources and log records are on the page', async (t) => {
  const link = {
    traceId: 'f'.repeat(32),
    spanId: 'e'.repeat(16),
    traceState: '',
    flags: 0,
    attributes: { why: 'retry' },
    droppedAttributesCount: 0,
  }
  const { spans, logs } = failedOrder()
  const page = render(traceOf([...spans, spanOf(20, 1, 5, 5, { links: [link] })], logs))
  for (const text of [
    'db.query.text',
    'exception.stacktrace',
    `${'f'.repeat(32)}#span-${'e'.repeat(16)}`,
    'host.name',
    'stock reserved',
    'order.total',
    `${TRACE_ID}/logs`,
    `../api/admin/observability/traces/${TRACE_ID}`,
    '000000000000000a</code> was not received',
  ]) {
    t.match(page, text)
  }
  t.equal(page.match(/id="resource-/g)?.length, 3, 'each resource once')
  const times = [...page.matchAll(/<time datetime="([^"]+)"/g)].map(([, time]) => time)
  t.same(times, [...times].sort())
  t.equal(times.length, 5)
})

t.test('who may not ask the API is not led there', async (t) => {
  t.notMatch(render(failedOrder(), false), 'api/admin')
})

t.test('whatever is in a span or a log record is text', async (t) => {
  const evil = `"'><script>alert(1)</script>`
  const attributes = { [evil]: evil, list: [evil], $double: { [evil]: 1 } }
  const event = {
    name: evil,
    time: null,
    timeUnixNano: null,
    attributes,
    droppedAttributesCount: 1,
  }
  const texts = {
    name: evil,
    service: evil,
    module: evil,
    status: 'error',
    statusMessage: evil,
    traceState: evil,
    kind: evil,
  }
  const scope = {
    name: evil,
    version: evil,
    attributes,
    droppedAttributesCount: 0,
    schemaUrl: evil,
  }
  const resource = { attributes, droppedAttributesCount: 0, entityRefs: [], schemaUrl: evil }
  const span = spanOf(1, null, 0, 5, { ...texts, attributes, events: [event], scope, resource })
  const log = logOf(
    1,
    { [evil]: evil },
    { service: evil, severityText: evil, eventName: evil, attributes, scope, resource },
  )
  const page = render(traceOf([span], [log]))
  t.notMatch(page, '<script')
  t.notMatch(page, '"\'>')
  t.match(page, '&lt;script&gt;')
})

t.test('of 10,000 spans the first 1,000 rows are shown, which the page says', async (t) => {
  const attributes = Object.fromEntries(
    Array.from({ length: 64 }, (_, at) => [`attribute.${at}`, 'x'.repeat(5_000)]),
  )
  const spans = Array.from({ length: 10_000 }, (_, at) =>
    spanOf(at + 1, at === 0 ? null : 1, at, 1, { attributes }),
  )
  const page = render({ ...traceOf(spans), isTruncated: true })
  t.equal(page.match(/id="span-/g)?.length, 1_000)
  t.match(page, 'first 1,000 of 10,000+ rows')
  t.match(page, 'see the JSON', 'details end before the page is too long')
  t.ok(page.length < 5_000_000, `${page.length} characters`)
})

t.test('log records without spans are a page, too', async (t) => {
  const page = render(traceOf([], [logOf(0, 'alone')]))
  t.match(page, 'alone')
  t.notMatch(page, 'class="waterfall"')
})
