import t from 'tap'
import { isolateItems } from '../../collector/otlp/excerpt'
import {
  decodeMessage,
  encodeRequest,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'

/** A field that holds bytes, or other fields. */
function field(number: number, ...content: readonly (string | Buffer)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)))
  if (bytes.length > 127) throw new Error('too long for a test')
  return Buffer.from([number * 8 + 2, bytes.length, ...bytes])
}

/** What nobody reads, and only a letter has. */
const MARK = Buffer.from([0xc0, 0xa3, 0x09, 0x01])

const resource = field(1, 'resource')
const scope = field(1, 'scope')
const url = field(3, 'url')
const unknown = Buffer.from([15 * 8, 7])
/** A group, and field 2 as a number: neither is an item. */
const odd = Buffer.from([3 * 8 + 3, 2 * 8, 1, 3 * 8 + 4, 2 * 8, 1])

const CASES: readonly [name: string, body: Buffer, item: string, isolated: Buffer][] = [
  [
    'among its neighbours',
    field(1, resource, field(2, scope, field(2, 'a'), field(2, 'wanted'), field(2, 'b'), url), url),
    'wanted',
    field(1, resource, field(2, scope, field(2, 'wanted'), url), url),
  ],
  [
    'among other resources and scopes',
    Buffer.concat([
      field(1, field(1, 'other'), field(2, field(2, 'x'))),
      field(1, field(2, field(2, 'y')), resource, field(2, scope, field(2, 'wanted'))),
      field(1, field(2, field(2, 'z'))),
    ]),
    'wanted',
    field(1, resource, field(2, scope, field(2, 'wanted'))),
  ],
  [
    'before what describes it, sent in parts',
    field(1, field(2, field(2, 'wanted'), scope, url, scope), resource, url, resource),
    'wanted',
    field(1, field(2, field(2, 'wanted'), scope, url, scope), resource, url, resource),
  ],
  [
    'between unknown fields',
    Buffer.concat([
      unknown,
      field(1, odd, field(2, unknown, odd, field(2, 'wanted'), unknown)),
      odd,
    ]),
    'wanted',
    Buffer.concat([
      unknown,
      field(1, odd, field(2, unknown, odd, field(2, 'wanted'), unknown)),
      odd,
    ]),
  ],
  [
    'after an empty one',
    field(1, field(2, field(2), field(2), field(2, 'wanted'))),
    'wanted',
    field(1, field(2, field(2, 'wanted'))),
  ],
]

t.test('an item is isolated with all that is said of it, and nothing else', (t) => {
  for (const [name, body, item, isolated] of CASES) {
    const found = isolateItems('traces', body, [body.indexOf(item)])
    t.same(found.toString('hex'), Buffer.concat([isolated, MARK]).toString('hex'), name)
  }
  t.end()
})

t.test('several items keep their order, scopes and resources', (t) => {
  const body = Buffer.concat([
    field(1, resource, field(2, scope, field(2, 'a'), field(2, 'b'), field(2, 'c'))),
    field(1, field(2, field(2, 'd'))),
    field(1, field(2, field(2, 'e'), field(2, 'f'))),
  ])
  const starts = ['a', 'c', 'f'].map((item) => body.lastIndexOf(item))
  starts[0] = body.indexOf(field(2, 'a')) + 2
  starts[1] = body.indexOf(field(2, 'c')) + 2
  const isolated = Buffer.concat([
    field(1, resource, field(2, scope, field(2, 'a'), field(2, 'c'))),
    field(1, field(2, field(2, 'f'))),
    MARK,
  ])
  t.same(isolateItems('traces', body, starts).toString('hex'), isolated.toString('hex'))
  t.end()
})

t.test('the one item of a request never has the bytes of that request', (t) => {
  const body = field(1, field(2, field(2, 'wanted')))
  const letter = isolateItems('traces', body, [body.indexOf('wanted')])
  t.notSame(letter, body)
  const again = isolateItems('traces', letter, [letter.indexOf('wanted')])
  t.notSame(again, letter, 'nor does a letter that was sent again and refused again')
  t.end()
})

t.test('a place where no item begins is a fault of ours', (t) => {
  const body = field(1, field(2, field(2, 'wanted')))
  for (const start of [0, 1, 2, 4, body.length]) {
    t.throws(() => isolateItems('traces', body, [start]), RangeError, `at ${start}`)
  }
  t.end()
})

t.test('metrics and logs are isolated as spans are', (t) => {
  const describe = (items: object) => ({ scope: { name: 'lib' }, schemaUrl: 'url', ...items })
  const about = { resource: { droppedAttributesCount: 3 }, schemaUrl: 'resource url' }
  const cases = [
    [
      ExportTraceServiceRequest,
      (names: string[]) => ({
        resourceSpans: [
          { ...about, scopeSpans: [describe({ spans: names.map((name) => ({ name })) })] },
        ],
      }),
    ],
    [
      ExportMetricsServiceRequest,
      (names: string[]) => ({
        resourceMetrics: [
          { ...about, scopeMetrics: [describe({ metrics: names.map((name) => ({ name })) })] },
        ],
      }),
    ],
    [
      ExportLogsServiceRequest,
      (names: string[]) => ({
        resourceLogs: [
          {
            ...about,
            scopeLogs: [describe({ logRecords: names.map((eventName) => ({ eventName })) })],
          },
        ],
      }),
    ],
  ] as const
  for (const [type, request] of cases) {
    const body = encodeRequest(type, request(['before', 'wanted', 'after']), 'protobuf')
    // The name is the item's only field, after a tag and a length.
    const letter = isolateItems('traces', body, [body.indexOf('wanted') - 2])
    const expected = encodeRequest(type, request(['wanted']), 'protobuf')
    t.same(decodeMessage(type, letter), decodeMessage(type, expected), type.name)
  }
  t.end()
})

t.test(
  'a data point keeps what the other parts of its metric say, without their data points',
  (t) => {
    const said = Buffer.from([2 * 8, 2])
    const metric = (...parts: readonly Buffer[]) => field(1, field(2, field(2, ...parts)))
    const body = metric(field(7, said, field(1, 'a')), field(1, 'n'), field(7, field(1, 'wanted')))
    const letter = isolateItems('metrics', body, [body.indexOf('wanted')])
    const isolated = metric(field(7, said), field(1, 'n'), field(7, field(1, 'wanted')))
    t.same(letter.toString('hex'), Buffer.concat([isolated, MARK]).toString('hex'))
    const sums = metric(field(5, field(1, 'a')), field(7, field(1, 'wanted')))
    t.same(
      isolateItems('metrics', sums, [sums.indexOf('wanted')]).toString('hex'),
      Buffer.concat([metric(field(5), field(7, field(1, 'wanted'))), MARK]).toString('hex'),
    )
    t.end()
  },
)
