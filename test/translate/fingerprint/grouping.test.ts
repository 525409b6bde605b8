import t from 'tap'
import type { ErrorReport } from '../../../collector/translate/fingerprint/fingerprint'
import { compileRules } from '../../../collector/translate/fingerprint/rules'
import { stackOf, take } from './reports'

const APP = ['add (/app/src/cart.js:3:5)', 'async handle (/app/src/server.js:9:1)']
const REFUSED = 'TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)'
const said = (header: string, ...frames: string[]) => ({
  type: header.slice(0, header.search(/[ :]|$/)),
  message: header.slice(header.indexOf(': ') + 2),
  stack: stackOf(header, ...frames),
})
const refused = (address: string, peer: string | null = null) => ({
  ...said(`Error: connect ECONNREFUSED ${address}`, REFUSED),
  type: 'ECONNREFUSED',
  peer,
})

type Pair = [reason: string, one: Partial<ErrorReport>, other: Partial<ErrorReport>]

const SAME: Pair[] = [
  [
    'other lines',
    said('Error: x', 'load (/app/a.js:1:2)'),
    said('Error: x', 'load (/app/a.js:9:8)'),
  ],
  ['other values in the message', said('Error: a 1', ...APP), said('Error: b 2', ...APP)],
  [
    'other machine',
    said('Error: x', 'load (/app/src/a.js:1:2)'),
    said('Error: x', 'load (C:\\Users\\anna\\shop\\src\\a.js:1:2)'),
  ],
  [
    'a code for a type',
    { ...said('Error: x', ...APP), type: 'E_LATE' },
    { ...said('Error: x', ...APP), code: 'E_LATE' },
  ],
  [
    'SQLSTATE for a type',
    { ...said('error: dup', ...APP), type: '23505' },
    { ...said('error: dup', ...APP), type: 'DatabaseError', code: '23505' },
  ],
  [
    'code in the header',
    said('TypeError [ERR_X]: bad', ...APP),
    { ...said('TypeError [ERR_X]: bad', ...APP), type: 'ERR_X' },
  ],
  ['no type at all', said('RangeError: x', ...APP), { ...said('RangeError: x', ...APP), type: '' }],
  [
    'depth of recursion',
    said('Error: x', 'load (/app/a.js:1:2)', 'load (/app/a.js:1:2)', 'main (/app/a.js:9:1)'),
    said('Error: x', ...Array<string>(7).fill('load (/app/a.js:1:2)'), 'main (/app/a.js:9:1)'),
  ],
  [
    'depth of mutual recursion',
    said(
      'Error: x',
      'load (/app/a.js:1:2)',
      'find (/app/a.js:2:2)',
      'load (/app/a.js:1:2)',
      'find (/app/a.js:2:2)',
      'main (/app/a.js:9:1)',
    ),
    said('Error: x', 'load (/app/a.js:1:2)', 'find (/app/a.js:2:2)', 'main (/app/a.js:9:1)'),
  ],
  [
    'version of a package',
    said('Error: x', ...APP),
    said('Error: x', 'q (/app/node_modules/pg/a.js:1:2)', ...APP),
  ],
  [
    'build of a bundle',
    said('Error: x', 'a.b (/app/dist/main.3f2a9c1b.js:1:2345)'),
    said('Error: x', 'c.d (/app/dist/main.77aa9c1b.js:1:3456)'),
  ],
  [
    'class that has no name of its own: the header of its stack is what all tell',
    { ...said('Error: x', ...APP), type: 'Error' },
    { ...said('Error: x', ...APP), type: 'NotFound' },
  ],
  [
    'names of one or two letters, which a minifier gives to others with the next build',
    said('Error: x', 'f (/app/a.js:1:2)'),
    said('Error: x', 'g (/app/a.js:1:2)'),
  ],
  [
    'no frames, other values',
    { type: 'Error', message: 'order 17 late' },
    { type: 'Error', message: 'order 18 late' },
  ],
  ['one peer by both names of this host', refused('127.0.0.1:5432'), refused('::1:5432')],
  [
    'one peer, which only a span names',
    refused('10.0.0.7:5432', 'db:5432'),
    refused('10.0.0.7:5432'),
  ],
  [
    'span',
    { kind: 'span', failure: ['SERVER', '/a', '500'], message: 'x' },
    { kind: 'span', failure: ['SERVER', '/a', '500'], message: 'y' },
  ],
  ['log', { kind: 'log', template: 'order 17 late' }, { kind: 'log', template: 'order 18 late' }],
  [
    'log with a stack as its body',
    { kind: 'log', template: stackOf('cannot save: TypeError: x', ...APP) },
    said('TypeError: x', ...APP),
  ],
]

