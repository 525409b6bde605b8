import t from 'tap'
import { children, traceDatabase, type Tree } from './databases'

t.setTimeout(240_000)

for (const libraries of ['current', 'older'] as const) {
  t.test(`calls of gRPC are one trace of client and server (${libraries})`, async (t) => {
    const run = (bootstrapped: boolean) =>
      traceDatabase(t, 'grpc-calls.cjs', libraries, {}, bootstrapped)
    const { trees, spans, points, stdout } = await run(true)
    const outcomes = (text: string) => text.replace(/metadata 0 (?:true|false)/, 'metadata 0')
    t.equal(outcomes(stdout), outcomes((await run(false)).stdout), 'answers are as without')
    t.match(
      stdout,
      /metadata 0 true 7/,
      'handlers and their listeners run in the context of the call',
    )
    const shapes = Object.fromEntries(trees.map((tree) => [tree.name, children(tree)]))
    t.same(
      Object.fromEntries(
        Object.entries(shapes).map(([name, [call]]) => {
          const shape = shapeOf(call)
          // The server may hear that the client has given up before its own clock says so.
          return [name, name === 'deadline' ? shape.slice(0, 3) : shape]
        }),
      ),
      {
        place: ['shop.Orders/Place', 'OK', false, 'OK', false],
        promisified: ['shop.Orders/Place', 'OK', false, 'OK', false],
        fail: ['shop.Orders/Fail', 'UNKNOWN', true, 'UNKNOWN', true],
        refuse: ['shop.Orders/Refuse', 'NOT_FOUND', true, 'NOT_FOUND', false],
        deadline: ['shop.Orders/Hang', 'DEADLINE_EXCEEDED', true],
        missing: ['shop.Orders/Missing', 'UNIMPLEMENTED', true, 'UNIMPLEMENTED', true],
        cancel: ['shop.Orders/Hang', 'CANCELLED', true, 'CANCELLED', false],
        upload: ['shop.Orders/Upload', 'OK', false, 'OK', false],
        list: ['shop.Orders/List', 'OK', false, 'OK', false],
        chat: ['shop.Orders/Chat', 'OK', false, 'OK', false],
      },
    )
    t.match(shapes['deadline']?.[0]?.children[0]?.attributes, {
      'rpc.response.status_code': /^(DEADLINE_EXCEEDED|CANCELLED)$/,
    })
    t.equal(spans.length, 10 + 10 + 10, 'nothing else')
    t.match(shapes['place']?.[0], {
      kind: 3,
      attributes: {
        'rpc.system.name': 'grpc',
        'server.address': '127.0.0.1',
        'server.port': Number,
      },
      children: [{ kind: 2, attributes: { 'network.peer.address': '127.0.0.1' } }],
    })
    t.match(shapes['fail']?.[0]?.children[0]?.events, [
      { name: 'exception', attributes: { 'exception.message': 'out of stock' } },
    ])
    for (const side of ['client', 'server']) {
      const counts = points.filter(({ metric }) => metric === `rpc.${side}.call.duration`)
      t.equal(
        counts.reduce((sum, { count = 0 }) => sum + count, 0),
        10,
      )
    }
    t.notMatch(JSON.stringify(spans), /secret/)
  })
}

/** Method, status and failure of the client's span, then status and failure of the server's. */
function shapeOf(call: Tree | undefined) {
  if (call === undefined) return []
  const of = ({ attributes, status }: Tree) => [
    attributes['rpc.response.status_code'],
    status.code === 2,
  ]
  return [call.name, ...of(call), ...call.children.flatMap(of)]
}
