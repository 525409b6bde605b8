import { join } from 'node:path'
import t from 'tap'
import { addSpanEvent, addSpanTag, traceOperation } from '../../instrumentation/index'
import { install, launch } from './application'
import { CLIENT, type ReceivedSpan, startReceiver } from './receiver'

t.setTimeout(240_000)

t.test(
  'operations are traced with their module, kind, nesting, tags, events and errors',
  async (t) => {
    const receiver = await startReceiver(t)
    const folder = install(t, 'operation.cjs')
    const ended = await launch(t, join(folder, 'operation.cjs'), {
      cwd: folder,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    }).ended
    t.same(ended, { code: 0, signal: null, stdout: '42\ncard declined\nSyntaxError\n', stderr: '' })
    const named = (name: string): ReceivedSpan => {
      const span = receiver.spans.find((span) => span.name === name)
      if (span === undefined) throw new Error(`no span ${name}`)
      return span
    }
    t.match(named('add'), {
      kind: 1,
      scope: 'sidelight',
      attributes: { module: 'maths', operands: 2 },
      events: [{ name: 'carried', attributes: { digits: 1 } }],
    })
    t.match(named('charge'), { kind: CLIENT, attributes: { module: 'payments' } })
    t.equal(named('sign').parentSpanId, named('charge').spanId, 'parent and child across an await')
    t.match(named('decline'), {
      status: { code: 2, message: 'card declined' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }],
    })
    t.equal(named('parse').status.code, 2, 'thrown synchronously')
    t.equal(receiver.spans.length, 5)
  },
)

t.test('without the bootstrap operations just run', async (t) => {
  t.equal(
    traceOperation('add', 'maths', (span) => {
      addSpanTag(span, 'operands', 2)
      addSpanEvent(span.spanId, 'carried')
      return 42
    }),
    42,
  )
  t.equal(await traceOperation('wait', 'maths', async () => 42), 42)
  const error = new Error('expected')
  t.throws(
    () =>
      traceOperation('fail', 'maths', () => {
        throw error
      }),
    error,
  )
  await t.rejects(
    traceOperation('fail', 'maths', () => Promise.reject(error)),
    error,
  )
})
