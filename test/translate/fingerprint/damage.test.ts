import t from 'tap'
import { MOST_STACK } from '../../../collector/translate/fingerprint/chain'
import { compileGlob } from '../../../collector/translate/fingerprint/glob'
import { take } from './reports'

const SEEDS = [
  'Error: a: b\n    at f (/app/a.js:1:2)\n    at async g [as h] (node:net:1:2)\ncaused by: TypeError [X]: b\n    at q (eval at z (/x.js:1:2), <anonymous>:1:2)',
  "AggregateError: all\n    at f (/app/a.js:1:2) {\n  code: 'E_X',\n  [errors]: [\n    Error: a\n        at g (/app/b.js:1:2) {\n      [cause]: Error: b\n          at h (c.js:1:2)\n    },\n    Error: c\n  ]\n}",
  'a.B: out\n\tat a.B.c(D.java:1)\nCaused by: a.E: in\n\tat a.E.f(G.java:2)\n\t... 1 more',
  'Traceback (most recent call last):\n  File "/app/x.py", line 3, in f\n    y()\nValueError: bad',
  "a.rb:3:in 'f': bad (E)\n\tfrom b.rb:4:in `g'",
  'goroutine 1 [running]:\nmain.f(0x1)\n\t/app/a.go:12 +0x1d\n',
  'System.X: a\n ---> System.Y: b\n   at A.B(C d) in /src/a.cs:line 3\n   --- End of inner exception stack trace ---\n   at E.F()',
]
const PIECES = [
  'at ',
  '(',
  ')',
  '\n',
  ': ',
  'caused by: ',
  '[cause]: ',
  '[errors]: [',
  '{',
  '}',
  ':1:2',
  '%',
  '\\',
  '\u0000',
  '\ud800',
  'é',
  '... 9 more',
  'file://',
  '-',
  '::',
  '@',
  '2026-',
]

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

t.test('20,000 damaged stacks are read without an error, twice alike', async (t) => {
  const next = numbersFrom(6)
  const below = (count: number) => Math.floor(next() * count)
  let unlike = 0
  for (let index = 0; index < 20_000; index++) {
    let stack = SEEDS[below(SEEDS.length)]!
    for (let edits = 1 + below(6); edits > 0; edits--) {
      const at = below(stack.length + 1)
      const piece = next() < 0.7 ? PIECES[below(PIECES.length)]! : ''
      stack = stack.slice(0, at) + piece + stack.slice(at + below(12))
    }
    const message = next() < 0.5 ? stack.slice(stack.indexOf(': ') + 2).slice(0, below(40)) : ''
    const said = {
      kind: next() < 0.1 ? 'log' : 'exception',
      stack,
      message,
      template: stack,
    } as const
    const one = take(said)
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(one.hash)) unlike++
    if (one.hash !== take(said).hash) unlike++
  }
  t.equal(unlike, 0)
})

const HOSTILE: [name: string, text: string][] = [
  ['at', 'at '.repeat(350_000)],
  ['brackets', '('.repeat(1_000_000)],
  ['lines of brackets', 'at f (((((((((\n'.repeat(70_000)],
  ['causes in a line', 'caused by: '.repeat(95_000)],
  ['causes', 'x\ncaused by: '.repeat(75_000)],
  [
    'causes that nest',
    Array.from({ length: 1_000 }, (_, at) => `${' '.repeat(at)}[cause]: E: x`).join('\n'),
  ],
  ['aggregates', '[errors]: [\n '.repeat(75_000)],
  ['colons', 'a: '.repeat(340_000)],
  ['digits', '1:'.repeat(500_000)],
  ['months', 'Jan '.repeat(250_000)],
  ['quotes', '="'.repeat(500_000)],
  ['dashes', '1-a-'.repeat(250_000)],
  ['evals', `at f (${'eval at f ('.repeat(90_000)}`],
]

t.test('the time for hostile texts grows no faster than they do', async (t) => {
  for (const [name, text] of HOSTILE) {
    const microsOf = (size: number) => {
      const part = text.slice(0, size)
      const began = process.cpuUsage()
      take({ stack: part, message: part })
      take({ kind: 'log', template: part })
      const { user, system } = process.cpuUsage(began)
      return user + system
    }
    const least = (size: number) => Math.min(...Array.from({ length: 5 }, () => microsOf(size)))
    least(MOST_STACK / 8)
    const ratio = least(1_000_000) / Math.max(least(MOST_STACK / 8), 200)
    // Sixteen times as much is looked at, at most a hundred times as long a text is there.
    t.ok(ratio < 40, `${name}: ${ratio.toFixed(1)}`)
  }
})

t.test('a glob needs no going back', async (t) => {
  const table: [string, string, boolean][] = [
    ['*', '', true],
    ['a*b', 'ab', true],
    ['a*b', 'acbd', false],
    ['*a?c*', 'xxabcx', true],
    ['ab*b', 'ab', false],
    ['?', '', false],
    ['a', 'A', false],
  ]
  for (const [glob, text, expected] of table) t.equal(compileGlob(glob)(text), expected, glob)
  const began = process.cpuUsage()
  t.equal(compileGlob(`${'*a'.repeat(90)}*b`)('a'.repeat(1_000_000)), false)
  t.ok(process.cpuUsage(began).user < 1_000_000)
})
