import t from 'tap'
import { children, traceDatabase } from '../instrumentation/databases'
import { startRedisServer } from './servers'

t.setTimeout(240_000)

for (const library of ['redis', 'ioredis'] as const) {
  for (const libraries of ['current', 'older'] as const) {
    t.test(`commands of ${library} are spans of their callers (${libraries})`, async (t) => {
      const run = async (bootstrapped: boolean) => {
        const env = { APP_REDIS_URL: await startRedisServer(t), APP_LIBRARY: library }
        return traceDatabase(t, 'redis-calls.cjs', libraries, env, bootstrapped)
      }
      const { trees, spans, stdout } = await run(true)
      t.equal(stdout, (await run(false)).stdout, 'results and errors are as without the bootstrap')
      const shapes = Object.fromEntries(trees.map((tree) => [tree.name, children(tree)]))
      t.match(shapes, { ...SHAPES, ...OF_LIBRARY[library] })
      for (let index = 0; index < 100; index += 1) {
        t.match(shapes[`request ${index}`], [{ name: 'GET' }])
        t.equal(shapes[`request ${index}`]?.length, 1)
      }
      const commands = spans.filter(({ scope }) => scope === `sidelight/${library}`)
      t.notMatch(JSON.stringify(spans), /secret/)
      t.equal(commands.length, library === 'redis' ? COUNT.redis[libraries] : COUNT.ioredis)
      const roots = commands.filter(({ parentSpanId }) => parentSpanId === '')
      t.same(
        roots.map(({ name }) => name),
        library === 'ioredis' ? ['SUBSCRIBE', 'QUIT'] : [],
        'none of what the client does on its own',
      )
    })
  }
}

/** What is below the caller of each form. */
const SHAPES: Record<string, unknown> = {
  set: [
    {
      name: 'SET',
      attributes: {
        'db.system.name': 'redis',
        'db.namespace': '2',
        'db.operation.name': 'SET',
        'db.query.text': 'SET price ?',
        'server.address': '127.0.0.1',
        'server.port': Number,
      },
    },
  ],
  get: [{ name: 'GET', attributes: { 'db.query.text': 'GET price' } }],
  hash: [{ name: 'HSET', attributes: { 'db.query.text': 'HSET basket item ?' } }],
  raw: [{ name: 'GET' }],
  wrong: [
    {
      name: 'INCR',
      status: { code: 2 },
      attributes: { 'db.response.status_code': 'ERR', 'error.type': 'ERR' },
      events: [{ name: 'exception' }],
    },
  ],
  multi: [
    {
      name: 'MULTI',
      attributes: { 'db.operation.batch.size': 2, 'db.query.text': 'SET a ?\nGET a' },
    },
  ],
  unhandled: [{ name: 'INCR', status: { code: 2 } }],
  message: [{ name: 'PUBLISH' }],
}

const OF_LIBRARY: Record<string, Record<string, unknown>> = {
  redis: {},
  ioredis: {
    callback: [{ name: 'GET' }],
    pipeline: [{ name: 'PIPELINE SET', attributes: { 'db.operation.batch.size': 2 } }],
    closed: [{ name: 'GET', status: { code: 2 } }],
    refused: [{ name: 'GET', status: { code: 2 }, attributes: { 'server.port': 1 } }],
  },
}

/** All spans: those above, the hundred requests, and what the roots are. */
const COUNT = { redis: { current: 109, older: 108 }, ioredis: 114 }
