import t, { type Test } from 'tap'
import { withDatabase } from '../helpers/postgres'
import { children, type Tree, traceDatabase } from './databases'
import { CLIENT } from './receiver'

t.setTimeout(240_000)

const SCOPE = 'sidelight/pg'

for (const libraries of ['current', 'older'] as const) {
  t.test(`queries of pg are spans of their callers in every form (${libraries})`, async (t) => {
    const { trees, name, spans, plain, traced } = await runCalls(t, libraries)
    t.equal(traced, plain, 'results, errors and contexts are as without the bootstrap')
    const shapes = Object.fromEntries(trees.map((tree) => [tree.name, children(tree)]))
    t.match(shapes, SHAPES)
    t.equal('stream' in shapes, libraries === 'current')
    for (let index = 0; index < 100; index += 1) {
      t.same(
        shapes[`request ${index}`]?.map(({ name }) => name),
        ['SELECT', 'SELECT', 'SELECT'],
        `three queries under request ${index}`,
      )
    }
    const queries = spans.filter(({ scope }) => scope === SCOPE)
    t.equal(queries.length, 300 + (libraries === 'current' ? 13 : 12), 'no other span')
    t.ok(queries.every(({ kind }) => kind === CLIENT))
    t.ok(queries.every(({ parentSpanId }) => parentSpanId !== ''))
    t.notMatch(JSON.stringify(spans), /secret/)
    const text = queries.find((span) => span.attributes['db.operation.name'] === 'INSERT')
    t.match(text?.attributes, {
      'db.system.name': 'postgresql',
      'db.namespace': name,
      'db.collection.name': 'users',
      'server.address': '127.0.0.1',
      'server.port': Number,
    })
  })
}

t.test('an imported pg is traced', async (t) => {
  const database = await withDatabase(t, { migrated: false })
  for (const libraries of ['current', 'older'] as const) {
    const { trees, stdout } = await traceDatabase(t, 'pg-calls.mjs', libraries, {
      APP_DATABASE_URL: database.connectionString,
    })
    t.equal(stdout, '42\n')
    t.match(trees.map(children), [
      [{ name: 'SELECT', attributes: { 'db.namespace': database.name } }],
    ])
  }
})

/** What is below the caller of each form. */
const SHAPES: Record<string, unknown> = {
  create: [{ name: 'CREATE TABLE users', attributes: { 'db.operation.name': 'CREATE' } }],
  text: [
    { name: 'INSERT users', attributes: { 'db.query.text': 'insert into users values (?, ?)' } },
  ],
  values: [
    { name: 'INSERT users', attributes: { 'db.query.text': 'insert into users values ($1, $2)' } },
  ],
  named: [{ name: 'SELECT users' }],
  callback: [{ name: 'SELECT users', status: {} }],
  object: [{ name: 'SELECT', attributes: { 'db.query.text': 'select ? as one' } }],
  config: [{ name: 'SELECT' }],
  missing: [
    {
      name: 'SELECT nowhere',
      status: { code: 2, message: 'relation "nowhere" does not exist' },
      attributes: { 'db.response.status_code': '42P01', 'error.type': '42P01' },
      events: [{ name: 'exception' }],
    },
  ],
  nothing: [],
  several: [
    {
      name: 'SELECT',
      attributes: { 'db.operation.name': 'BATCH SELECT', 'db.operation.batch.size': 2 },
    },
  ],
  unhandled: [{ name: 'SELECT unhandled_table', status: { code: 2 } }],
  refused: [
    {
      name: 'connect',
      status: { code: 2 },
      attributes: { 'error.type': 'ECONNREFUSED', 'server.port': 1, 'db.namespace': 'shop' },
      events: [{ name: 'exception' }],
    },
  ],
  'refused client': [{ name: 'connect', attributes: { 'error.type': 'ECONNREFUSED' } }],
}

async function runCalls(t: Test, libraries: 'current' | 'older') {
  const env = libraries === 'current' ? { APP_STREAM: '1' } : {}
  const runs = []
  for (const bootstrapped of [true, false]) {
    const { connectionString, name } = await withDatabase(t, { migrated: false })
    const run = await traceDatabase(
      t,
      'pg-calls.cjs',
      libraries,
      { APP_DATABASE_URL: connectionString, ...env, ...(bootstrapped ? {} : { APP_EXPECTED: '' }) },
      bootstrapped,
    )
    runs.push({ ...run, name })
  }
  const [traced, plain] = runs as [Run, Run]
  return { ...traced, traced: traced.stdout, plain: plain.stdout }
}

type Run = Awaited<ReturnType<typeof traceDatabase>> & { name: string; trees: Tree[] }
