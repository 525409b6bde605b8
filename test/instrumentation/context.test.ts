/** The context of requests: what is in it, who carries it, and that it costs nothing where there is none. */
import { join } from 'node:path'
import { setImmediate as immediate, setTimeout as later } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { contextAttributes } from '../../instrumentation/api/context'
import {
  correlationHeaders,
  currentContext,
  runInContext,
  updateContext,
} from '../../instrumentation/index'
import { BOOTSTRAP, launch, ROOT, stage } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

const SIDELIGHT = join(ROOT, 'dist', 'instrumentation', 'index.js')

t.test('a context follows async calls, each its own, and ends with them', async (t) => {
  t.equal(currentContext(), undefined)
  const seen = await Promise.all(
    ['a', 'b', 'c'].map((id) =>
      runInContext({ requestId: id, correlationId: `c-${id}` }, async () => {
        await immediate()
        if (id === 'b') updateContext({ userId: 'ann' })
        await later(id === 'a' ? 3 : 1)
        return currentContext()
      }),
    ),
  )
  t.strictSame(seen, [
    { requestId: 'a', correlationId: 'c-a' },
    { requestId: 'b', correlationId: 'c-b', userId: 'ann' },
    { requestId: 'c', correlationId: 'c-c' },
  ])
  t.equal(currentContext(), undefined)
  t.strictSame(contextAttributes(), {})
})

t.test('what runs in a context returns and throws as it would outside', async (t) => {
  const context = { requestId: 'r', correlationId: 'c' }
  t.equal(
    runInContext(context, () => 42),
    42,
  )
  const error = new Error('expected')
  t.throws(
    () =>
      runInContext(context, () => {
        throw error
      }),
    error,
  )
  await t.rejects(
    runInContext(context, () => Promise.reject(error)),
    error,
  )
  t.equal(currentContext(), undefined)
})

t.test('what becomes known later is known to all of the request, and to nobody else', (t) => {
  updateContext({ userId: 'nobody' })
  const outer = { requestId: 'r-1', correlationId: 'c-1', tenantId: 'acme' }
  runInContext(outer, () => {
    runInContext({ requestId: 'r-2', correlationId: 'c-1' }, () => {
      updateContext({ userId: 'inner' })
      t.strictSame(contextAttributes(), {
        'request.id': 'r-2',
        'correlation.id': 'c-1',
        'user.id': 'inner',
      })
    })
    updateContext({})
    t.strictSame(currentContext(), outer)
    updateContext({ userId: 'jürg', tenantId: 'umbrella' })
    t.match(currentContext(), { userId: 'jürg', tenantId: 'umbrella' })
    t.strictSame(correlationHeaders(), {
      'x-correlation-id': 'c-1',
      'x-user-id': 'j%C3%BCrg',
      'x-tenant-id': 'umbrella',
    })
  })
  t.strictSame(correlationHeaders(), {})
  t.end()
})

t.test('two copies of the package have the same context', async (t) => {
  const copy = t.mockRequire('../../instrumentation/api/context', {}) as {
    currentContext: typeof currentContext
  }
  t.not(copy.currentContext, currentContext)
  runInContext({ requestId: 'r', correlationId: 'c' }, () => {
    t.equal(copy.currentContext()?.requestId, 'r')
  })
})

const IDS = { requestId: 'r-1', correlationId: 'c"1', userId: 'ann', tenantId: 'acme' }
const SENT = {
  'request.id': 'r-1',
  'correlation.id': 'c"1',
  'user.id': 'ann',
  'tenant.id': 'acme',
}

for (const libraries of ['current', 'older'] as const) {
  t.test(`lines of loggers carry the ids, once (${libraries})`, async (t) => {
    await checkLines(t, libraries, {})
  })
}

t.test('lines sent through sdk-node carry them too', async (t) => {
  await checkLines(t, 'current', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })
})

async function checkLines(t: Test, libraries: 'current' | 'older', env: NodeJS.ProcessEnv) {
  const receiver = await startReceiver(t)
  const { code, stdout } = await launch(t, stage(t, 'context-lines.cjs', libraries), {
    flags: ['--require', BOOTSTRAP],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SIDELIGHT, ...env },
  }).ended
  t.equal(code, 1, 'by the error')
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const name of ['pino', 'winston', 'bunyan']) {
    const named = (what: string) =>
      lines.find(({ msg, message }) => (msg ?? message) === `${name} ${what}`) ?? {}
    t.notHas(named('outside'), { requestId: String }, name)
    t.match(named('inside'), { a: 1, ...IDS }, name)
    t.match(named('own'), { ...IDS, requestId: 'own' }, name)
    t.match(named('same'), { ...IDS, deep: { b: 2 } }, name)
    if (name !== 'winston') t.match(named('child'), { ...IDS, userId: 'bob' }, name)
    for (const line of stdout.split('\n')) {
      t.ok(line.split('"requestId":').length <= 2, 'none says it twice')
      t.ok(line.split('"userId":').length <= 2)
    }
    const sent = (what: string) =>
      receiver.logs.find(({ body }) => body === `${name} ${what}`)?.attributes ?? {}
    t.notHas(sent('outside'), { 'request.id': String }, name)
    t.match(sent('inside'), { a: 1, ...SENT }, name)
    t.notHas(sent('inside'), { requestId: String }, name)
    t.match(sent('own'), { ...SENT, requestId: 'own' }, name)
    t.match(sent('same'), { ...SENT, deep: { b: 2 } }, name)
    t.notHas(sent('same'), { requestId: String }, name)
  }
  t.ok(stdout.includes('\nprinted\n'), 'what is printed stays as it is')
  t.match(receiver.logs.find(({ body }) => body === 'printed')?.attributes, SENT)
  const uncaught = receiver.logs.find(({ eventName }) => eventName === 'exception')
  t.match(uncaught?.attributes, { 'exception.message': 'nobody catches this', ...SENT })
}
