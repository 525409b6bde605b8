import t from 'tap'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { createGroupWriter } from '../../collector/store/writer'
import { createTraceTranslator } from '../helpers/translator'
import { anyValue, traces } from '../helpers/otlp'
import { translatedRequest } from '../helpers/rows'
import { openDatabase } from './database'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const START_NS = 1_772_366_400_123_456_789n
const DAY_MS = 86_400_000

const BODY = traces({
  service: 'shop',
  resource: {
    attributes: { 'process.pid': 2n ** 63n - 1n },
    droppedAttributesCount: 1,
    entityRefs: [{ schemaUrl: 'https://e/1', type: 'service', idKeys: ['service.name'] }],
    schemaUrl: 'https://r/1',
  },
  scope: {
    name: 'lib',
    version: '1.2',
    attributes: { level: 1 },
    droppedAttributesCount: 2,
    schemaUrl: 'https://s/1',
  },
  spans: [
    {
      traceId: TRACE_ID,
      spanId: 'fffffffffffffffe',
      parentSpanId: '00000000000000ff',
      traceState: 'a=b',
      flags: 0xffffffff,
      name: 'add to cart',
      kind: 4,
      startTimeUnixNano: START_NS,
      endTimeUnixNano: START_NS + 2_212n,
      attributes: {
        int: -(2n ** 63n),
        whole: anyValue({ doubleValue: 1 }),
        large: anyValue({ doubleValue: 1e300 }),
        nan: anyValue({ doubleValue: NaN }),
        text: '7 "quoted" \\ \u{1f600}',
        bytes: new Uint8Array([0, 1]),
        yes: true,
        empty: null,
        list: [1, 'a', [2.5]],
        map: { k: 3 },
        $own: 'x',
      },
      droppedAttributesCount: 3,
      events: [
        {
          name: 'exception',
          timeUnixNano: START_NS + 1n,
          attributes: { n: 5 },
          droppedAttributesCount: 6,
        },
      ],
      droppedEventsCount: 4,
      links: [
        {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceState: 'x=y',
          flags: 0x301,
          attributes: { k: 'v' },
          droppedAttributesCount: 7,
        },
      ],
      droppedLinksCount: 0xffffffff,
      status: { code: 2, message: 'sold out' },
    },
  ],
})

t.test('a span is answered as it was received, every field to the last digit', async (t) => {
  const pool = await openDatabase(t)
  const translator = createTraceTranslator({
    retentionMs: 3650 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: [],
    dictionaryCacheSize: 100,
  })
  const receivedMs = Number(START_NS / 1_000_000n) + 1000
  const translated = translator.translate(BODY, { receivedMs, tenant: 'acme' })
  const writer = createGroupWriter({ pool })
  await writer.write([translatedRequest(BODY, translated)], new AbortController().signal)
  await writer.close()

  const queries = createTraceQueries(pool)
  const read = (tenant: string) => queries.readTrace({ traceId: TRACE_ID, tenant, maxSpans: 10 })
  t.equal((await read('umbrella')).spans.length, 0)
  const { spans } = await read('acme')
  t.strictSame(spans, [
    {
      traceId: TRACE_ID,
      spanId: 'fffffffffffffffe',
      parentSpanId: '00000000000000ff',
      name: 'add to cart',
      service: 'shop',
      module: 'lib',
      kind: 'producer',
      status: 'error',
      statusMessage: 'sold out',
      traceState: 'a=b',
      flags: 0xffffffff,
      startTime: '2026-03-01T12:00:00.123456789Z',
      startTimeUnixNano: String(START_NS),
      endTime: '2026-03-01T12:00:00.123459001Z',
      endTimeUnixNano: String(START_NS + 2_212n),
      durationMs: 0.002212,
      attributes: {
        int: '-9223372036854775808',
        whole: 1,
        large: 1e300,
        nan: { $double: 'NaN' },
        text: '7 "quoted" \\ \u{1f600}',
        bytes: { $bytes: 'AAE=' },
        yes: true,
        empty: null,
        list: ['1', 'a', [2.5]],
        map: { k: '3' },
        $$own: 'x',
      },
      droppedAttributesCount: 3,
      events: [
        {
          name: 'exception',
          time: '2026-03-01T12:00:00.123456790Z',
          timeUnixNano: String(START_NS + 1n),
          attributes: { n: '5' },
          droppedAttributesCount: 6,
        },
      ],
      droppedEventsCount: 4,
      links: [
        {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceState: 'x=y',
          flags: 0x301,
          attributes: { k: 'v' },
          droppedAttributesCount: 7,
        },
      ],
      droppedLinksCount: 0xffffffff,
      resource: {
        attributes: { 'service.name': 'shop', 'process.pid': '9223372036854775807' },
        droppedAttributesCount: 1,
        entityRefs: [
          {
            schemaUrl: 'https://e/1',
            type: 'service',
            idKeys: ['service.name'],
            descriptionKeys: [],
          },
        ],
        schemaUrl: 'https://r/1',
      },
      scope: {
        name: 'lib',
        version: '1.2',
        attributes: { level: '1' },
        droppedAttributesCount: 2,
        schemaUrl: 'https://s/1',
      },
    },
  ])
})
