import { anyValue, keyValues } from '../helpers/otlp'
import type { EnvelopeFields } from './message'
import type { Message, Signal } from './target'

const NS_PER_MS = 1_000_000n
const TRACE_ID = Buffer.from('ffeeddccbbaa99887766554433221100', 'hex')
const SPAN_ID = Buffer.from('fedcba9876543210', 'hex')
const OTHER_ID = Buffer.from('0000000000000001', 'hex')
const FLAGS = 0xa5_00_03_01
const UINT32_MAX = 4_294_967_295
const INT64_MAX = '9223372036854775807'
const INT64_MIN = '-9223372036854775808'
const ODD = '9007199254740993'

/** Every kind of AnyValue, nested in each other. */
const ATTRIBUTES = keyValues({
  text: `quote ' tab \t backslash \\ newline \n emoji 🚀`,
  'no text': '',
  yes: true,
  no: false,
  largest: BigInt(INT64_MAX),
  smallest: BigInt(INT64_MIN),
  odd: BigInt(ODD),
  double: 1.5,
  whole: anyValue({ doubleValue: 3 }),
  large: anyValue({ doubleValue: 1e300 }),
  tiny: 5e-324,
  'minus zero': -0,
  'not a number': Number.NaN,
  infinite: [Infinity, -Infinity],
  bytes: Buffer.from([0, 1, 254, 255]),
  'no bytes': Buffer.alloc(0),
  empty: null,
  list: ['a', 1, 2.5, null, true, Buffer.from([7]), ['b'], { c: 1 }, [], {}],
  map: { '': '', inner: { list: [{ deep: 1n }] }, $double: 'NaN', $bytes: 'AA==', $: 1 },
})

/** What items of every signal are sent with. */
export const ENVELOPE: EnvelopeFields = {
  resource: {
    attributes: [...keyValues({ 'service.namespace': 'shops' }), ...ATTRIBUTES],
    droppedAttributesCount: UINT32_MAX,
    entityRefs: [
      {
        schemaUrl: 'https://entity',
        type: 'host',
        idKeys: ['host.id'],
        descriptionKeys: ['a', 'b'],
      },
      { type: 'process', idKeys: ['pid'] },
    ],
  },
  resourceSchemaUrl: 'https://resource/1.2.3',
  scope: { name: 'scope', version: '1.2.3', attributes: ATTRIBUTES, droppedAttributesCount: 8 },
  scopeSchemaUrl: 'https://scope/4.5.6',
}

/** Items in which every field of the signal is set, from this time on, each later than the one before. */
export function everyField(signal: Signal, startNs: bigint): Message[] {
  let count = 0n
  // The last nanosecond digits are not lost either.
  const next = () => String(startNs + count++ * NS_PER_MS + 7n)
  if (signal === 'traces') return spans(next)
  return signal === 'logs' ? logRecords(next) : metrics(next)
}

function spans(next: () => string): Message[] {
  const whole = {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    traceState: 'vendor=a,ot=th:8',
    parentSpanId: OTHER_ID,
    flags: FLAGS,
    name: 'GET /orders/:id',
    kind: 5,
    startTimeUnixNano: next(),
    endTimeUnixNano: next(),
    attributes: ATTRIBUTES,
    droppedAttributesCount: UINT32_MAX,
    events: [
      { timeUnixNano: next(), name: 'first', attributes: ATTRIBUTES, droppedAttributesCount: 3 },
      { timeUnixNano: next(), name: 'second' },
      { name: 'timeless' },
    ],
    droppedEventsCount: 1,
    links: [
      {
        traceId: TRACE_ID,
        spanId: OTHER_ID,
        traceState: 'x=y',
        flags: FLAGS,
        attributes: ATTRIBUTES,
        droppedAttributesCount: 2,
      },
      { traceId: TRACE_ID, spanId: SPAN_ID },
    ],
    droppedLinksCount: 2,
    status: { code: 2, message: `it's broken` },
  }
  const bare = { traceId: TRACE_ID, spanId: OTHER_ID, startTimeUnixNano: next() }
  return [whole, bare, { ...bare, startTimeUnixNano: next(), kind: 4_711, status: { code: 1 } }]
}

function logRecords(next: () => string): Message[] {
  const whole = {
    timeUnixNano: next(),
    observedTimeUnixNano: next(),
    severityNumber: 17,
    severityText: 'Error',
    body: { stringValue: 'it happened' },
    attributes: ATTRIBUTES,
    droppedAttributesCount: UINT32_MAX,
    flags: FLAGS,
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    eventName: 'order.placed',
  }
  // A body with nothing in it is none: exporters send either.
  const values = ATTRIBUTES.map((pair) => (pair as Message)['value'] as Message)
  const bodies = values
    .filter((value) => Object.keys(value).length > 0)
    .map((body) => ({ timeUnixNano: next(), body }))
  return [
    whole,
    ...bodies,
    { timeUnixNano: next(), severityText: 'WARN' },
    { timeUnixNano: next() },
  ]
}

function metrics(next: () => string): Message[] {
  const about = { description: 'what it is', unit: 'By', metadata: ATTRIBUTES }
  const times = () => ({ startTimeUnixNano: next(), timeUnixNano: next() })
  const exemplars = [
    {
      timeUnixNano: next(),
      asDouble: 0.25,
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      filteredAttributes: ATTRIBUTES,
    },
    { timeUnixNano: next(), asInt: ODD },
    {},
  ]
  const number = (fields: Message) => ({ attributes: ATTRIBUTES, ...times(), exemplars, ...fields })
  const totals = { count: '6', sum: -2.5, min: -4, max: 3.5 }
  const histogram = (fields: Message) => ({
    ...number(totals),
    bucketCounts: ['1', '2', '3'],
    explicitBounds: [-1.5, 10],
    ...fields,
  })
  const exponential = (fields: Message) => ({
    ...number(totals),
    scale: -3,
    zeroCount: '1',
    zeroThreshold: 1e-9,
    positive: { offset: -7, bucketCounts: ['1', '0', '2'] },
    negative: { offset: 2_147_483_647, bucketCounts: ['2'] },
    ...fields,
  })
  return [
    {
      name: 'gauge',
      ...about,
      gauge: {
        dataPoints: [
          number({ asDouble: 0.1 }),
          number({ asDouble: 3 }),
          number({ asDouble: Number.NaN }),
          number({ asInt: INT64_MIN }),
          number({ flags: 1 }),
        ],
      },
    },
    {
      name: 'sum',
      ...about,
      sum: {
        aggregationTemporality: 1,
        isMonotonic: true,
        dataPoints: [number({ asInt: INT64_MAX })],
      },
    },
    {
      name: 'up and down',
      sum: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: next(), asDouble: -0.5 }] },
    },
    {
      name: 'histogram',
      ...about,
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          histogram({}),
          histogram({ flags: 1, sum: undefined, min: undefined, max: 0 }),
        ],
      },
    },
    {
      name: 'histogram without buckets',
      histogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: next(), count: ODD }] },
    },
    {
      name: 'exponential histogram',
      ...about,
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          exponential({}),
          exponential({
            flags: 1,
            count: '4',
            negative: undefined,
            min: undefined,
            zeroThreshold: 0,
          }),
        ],
      },
    },
    {
      name: 'summary',
      ...about,
      summary: {
        dataPoints: [
          {
            attributes: ATTRIBUTES,
            ...times(),
            count: '3',
            sum: 4.5,
            quantileValues: [
              { quantile: 0, value: -1 },
              { quantile: 0.99, value: 2.5 },
            ],
            flags: 1,
          },
        ],
      },
    },
  ]
}
