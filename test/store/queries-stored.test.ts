import t from 'tap'
import {
  formatUnixNano,
  parseStored,
  spanIdHex,
  unixNanoOf,
} from '../../collector/store/queries/stored'

const VALUES: [string, unknown][] = [
  ['{}', {}],
  ['null', null],
  ['{"a": 1}', { a: '1' }],
  ['{"a": -1, "b": 0}', { a: '-1', b: '0' }],
  ['{"a": 9223372036854775807}', { a: '9223372036854775807' }],
  ['{"a": -9223372036854775808}', { a: '-9223372036854775808' }],
  ['{"a": 9223372036854775808}', { a: 9223372036854775808 }],
  [`{"a": 1${'0'.repeat(300)}}`, { a: 1e300 }],
  ['{"a": 1.0, "b": -0.5, "c": 1e5, "d": 2E-3}', { a: 1, b: -0.5, c: 100000, d: 0.002 }],
  ['[1, 2.5, [3], {"k": 4}]', ['1', 2.5, ['3'], { k: '4' }]],
  [String.raw`{"1": "2", "a\"3": "\\", "b": 4}`, { 1: '2', 'a"3': '\\', b: '4' }],
  [
    String.raw`{"a": "say \"5\" and 6", "b": "\u00e9 7", "c": 8}`,
    { a: 'say "5" and 6', b: 'é 7', c: '8' },
  ],
  [
    '{"a": {"$double": "NaN"}, "b": {"$bytes": "AAE="}, "$$c": true}',
    { a: { $double: 'NaN' }, b: { $bytes: 'AAE=' }, $$c: true },
  ],
]

t.test(
  'stored JSON is read with int64 as strings, doubles as numbers, and the rest as it is',
  (t) => {
    for (const [text, expected] of VALUES)
      t.strictSame(parseStored(text), expected, text.slice(0, 80))
    t.end()
  },
)

t.test('a string of megabytes is passed over', (t) => {
  const long = '\\"1'.repeat(1_000_000)
  t.match(parseStored(`{"a": "${long}", "b": 1}`), { b: '1' })
  t.end()
})

t.test('a key that is special in JavaScript stays a key', (t) => {
  t.equal(JSON.stringify(parseStored('{"__proto__": 1}')), '{"__proto__":"1"}')
  t.end()
})

const TIMES: [string, number | null, string][] = [
  ['0', 0, '1970-01-01T00:00:00.000000000Z'],
  ['1772366400123456', 789, '2026-03-01T12:00:00.123456789Z'],
  ['1772366400000000', null, '2026-03-01T12:00:00.000000000Z'],
  ['-1', 1, '1969-12-31T23:59:59.999999001Z'],
  ['18446744073709551', 615, '2554-07-21T23:34:33.709551615Z'],
]

t.test('times keep all nine digits, up to the last nanosecond OTLP can send', (t) => {
  for (const [micros, rest, expected] of TIMES) {
    t.equal(formatUnixNano(unixNanoOf(micros, rest)), expected)
  }
  t.end()
})

t.test('a span id is 16 hex digits whatever its sign', (t) => {
  t.equal(spanIdHex('1'), '0000000000000001')
  t.equal(spanIdHex('-1'), 'ffffffffffffffff')
  t.equal(spanIdHex('-9223372036854775808'), '8000000000000000')
  t.end()
})
