import t from 'tap'
import { anyValue, type Value } from '../helpers/otlp'
import { create, rowOf, rowsOf } from './translated-logs'

t.test('a body that is a string is text, and any other keeps its kind', (t) => {
  const body = (value: Value) => {
    const row = rowOf({ body: value })
    return [row.body, row.body_value]
  }
  t.strictSame(body(''), ['', null])
  t.strictSame(body('a "b" \\ \n ü 🚀'), ['a "b" \\ \n ü 🚀', null])
  t.strictSame(body('a\0b'), ['a\ufffdb', null])
  t.strictSame(body('x'.repeat(100_000)), ['x'.repeat(100_000), null])
  const values: [Value, string][] = [
    [true, 'true'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [anyValue({ doubleValue: 1 }), '1.0'],
    [Number.NaN, '{"$double":"NaN"}'],
    [Buffer.from([0xff]), '{"$bytes":"/w=="}'],
    [['a', 1, [null]], '["a",1,[null]]'],
    [{ $k: { a: 'b' }, empty: {} }, '{"$$k":{"a":"b"},"empty":{}}'],
  ]
  for (const [value, json] of values) t.strictSame(body(value), [null, json])
  t.strictSame(body(null), [null, null], 'nothing is no body')
  const without = rowOf({})
  t.strictSame([without.body, without.body_value], [null, null])
  t.end()
})

t.test('a body merges from its parts as protobuf has it, wherever they lie', (t) => {
  const cases: Readonly<Record<string, [parts: string[], body: unknown, value: unknown]>> = {
    'a string, then a number': [['0a0178', '1805'], null, '5'],
    'a number, then a string': [['1805', '0a0178'], 'x', null],
    'a string twice in one part': [['0a0178 0a0179'], 'y', null],
    'an array in two parts': [['2a040a021801', '2a040a021802'], null, '[1,2]'],
    'an array, a string, an array': [['2a040a021801', '0a0178', '2a040a021802'], null, '[2]'],
    'a string and a field nobody knows': [['0a0178 7001'], 'x', null],
    'nothing but a field nobody knows': [['7001'], null, null],
    'an empty part': [[''], null, null],
  }
  for (const [name, [parts, body, value]] of Object.entries(cases)) {
    const attribute = delimited(6, delimited(1, Buffer.from('k')))
    const fields = parts.map((hex) => delimited(5, Buffer.from(hex.replaceAll(' ', ''), 'hex')))
    const record = [...fields.slice(0, 1), attribute, ...fields.slice(1)].flat()
    const envelope = Buffer.from(delimited(1, delimited(2, delimited(2, record))))
    const [row] = rowsOf(create()(envelope))
    t.strictSame([row?.body, row?.body_value, row?.attributes], [body, value, '{"k":null}'], name)
  }
  t.end()
})

function delimited(field: number, content: readonly number[] | Buffer): number[] {
  return [field * 8 + 2, content.length, ...content]
}
