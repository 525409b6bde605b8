import t from 'tap'
import { children, traceDatabase } from './databases'
import { startMongodb } from './mongodb'

t.setTimeout(240_000)

for (const libraries of ['current', 'older'] as const) {
  t.test(`commands of mongodb are spans of their callers (${libraries})`, async (t) => {
    const { url, port } = await startMongodb(t)
    const run = (bootstrapped: boolean) =>
      traceDatabase(t, 'mongodb-calls.cjs', libraries, { APP_MONGODB_URL: url }, bootstrapped)
    const { trees, spans, stdout } = await run(true)
    t.equal(stdout, (await run(false)).stdout, 'results and errors are as without the bootstrap')
    const shapes = Object.fromEntries(trees.map((tree) => [tree.name, children(tree)]))
    t.match(shapes, SHAPES)
    t.match(shapes['insert']?.[0]?.attributes, { 'server.port': port })
    for (let index = 0; index < 100; index += 1) {
      t.same(
        shapes[`request ${index}`]?.map(({ name }) => name),
        ['find users'],
        `one command under request ${index}`,
      )
    }
    const commands = spans.filter(({ scope }) => scope === 'sidelight/mongodb')
    t.equal(commands.length, 112, 'none of what the driver does on its own')
    t.ok(commands.every(({ parentSpanId }) => parentSpanId !== ''))
    t.notMatch(JSON.stringify(spans), /secret/)
  })
}

t.test('an imported mongodb is traced', async (t) => {
  const { url } = await startMongodb(t)
  for (const libraries of ['current', 'older'] as const) {
    const { trees, stdout } = await traceDatabase(t, 'mongodb-calls.mjs', libraries, {
      APP_MONGODB_URL: url,
    })
    t.equal(stdout, '1\n')
    t.match(trees.map(children), [[{ name: 'find users' }]])
  }
})

/** What is below the caller of each call. */
const SHAPES: Record<string, unknown> = {
  insert: [
    {
      name: 'insert users',
      kind: 3,
      attributes: {
        'db.system.name': 'mongodb',
        'db.namespace': 'shop',
        'db.operation.name': 'insert',
        'db.collection.name': 'users',
        'server.address': '127.0.0.1',
      },
    },
  ],
  many: [{ name: 'insert users', attributes: { 'db.operation.batch.size': 2 } }],
  find: [{ name: 'find users' }, { name: 'getMore users' }],
  update: [{ name: 'update users' }],
  aggregate: [{ name: 'aggregate users' }, { name: 'getMore users' }],
  bulk: [{ name: 'insert users' }, { name: 'delete users' }],
  duplicate: [
    {
      name: 'insert users',
      status: { code: 2 },
      attributes: { 'db.response.status_code': '11000', 'error.type': '11000' },
    },
  ],
  refused: [
    {
      name: 'fail',
      status: { code: 2 },
      attributes: { 'db.response.status_code': '59' },
      events: [{ name: 'exception' }],
    },
  ],
  session: [{ name: 'find users' }],
}