const DIFFERENT: Pair[] = [
  ['function', said('Error: x', 'load (/app/a.js:1:2)'), said('Error: x', 'find (/app/a.js:1:2)')],
  ['file', said('Error: x', 'load (/app/a.js:1:2)'), said('Error: x', 'load (/app/b.js:1:2)')],
  [
    'caller',
    said('Error: x', 'load (/app/a.js:1:2)', 'find (/app/a.js:9:2)'),
    said('Error: x', 'load (/app/a.js:1:2)', 'serve (/app/a.js:9:2)'),
  ],
  ['class', said('TypeError: x', ...APP), said('RangeError: x', ...APP)],
  [
    'SQLSTATE',
    { ...said('error: x', ...APP), type: '23505' },
    { ...said('error: x', ...APP), type: '23503' },
  ],
  [
    'message without named frames',
    said('Error: a', '/app/a.js:1:2'),
    said('Error: b', '/app/a.js:1:2'),
  ],
  ['message without frames', { type: 'Error', message: 'a' }, { type: 'Error', message: 'b' }],
  ['port of the peer', refused('127.0.0.1:5432'), refused('127.0.0.1:6379')],
  [
    'host of the peer',
    { ...said('Error: getaddrinfo ENOTFOUND db', REFUSED), type: 'ENOTFOUND' },
    { ...said('Error: getaddrinfo ENOTFOUND cache', REFUSED), type: 'ENOTFOUND' },
  ],
  [
    'peer where the message names none',
    { ...said('Error: socket hang up', REFUSED), type: 'ECONNRESET', peer: 'a:80' },
    { ...said('Error: socket hang up', REFUSED), type: 'ECONNRESET', peer: 'b:80' },
  ],
  [
    'root cause',
    {
      type: 'Error',
      message: 'a: b',
      stack: `${stackOf('Error: a', ...APP)}\ncaused by: ${stackOf('Error: b', 'load (/app/f.js:1:2)')}`,
    },
    {
      type: 'Error',
      message: 'a: b',
      stack: `${stackOf('Error: a', ...APP)}\ncaused by: ${stackOf('Error: b', 'find (/app/g.js:1:2)')}`,
    },
  ],
  [
    'service',
    { ...said('Error: x', ...APP), service: 'a' },
    { ...said('Error: x', ...APP), service: 'b' },
  ],
  [
    'tenant',
    { ...said('Error: x', ...APP), tenant: 'a' },
    { ...said('Error: x', ...APP), tenant: 'b' },
  ],
  [
    'names that run together',
    { ...said('Error: x', ...APP), namespace: 'a', service: 'bc' },
    { ...said('Error: x', ...APP), namespace: 'ab', service: 'c' },
  ],
  [
    'severity of a log',
    { kind: 'log', template: 'x', severity: 17 },
    { kind: 'log', template: 'x', severity: 21 },
  ],
  [
    'logger',
    { kind: 'log', template: 'x', module: 'a' },
    { kind: 'log', template: 'x', module: 'b' },
  ],
  [
    'route',
    { kind: 'span', failure: ['SERVER', '/a', '500'] },
    { kind: 'span', failure: ['SERVER', '/b', '500'] },
  ],
]

t.test('cases of one fault have one hash', async (t) => {
  for (const [reason, one, other] of SAME) t.equal(take(one).hash, take(other).hash, reason)
})

t.test('different faults have different hashes', async (t) => {
  for (const [reason, one, other] of DIFFERENT) t.not(take(one).hash, take(other).hash, reason)
})

t.test('what went into a group and what did not is told, with the reason', async (t) => {
  const { why } = take(said('Error: x 1', 'f (/app/a.min.js:1:2345)', REFUSED))
  t.match(why, [
    { kind: 'class', value: 'Error', isUsed: true },
    { kind: 'frame', value: 'a.min.js', isUsed: true, hint: /^unmapped minified stack/ },
    { kind: 'frame', isUsed: false, hint: 'of the runtime' },
    { kind: 'message', value: 'x <int>', isUsed: true, hint: /no frame/ },
  ])
})

t.test('an application and rules say what a group is, rules first', async (t) => {
  const error = said('ChunkLoadError: Loading chunk 17 failed', ...APP)
  const plain = take(error)
  t.equal(take({ ...error, explicit: '{{ default }}' }).hash, plain.hash)
  const mine = take({ ...error, explicit: 'mine' })
  t.not(mine.hash, plain.hash)
  t.equal(mine.hash, take({ ...said('Error: y'), explicit: 'mine' }).hash)
  t.not(take({ ...error, explicit: '{{ default }} b' }).hash, mine.hash)
  t.equal(mine.innermost, plain.innermost)
  const rules = compileRules(
    [
      { match: { class: 'Chunk*', path: 'src/*' }, fingerprint: ['chunk'] },
      {
        match: { class: '*' },
        fingerprint: ['{{ default }}', '{{ attribute.shop }}'],
      },
    ],
    [{ path: 'src/server.js', isInApp: false }],
  )
  const ruled = take({ ...error, explicit: 'mine' }, rules)
  t.match(ruled.why[0], { kind: 'rule', value: 'chunk', hint: /class:Chunk\*/ })
  const shop = (name: string) => take({ ...said('Error: x', ...APP), attribute: () => name }, rules)
  t.not(shop('a').hash, shop('b').hash)
  t.match(shop('a').exceptions[0]?.frames, [{ isInApp: true }, { isInApp: false }])
})
