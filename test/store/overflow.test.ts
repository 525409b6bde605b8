import t from 'tap'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { UNLIMITED } from '../../collector/translate/limits'
import { createTraceTranslator } from '../helpers/translator'
import { type SpanInput, traces } from '../helpers/otlp'
import { translatedRequest } from '../helpers/rows'
import { never, openDatabase, openWriter } from './database'

const DAY_MS = 86_400_000
const RECEIVED_MS = Date.UTC(2026, 2, 1, 12)
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Stores spans of which all but the first are above the cap of operations; they start a second apart. */
async function storeSpans(t: { teardown(fn: () => Promise<void>): void }, spans: SpanInput[]) {
  const pool = await openDatabase(t)
  const translator = createTraceTranslator({
    retentionMs: DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: [],
    dictionaryCacheSize: 100,
    limits: { ...UNLIMITED, maxOperations: 1 },
  })
  const startNs = BigInt(RECEIVED_MS) * 1_000_000n
  const body = traces({
    service: 'shop',
    scope: { name: 'lib' },
    spans: spans.map((span, index) => ({
      traceId: index === 0 ? TRACE_ID : TRACE_ID.replace(/.$/, String(index)),
      kind: 2,
      startTimeUnixNano: startNs + BigInt(index) * 1_000_000_000n,
      ...span,
    })),
  })
  const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
  await openWriter(t, pool).write([translatedRequest(body, translated)], never)
  return pool
}

const SPANS: SpanInput[] = [
  { name: 'first' },
  { name: 'of the scope' },
  { name: 'of its own', attributes: { module: 'orders' } },
  { name: 'number', attributes: { module: 7 } },
  { name: 'empty', attributes: { module: '' } },
  { name: '' },
]
const EXPECTED = [
  ['first', 'lib'],
  ['of the scope', 'lib'],
  ['of its own', 'orders'],
  ['number', 'lib'],
  ['empty', 'lib'],
  ['', 'lib'],
]

t.test(
  'the view shows spans of an overflow operation with their own name and module',
  async (t) => {
    const pool = await storeSpans(t, SPANS)
    const { rows } = await pool.query<{ name: string; module: string; kind: string }>(
      'select name, module, kind from sidelight.spans order by start_time',
    )
    t.strictSame(
      rows.map(({ name, module }) => [name, module]),
      EXPECTED,
    )
    t.ok(rows.every(({ kind }) => kind === 'server'))
    const operations = await pool.query(
      `select o.name, o.kind, count(*)::int as spans
     from sidelight.span s join sidelight.operation o on o.id = s.operation_id group by o.id order by 3`,
    )
    t.strictSame(operations.rows, [
      { name: 'first', kind: 2, spans: 1 },
      { name: '(overflow)', kind: 0, spans: 5 },
    ])
  },
)

t.test('a trace shows a span of an overflow operation with its own name and module', async (t) => {
  const queries = createTraceQueries(await storeSpans(t, SPANS))
  const traceId = TRACE_ID.replace(/.$/, '2')
  const { spans } = await queries.readTrace({ traceId, tenant: null, maxSpans: 10 })
  t.match(spans, [{ name: 'of its own', module: 'orders' }])
})
