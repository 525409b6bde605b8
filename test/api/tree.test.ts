import t from 'tap'
import { buildTree, type TreeNode, type TreeSpan } from '../../collector/api/tree'

type Row = [id: string, parent: string | null, start: number | null, end: number | null]

const span = ([spanId, parentSpanId, start, end]: Row): TreeSpan => ({
  spanId,
  parentSpanId,
  startTimeUnixNano: start === null ? null : String(start),
  endTimeUnixNano: end === null ? null : String(end),
})

/** `id:self(children)`, a missing parent with a question mark. */
function sketch(nodes: readonly TreeNode<TreeSpan>[]): string {
  return nodes
    .map(({ spanId, span, selfTimeNs, children }) => {
      const below = children.length > 0 ? `(${sketch(children)})` : ''
      return span === null ? `${spanId}?${below}` : `${spanId}:${selfTimeNs ?? '-'}${below}`
    })
    .join(' ')
}

const CASES: [string, Row[], string][] = [
  ['no spans make no tree', [], ''],
  ['a root alone has all its time to itself', [['a', null, 0, 10]], 'a:10'],
  [
    'a child takes its time from the parent',
    [
      ['a', null, 0, 10],
      ['b', 'a', 2, 5],
    ],
    'a:7(b:3)',
  ],
  [
    'children come in order of start, whatever the order they were sent in',
    [
      ['c', 'a', 7, 8],
      ['b', 'a', 2, 5],
      ['a', null, 0, 10],
    ],
    'a:6(b:3 c:1)',
  ],
  [
    'overlapping children are subtracted once',
    [
      ['a', null, 0, 10],
      ['b', 'a', 1, 6],
      ['c', 'a', 4, 8],
      ['d', 'a', 2, 3],
    ],
    'a:3(b:5 d:1 c:4)',
  ],
  [
    'a child that outlives its parent is cut at the parent’s end',
    [
      ['a', null, 0, 10],
      ['b', 'a', 8, 100],
    ],
    'a:8(b:92)',
  ],
  [
    'children wholly after or before their parent take nothing from it',
    [
      ['a', null, 10, 20],
      ['b', 'a', 1, 5],
      ['c', 'a', 30, 40],
    ],
    'a:10(b:4 c:10)',
  ],
  [
    'a child that begins before its parent is cut at the parent’s start',
    [
      ['a', null, 10, 20],
      ['b', 'a', 5, 15],
    ],
    'a:5(b:10)',
  ],
  [
    'grandchildren take from their own parent only',
    [
      ['a', null, 0, 10],
      ['b', 'a', 0, 10],
      ['c', 'b', 0, 4],
    ],
    'a:0(b:6(c:4))',
  ],
  [
    'a span without an end, a start, or in reverse has no self time and takes none',
    [
      ['a', null, 0, 10],
      ['b', 'a', 2, null],
      ['c', 'a', null, 5],
      ['d', 'a', 9, 8],
    ],
    'a:10(b:- c:- d:-)',
  ],
  [
    'orphans of one parent are shown together below it, in order of time among the roots',
    [
      ['r', null, 5, 10],
      ['b', 'x', 7, 8],
      ['a', 'x', 1, 2],
      ['c', 'y', 20, 21],
    ],
    'x?(a:1 b:1) r:5 y?(c:1)',
  ],
  [
    'several roots stay several',
    [
      ['b', null, 5, 6],
      ['a', null, 1, 2],
    ],
    'a:1 b:1',
  ],
  ['a span that is its own parent becomes a root', [['a', 'a', 0, 10]], 'a:10'],
  [
    'a circle is cut above its earliest span',
    [
      ['b', 'a', 2, 4],
      ['a', 'c', 1, 9],
      ['c', 'b', 3, 4],
    ],
    'a:6(b:1(c:1))',
  ],
  [
    'what hangs below a circle is kept, even when it began before',
    [
      ['d', 'b', 0, 1],
      ['a', 'b', 1, 9],
      ['b', 'a', 2, 4],
    ],
    'a:6(b:2(d:1))',
  ],
  [
    'a span id sent twice is two nodes, children hang on the earlier',
    [
      ['r', null, 0, 10],
      ['a', 'r', 3, 4],
      ['a', 'r', 1, 5],
      ['b', 'a', 3, 4],
    ],
    'r:6(a:3(b:1) a:1)',
  ],
  [
    'a server span that shares the id of its client and names it as parent hangs below it',
    [
      ['a', null, 0, 10],
      ['a', 'a', 2, 6],
    ],
    'a:6(a:4)',
  ],
]

for (const [title, rows, expected] of CASES) {
  t.test(title, (t) => {
    t.equal(sketch(buildTree(rows.map(span))), expected)
    t.equal(sketch(buildTree(rows.toReversed().map(span))), expected, 'in reverse order of arrival')
    t.end()
  })
}

t.test('nanoseconds far beyond 2^53 stay exact', (t) => {
  const start = 1_700_000_000_123_456_789n
  const [root] = buildTree([
    {
      spanId: 'a',
      parentSpanId: null,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 3n),
    },
    {
      spanId: 'b',
      parentSpanId: 'a',
      startTimeUnixNano: String(start + 1n),
      endTimeUnixNano: String(start + 2n),
    },
  ])
  t.equal(root?.selfTimeNs, 2n)
  t.end()
})

t.test(
  'a chain of 100,000 spans, and one bent into a circle, are placed without recursion',
  (t) => {
    const DEPTH = 100_000
    const chain = Array.from({ length: DEPTH }, (_, i) =>
      span([String(i), i === 0 ? null : String(i - 1), i, 2 * DEPTH - i]),
    )
    const depthOf = (roots: readonly TreeNode<TreeSpan>[]) => {
      let deepest = 0
      const stack = [...roots]
      for (let node = stack.pop(); node; node = stack.pop()) {
        deepest = Math.max(deepest, node.depth)
        stack.push(...node.children)
      }
      return deepest
    }
    t.equal(depthOf(buildTree(chain)), DEPTH - 1)
    const circle = [span(['0', String(DEPTH - 1), 0, 2 * DEPTH]), ...chain.slice(1)]
    const roots = buildTree(circle)
    t.equal(roots.length, 1)
    t.equal(depthOf(roots), DEPTH - 1)
    t.end()
  },
)
