/** Handlers of Fastify and Koa wrapped with `withMonitoring`: the frameworks answer for them as without. */
import { join } from 'node:path'
import t from 'tap'
import { withMonitoring } from '../../instrumentation/index'
import { ROOT } from './application'
import { serve } from './served'

t.setTimeout(240_000)

const sidelight = join(ROOT, 'dist', 'instrumentation', 'index.js')
const FRAMEWORKS = { fastify: { fastify: 'fastify' }, koa: { Koa: 'koa' } } as const
const headers = { 'x-request-id': 'r-1', 'user-agent': 'curl/8' }
const PATHS = ['/context?a=b', '/sends', '/returns', '/fails', '/throws', '/refuses']

for (const [name, packages] of Object.entries(FRAMEWORKS)) {
  for (const libraries of ['current', 'older'] as const) {
    t.test(`${name}, ${libraries}: answers are its own, and say which request`, async (t) => {
      const { answers, spans, logs, stderr } = await serve(
        t,
        {
          routes: 'monitored-by-framework.cjs',
          packages: { ...packages, sidelight },
          libraries,
          kind: 'cjs',
        },
        PATHS.map((path) => ({ path, headers })),
      )
      t.same(
        answers.map(({ status, headers: answered }) => [status, answered['x-request-id']]),
        [200, 201, 200, 500, 500, 404].map((status) => [status, 'r-1']),
      )
      t.match(JSON.parse(answers[0]?.body ?? ''), {
        requestId: 'r-1',
        method: 'GET',
        path: '/context',
        ip: '127.0.0.1',
        userAgent: 'curl/8',
      })
      t.same(JSON.parse(answers[1]?.body ?? ''), { url: '/sends' })
      t.same(JSON.parse(answers[2]?.body ?? ''), { ok: true })
      const messages = spans.map(
        ({ events }) => new Set(events.map(({ attributes }) => attributes['exception.message'])),
      )
      t.same(
        messages.map((each) => [...each]),
        [[], [], [], ['the database is on fire'], ['at once'], []],
      )
      t.ok(spans.every(({ attributes }) => attributes['request.id'] === 'r-1'))
      t.same(
        logs
          .filter(({ eventName, scope }) => eventName === '' && scope === 'sidelight')
          .map(({ body }) => body),
        [
          'GET /context 200',
          'GET /sends 201',
          'GET /returns 200',
          'GET /fails 500',
          'GET /throws 500',
          'GET /refuses 404',
        ],
      )
      t.equal(stderr, '')
    })
  }
}

t.test('what is returned to who waits for no Response stays as it is', async (t) => {
  const answer = { ok: true }
  const handler = withMonitoring((_: Request) => answer as unknown as Response)
  t.equal(await handler({} as Request), answer)
})
