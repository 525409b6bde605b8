import t from 'tap'
import { createTraceTranslator } from '../helpers/translator'
import { SPAN_ROLLUP } from '../../collector/translate/rows'
import { decodeSpanRows } from '../helpers/copy-rows'
import { type ResourceInput, type SpanInput, traces, type Value } from '../helpers/otlp'

const DAY_MS = 86_400_000
const COUNT = 100_000

/** Protobuf says these in few bytes each, JSON in many. */
const DOUBLES: Value = Array<number>(COUNT).fill(1e300)
const HUGE: Readonly<Record<string, SpanInput>> = {
  doubles: { attributes: { doubles: DOUBLES } },
  events: { events: Array<object>(COUNT).fill({ timeUnixNano: 0 }) },
  links: { links: Array<object>(COUNT).fill({ traceId: '', spanId: '' }) },
}

function translate(resource: ResourceInput, spans: readonly SpanInput[], receivedMs = Date.now()) {
  const translator = createTraceTranslator({
    retentionMs: DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: [],
    dictionaryCacheSize: 10,
  })
  const body = traces({ resource, spans })
  return { ...translator.translate(body, { receivedMs, tenant: null }), body }
}

for (const [what, span] of Object.entries(HUGE)) {
  t.test(`a span whose ${what} grow to many times its size is rejected alone`, (t) => {
    const { copies, rejected, rejection } = translate({}, [{ flags: 1 }, span, { flags: 2 }])
    t.strictSame(
      decodeSpanRows(copies).map(({ flags }) => flags),
      [1, 2],
    )
    t.equal(rejected, 1)
    t.match(rejection, /many times its size/)
    t.end()
  })
}

t.test('the spans of a resource that grows to many times its size are rejected', (t) => {
  const { accepted, rejection, dictionary } = translate({ attributes: { doubles: DOUBLES } }, [{}])
  t.equal(accepted, 0)
  t.equal(dictionary.length, 0)
  t.match(rejection, /many times its size/)
  t.end()
})

t.test('control characters, the worst that text can hold, do not count as growth', (t) => {
  const attributes = { text: '\u0001'.repeat(2_000_000) }
  t.equal(translate({}, [{ attributes }]).accepted, 1)
  t.end()
})

t.test('tiny spans, each alone in its minute, add up to few times their size', (t) => {
  const receivedMs = Date.now()
  const spans = Array.from({ length: 1_400 }, (_, minute) => {
    const startTimeUnixNano = BigInt(receivedMs - minute * 60_000) * 1_000_000n
    return { name: '', startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + 1n }
  })
  const { copies, body } = translate({}, spans, receivedMs)
  const rollups = copies.find(({ table }) => table === SPAN_ROLLUP)
  t.equal(rollups?.offsets.length, spans.length)
  t.ok((rollups?.bytes.length ?? Infinity) < 6 * body.length)
  t.end()
})
