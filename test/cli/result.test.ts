import { Writable } from 'node:stream'
import t from 'tap'
import { Output } from '../../collector/cli/output'
import { createResultSink, type Format } from '../../collector/cli/result'
import { createStreams } from './streams'

const [INT4, INT8, BOOL, TEXT, JSONB, FLOAT8, TIMESTAMPTZ] = [23, 20, 16, 25, 3802, 701, 1184]

function print(
  format: Format,
  columns: [name: string, typeId: number][],
  rows: (string | null)[][],
) {
  const { stdout, written } = createStreams()
  const sink = createResultSink(format, new Output(stdout, () => undefined))
  sink.columns(columns.map(([name, typeId]) => ({ name, typeId })))
  for (const row of rows) void sink.row(row)
  void sink.complete(`SELECT ${rows.length}`)
  return written.stdout
}

t.test('a table is aligned, numbers to the right, with a count', async (t) => {
  const columns: [string, number][] = [
    ['name', TEXT],
    ['n', INT4],
  ]
  const text = print('table', columns, [
    ['a', '1'],
    ['日本', '1000'],
    [null, null],
  ])
  t.equal(text, 'name | n\n-----+-----\na    |    1\n日本 | 1000\nnull | null\n(3 rows)\n')
  t.equal(print('table', columns, []), 'name | n\n-----+--\n(0 rows)\n')
})

t.test('a table shows controls instead of obeying them', async (t) => {
  const text = print('table', [['x', TEXT]], [['\u001b[31m\u009b0m\n\u202e\u0000end']])
  t.match(text, '\\u001b[31m\\u009b0m\\n\\u202e\\u0000end')
})

t.test('a long table prints every row', async (t) => {
  const rows = Array.from({ length: 2500 }, (_, index) => [String(index)])
  const lines = print('table', [['n', INT4]], rows)
    .trimEnd()
    .split('\n')
  t.equal(lines.length, 2503)
  t.equal(lines.at(-1), '(2500 rows)')
})

t.test('JSON keeps every digit', async (t) => {
  const columns: [string, number][] = [
    ['i', INT4],
    ['big', INT8],
    ['ok', BOOL],
    ['text', TEXT],
    ['doc', JSONB],
    ['f', FLOAT8],
    ['f', FLOAT8],
    ['at', TIMESTAMPTZ],
    ['at', TIMESTAMPTZ],
  ]
  const row = [
    '1',
    '9223372036854775807',
    't',
    'a"\u009b',
    '{"d": 1.0, "n": 9007199254740993}',
    '0.1',
    'NaN',
  ]
  const line = print('json', columns, [
    [...row, '2026-01-02 03:04:05.123456+00', '2026-01-02 03:04:05+05:30'],
    [null, null, null, null, null, null, null, null, 'infinity'],
  ])
  const expected = [
    '{"i":1,"big":"9223372036854775807","ok":true,"text":"a\\"\\u009b","doc":{"d": 1.0, "n": 9007199254740993},"f":0.1,"f_2":"NaN","at":"2026-01-02T03:04:05.123456Z","at_2":"2026-01-02T03:04:05+05:30"}',
    '{"i":null,"big":null,"ok":null,"text":null,"doc":null,"f":null,"f_2":null,"at":null,"at_2":"infinity"}',
  ]
  t.equal(line, `${expected.join('\n')}\n`)
  for (const each of expected) JSON.parse(each)
})

t.test('CSV tells null from empty and quotes what needs it', async (t) => {
  const columns: [string, number][] = [
    ['a,b', TEXT],
    ['c', TEXT],
  ]
  const rows = [
    [null, ''],
    ['x"y', 'line\nfeed'],
    ['plain', ' kept '],
  ]
  t.equal(print('csv', columns, rows), '"a,b",c\n,""\n"x""y","line\nfeed"\nplain, kept \n')
})

t.test('a full reader is waited for, and one that goes away is noticed', async (t) => {
  let goOn: () => void = () => undefined
  const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => (goOn = done) })
  let gone = false
  const output = new Output(slow, () => (gone = true))
  const room = output.write('too much')
  t.ok(room instanceof Promise)
  goOn()
  await room
  slow.destroy(new Error('EPIPE'))
  await new Promise((resolve) => slow.once('close', resolve))
  t.ok(gone && output.isGone)
  t.equal(output.write('more'), undefined)
})
