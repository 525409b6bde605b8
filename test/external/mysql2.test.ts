import t, { type Test } from 'tap'
import { children, traceDatabase } from '../instrumentation/databases'
import { startMariadb } from './servers'

t.setTimeout(240_000)

t.test('queries of mysql2 on a MariaDB are spans of their callers in every form', async (t) => {
  for (const libraries of ['current', 'older'] as const) {
    const { trees, spans, traced, plain } = await runCalls(t, libraries)
    t.equal(
      traced,
      plain,
      `results, errors and contexts are as without the bootstrap (${libraries})`,
    )
    const shapes = Object.fromEntries(trees.map((tree) => [tree.name, children(tree)]))
    t.match(shapes, SHAPES)
    for (let index = 0; index < 100; index += 1) {
      t.same(
        shapes[`request ${index}`]?.map(({ name }) => name),
        ['SELECT', 'SELECT', 'SELECT'],
        `three queries under request ${index}`,
      )
    }
    const queries = spans.filter(({ scope }) => scope === 'sidelight/mysql2')
    t.equal(queries.length, 312, 'no other span')
    t.ok(queries.every(({ parentSpanId }) => parentSpanId !== ''))
    t.notMatch(JSON.stringify(spans), /secret|password/)
  }
})

t.test('an imported mysql2 is traced', async (t) => {
  const server = await startMariadb(t)
  for (const libraries of ['current', 'older'] as const) {
    const { trees, stdout } = await traceDatabase(t, 'mysql2-calls.mjs', libraries, {
      APP_MYSQL: JSON.stringify(server),
    })
    t.equal(stdout, '42\n')
    t.match(trees.map(children), [[{ name: 'SELECT', attributes: { 'db.namespace': 'shop' } }]])
  }
})

/** What is below the caller of each form. */
const SHAPES: Record<string, unknown> = {
  create: [{ name: 'CREATE TABLE users' }],
  text: [
    {
      name: 'INSERT users',
      attributes: {
        'db.system.name': 'mysql',
        'db.namespace': 'shop',
        'db.operation.name': 'INSERT',
        'db.collection.name': 'users',
        'db.query.text': 'insert into users values (?, ?)',
        'server.address': '127.0.0.1',
        'server.port': Number,
      },
    },
  ],
  values: [{ attributes: { 'db.query.text': 'insert into users values (?, ?)' } }],
  execute: [{ attributes: { 'db.query.text': 'select name from users where id = ?' } }],
  prepared: [{ attributes: { 'db.query.text': 'select id from users where name = ?' } }],
  stream: [{ name: 'SELECT users', status: {} }],
  events: [{ name: 'SELECT nowhere', status: { code: 2 } }],
  several: [{ name: 'SELECT', attributes: { 'db.operation.batch.size': 2 } }],
  missing: [
    {
      name: 'SELECT nowhere',
      status: { code: 2 },
      attributes: { 'db.response.status_code': '1146', 'error.type': '1146' },
      events: [{ name: 'exception' }],
    },
  ],
  promise: [{ attributes: { 'db.query.text': 'select id from users where name = ?' } }],
  'promise execute': [{ name: 'SELECT users' }],
  refused: [{ name: 'connect', attributes: { 'error.type': 'ECONNREFUSED', 'server.port': 1 } }],
}

async function runCalls(t: Test, libraries: 'current' | 'older') {
  const server = await startMariadb(t)
  const run = async (bootstrapped: boolean) => {
    const env = { APP_MYSQL: JSON.stringify(server) }
    const ended = await traceDatabase(t, 'mysql2-calls.cjs', libraries, env, bootstrapped)
    await traceDatabase(t, 'mysql2-drop.cjs', libraries, env, false)
    return ended
  }
  const traced = await run(true)
  const plain = await run(false)
  return { ...traced, traced: traced.stdout, plain: plain.stdout }
}
