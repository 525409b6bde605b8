import t, { type Test } from 'tap'
import { BOOTSTRAP, launch, stage } from './application'
import { type ReceivedLog, startReceiver } from './receiver'

t.setTimeout(240_000)

for (const libraries of ['current', 'older'] as const) {
  t.test(`lines of pino are sent as pino writes them (${libraries})`, async (t) => {
    const { logs, traceId } = await compared(t, 'pino.cjs', libraries)
    const here = { region: 'eu', pid: 7 }
    const stack = (message: string) => new RegExp(`^\\w*Error: ${message}\\n`)
    const expected: [string, number, string, object][] = [
      ['outside', 9, 'info', here],
      ['took order', 9, 'info', { ...here, order: 17, paid: true, ratio: 0.5 }],
      [
        'nested',
        13,
        'warn',
        { ...here, part: 'cart', tags: ['a', 'b'], item: 4, nested: { deep: { at: 1 } } },
      ],
      ['bound later', 9, 'info', { ...here, part: 'cart', tags: ['a', 'b'], later: 1 }],
      [
        'cannot pay',
        17,
        'error',
        {
          ...here,
          'exception.type': 'TypeError',
          'exception.message': 'cannot pay',
          'exception.stacktrace': /^TypeError: cannot pay\n[^]*\ncaused by: Error: card refused\n/,
        },
      ],
      [
        'stopping',
        21,
        'fatal',
        {
          ...here,
          order: 18,
          'exception.type': 'Error',
          'exception.message': 'gone',
          'exception.code': 'E_GONE',
          'exception.stacktrace': stack('gone'),
        },
      ],
      [
        'redacted',
        9,
        'info',
        {
          ...here,
          password: '[Redacted]',
          user: { token: '[Redacted]', name: 'ann' },
          any: { secret: '[Redacted]', kept: 1 },
          list: [{ key: '[Redacted]' }, { key: '[Redacted]' }],
          'exception.type': 'Error',
          'exception.message': '[Redacted]',
          'exception.stacktrace': '[Redacted]',
        },
      ],
      [
        'removed',
        9,
        'info',
        {
          ...here,
          user: { name: 'ann' },
          any: { kept: 1 },
          list: [{}, {}],
          err: { type: 'Error' },
        },
      ],
      [
        'censored',
        9,
        'info',
        {
          ...here,
          password: '#password',
          user: { token: '#user.token', name: 'ann' },
          any: { secret: '#Symbol(pino.wildcardFirst).secret', kept: 1 },
          list: [],
        },
      ],
      ['redacted bindings', 9, 'info', { ...here, password: '[Redacted]', user: 'ann' }],
      ['[Redacted]', 9, 'info', here],
      ['serialized', 9, 'info', { ...here, user: 'ann', err: 'an error' }],
      ['formatted', 9, 'info', { ...here, kept: 1 }],
      ['under a key', 9, 'info', { ...here, payload: { a: 1 } }],
      ['keys', 17, 'error', { ...here, 'exception.type': 'Error', 'exception.message': 'keys' }],
      ['mixed in', 9, 'info', { ...here, tenant: 'acme', a: 1 }],
      ['of a level of its own', 11, 'audit', here],
      ['bare', 9, 'info', {}],
      ['own', 9, 'info', { ...here, when: '1970-01-01T00:00:00.000Z', big: true }],
    ]
    const sent = logs.filter(({ scope }) => scope === 'sidelight/pino')
    t.strictSame(
      sent.map(({ body }) => body),
      expected.map(([body]) => body),
      'each once, and none of a level that is not enabled',
    )
    for (const [index, [body, severityNumber, severityText, attributes]] of expected.entries()) {
      t.match(sent[index], { severityNumber, severityText, attributes }, body)
      const others = Object.keys(sent[index]?.attributes ?? {}).filter(
        (name) => !(name in attributes) && name !== 'exception.stacktrace',
      )
      t.strictSame(others, [], `nothing else: ${body}`)
      t.equal(sent[index]?.traceId, index === 0 ? '' : traceId)
    }
    // Folders of tests have random names, which may look like a secret.
    const told = logs.map(({ body, attributes }) => ({ body, attributes }))
    t.notMatch(JSON.stringify(told), /"S\d+|S\d+\\n|S\d+"/, 'nothing redacted has left the process')
  })

  t.test(`a line is sent once, whatever writes it (${libraries})`, async (t) => {
    const { logs, traceId } = await compared(t, 'pino.mjs', libraries)
    t.strictSame(
      logs.map(({ body, severityText, traceId }) => [body, severityText, traceId]),
      [
        ['from a worker', 'info', traceId],
        ['for both', 'error', traceId],
        ['for one', 'info', traceId],
      ],
    )
    t.match(logs[0]?.attributes, { order: 17 })
  })
}

t.test('OTEL_NODE_DISABLED_INSTRUMENTATIONS=pino leaves pino alone', async (t) => {
  for (const libraries of ['current', 'older'] as const) {
    const receiver = await startReceiver(t)
    const { stdout } = await start(t, 'pino.mjs', libraries, {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pino',
    })
    t.equal(stdout, '{"level":30,"order":17,"msg":"from a worker"}\n')
    t.strictSame(receiver.logs, [])
  }
})

/** Runs an application with and without the bootstrap, which makes no difference to what it writes but for the ids. */
async function compared(t: Test, app: string, libraries: 'current' | 'older') {
  const receiver = await startReceiver(t)
  const traced = await start(t, app, libraries, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const plain = await launch(t, stage(t, app, libraries), { flags: [] }).ended
  t.equal(traced.code, 0)
  t.equal(traced.stderr, plain.stderr)
  t.equal(withoutStacks(traced.stdout.replaceAll(IDS, '')), withoutStacks(plain.stdout))
  const span = await receiver.span(({ name }) => name === 'work', 'the span of the application')
  const ids = [...traced.stdout.matchAll(IDS)].map((match) => match[1])
  t.ok(ids.length > 0)
  t.ok(ids.every((id) => id === span.traceId))
  const logs: readonly ReceivedLog[] = receiver.logs
  return { logs, traceId: span.traceId }
}

async function start(t: Test, app: string, libraries: 'current' | 'older', env: NodeJS.ProcessEnv) {
  const flags = ['--require', BOOTSTRAP]
  return launch(t, stage(t, app, libraries), { flags, env }).ended
}

const IDS = /,"trace_id":"([0-9a-f]{32})","span_id":"[0-9a-f]{16}","trace_flags":"01"/g

/** Frames tell where the application lies, and that a span was active. */
function withoutStacks(lines: string): string {
  return lines.replaceAll(/(?:\\n {4}at [^"]*)+/g, '')
}
