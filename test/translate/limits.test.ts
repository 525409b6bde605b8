import t from 'tap'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows } from '../helpers/copy-rows'
import { type SpanInput, type TracesInput, traces, type Value } from '../helpers/otlp'
import { type FullRow, withDictionary } from './expected-rows'

const DAY_MS = 86_400_000
const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)
const CONTEXT = { receivedMs: RECEIVED_MS, tenant: null }
const MOST = 0xffff_ffff

function createTranslator(limits: Partial<TranslationLimits>) {
  return createTraceTranslator({
    retentionMs: DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 100,
    limits: { ...UNLIMITED, ...limits },
  })
}

function translate(input: TracesInput, limits: Partial<TranslationLimits>) {
  const spans = (input.spans ?? [{}]).map((span) => ({
    startTimeUnixNano: BigInt(RECEIVED_MS) * 1_000_000n,
    ...span,
  }))
  const translated = createTranslator(limits).translate(traces({ ...input, spans }), CONTEXT)
  return {
    ...translated,
    rows: withDictionary(decodeSpanRows(translated.copies), translated.dictionary),
  }
}

/** So many attributes: a0 to a9, each with its number. */
function numbered(count: number): Readonly<Record<string, Value>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, index]))
}

/** Where each kind of item has its attributes and its dropped count in a row. */
const ITEMS: Readonly<
  Record<
    string,
    {
      input(attributes: Readonly<Record<string, Value>>, sent?: number): TracesInput
      read(row: FullRow): [attributes: string, dropped: number]
    }
  >
> = {
  span: {
    input: (attributes, droppedAttributesCount = 0) => ({
      spans: [{ attributes, droppedAttributesCount }],
    }),
    read: (row) => [row['attributes'] as string, Number(row['dropped_attributes_count'])],
  },
  event: {
    input: (attributes, droppedAttributesCount = 0) => ({
      spans: [{ events: [{ attributes, droppedAttributesCount }] }],
    }),
    read: (row) => readJson(row['events']),
  },
  link: {
    input: (attributes, droppedAttributesCount = 0) => ({
      spans: [{ links: [{ attributes, droppedAttributesCount }] }],
    }),
    read: (row) => readJson(row['links']),
  },
  resource: {
    input: (attributes, droppedAttributesCount = 0) => ({
      resource: { attributes, droppedAttributesCount },
    }),
    read: (row) => {
      const [attributes, dropped] = row['resource'] as string[]
      return [attributes ?? '', Number(dropped)]
    },
  },
  scope: {
    input: (attributes, droppedAttributesCount = 0) => ({
      scope: { attributes, droppedAttributesCount },
    }),
    read: (row) => {
      const [, , attributes, dropped] = row['scope'] as string[]
      return [attributes ?? '', Number(dropped)]
    },
  },
}

function readJson(list: unknown): [string, number] {
  const [item] = JSON.parse(list as string) as {
    attributes: object
    dropped_attributes_count?: number
  }[]
  return [JSON.stringify(item?.attributes), item?.dropped_attributes_count ?? 0]
}

for (const [item, { input, read }] of Object.entries(ITEMS)) {
  t.test(`attributes of a ${item} past the limit are dropped and added to its count`, (t) => {
    const cases = [
      { attributes: 3, sent: 0, dropped: 0 },
      { attributes: 3, sent: 5, dropped: 5 },
      { attributes: 4, sent: 0, dropped: 1 },
      { attributes: 9, sent: 5, dropped: 11 },
      { attributes: 4, sent: MOST - 1, dropped: MOST },
      { attributes: 5, sent: MOST - 1, dropped: MOST },
    ]
    for (const { attributes, sent, dropped } of cases) {
      const limited = translate(input(numbered(attributes), sent), { maxAttributes: 3 })
      const row = limited.rows[0] as FullRow
      t.strictSame(read(row), ['{"a0":0,"a1":1,"a2":2}', dropped], `${attributes}, ${sent} sent`)
      t.strictSame(limited.truncatedAttributes, { count: attributes - 3, length: 0 })
    }
    t.end()
  })
}

t.test(
  'a string or bytes value is cut to the limit, at any depth and never within a character',
  (t) => {
    const cases: [value: Value, json: string, cut: number][] = [
      ['12345', '"12345"', 0],
      ['123456', '"12345"', 1],
      ['1234ü', '"1234"', 1],
      ['123ü6', '"123ü"', 1],
      ['123€', '"123"', 1],
      ['12\u{1f600}', '"12"', 1],
      ['1\u{1f600}6', '"1\u{1f600}"', 1],
      [Buffer.from([1, 2, 3, 4, 5]), '{"$bytes":"AQIDBAU="}', 0],
      [Buffer.from([1, 2, 3, 4, 5, 6]), '{"$bytes":"AQIDBAU="}', 1],
      [['123456', [{ k: '123456' }], '1'], '["12345",[{"k":"12345"}],"1"]', 2],
      [{ 'a long key': Buffer.alloc(6) }, '{"a long key":{"$bytes":"AAAAAAA="}}', 1],
      [123_456_789, '123456789', 0],
    ]
    for (const [value, json, length] of cases) {
      const attributes = { k: value }
      const { rows, truncatedAttributes } = translate(
        {
          scope: { attributes },
          spans: [{ attributes, events: [{ attributes }], links: [{ attributes }] }],
        },
        { maxAttributeBytes: 5 },
      )
      const row = rows[0] as FullRow
      t.equal(row['attributes'], `{"k":${json}}`)
      t.equal((row['scope'] as string[])[2], `{"k":${json}}`)
      for (const list of ['events', 'links']) {
        t.ok((row[list] as string).includes(`"attributes":{"k":${json}}`), list)
      }
      t.strictSame(truncatedAttributes, { count: 0, length: 4 * length })
    }
    t.end()
  },
)

t.test('what is no UTF-8 is cut at the limit and repaired', (t) => {
  const startTimeUnixNano = BigInt(RECEIVED_MS) * 1_000_000n
  const body = traces({ spans: [{ startTimeUnixNano, attributes: { k: 'xxxxxx' } }] })
  const at = body.indexOf('xxxxxx')
  body.fill(0x80, at, at + 6)
  const translated = createTranslator({ maxAttributeBytes: 5 }).translate(body, CONTEXT)
  t.equal(decodeSpanRows(translated.copies)[0]?.attributes, `{"k":"${'\ufffd'.repeat(5)}"}`)
  t.match(translated, { repairedStrings: 1, truncatedAttributes: { count: 0, length: 1 } })
  t.end()
})

t.test('tenant and module past the limit of attributes are not looked at', (t) => {
  const last = { 'tenant.id': 'acme', module: 'orders' }
  const names = (maxAttributes: number) => {
    const spans: SpanInput[] = [{ attributes: { a: 1, ...last } }]
    const row = translate({ spans }, { maxAttributes }).rows[0] as FullRow
    return [(row['service'] as string[])[0], (row['operation'] as string[])[0]]
  }
  t.strictSame(names(3), ['acme', 'orders'])
  t.strictSame(names(2), ['acme', ''])
  t.strictSame(names(1), ['', ''])
  t.end()
})

t.test('nothing is counted for a span that is rejected', (t) => {
  const broken = {
    traceId: '00',
    attributes: { a: '123456', b: 1 },
    events: [{ attributes: { a: 1, b: 2 } }],
  }
  const { truncatedAttributes, rejected } = translate(
    { spans: [broken, {}] },
    { maxAttributes: 1, maxAttributeBytes: 5 },
  )
  t.equal(rejected, 1)
  t.strictSame(truncatedAttributes, { count: 0, length: 0 })
  t.end()
})
