import t, { type Test } from 'tap'
import { BOOTSTRAP, launch, stage, NODE_VERSION } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

type Expected = readonly [body: string, severity: number, level: string, attributes: object]

for (const libraries of ['current', 'older'] as const) {
  t.test(`records of bunyan are sent if a stream takes them (${libraries})`, async (t) => {
    const name = 'shop'
    await sends(t, 'bunyan.cjs', libraries, 'sidelight/bunyan', [
      ['outside', 9, 'info', { name }],
      ['took order', 9, 'info', { name, order: 17, user: 'ann' }],
      ['for the ring only', 5, 'debug', { name, when: '1970-01-01T00:00:00.000Z' }],
      ['of a child', 13, 'warn', { name, part: 'cart', list: [1, { a: 2 }] }],
      ['cannot pay', 17, 'error', { name, ...caused('cannot pay') }],
      [
        'stopping',
        21,
        'fatal',
        { name, ...exception('Error', 'gone'), 'exception.code': 'E_GONE' },
      ],
      ['censored', 17, 'error', { name, ...exception('Error', '#'), 'exception.stacktrace': '#' }],
      ['in a circle', 9, 'info', { name, deep: Object }],
    ])
  })

  t.test(`what winston has formatted is sent, once (${libraries})`, async (t) => {
    await sends(t, 'winston.cjs', libraries, 'sidelight/winston', [
      ['outside', 9, 'info', {}],
      ['an object', 9, 'info', { order: 17 }],
      ['took order', 9, 'info', { paid: true }],
      ['of a child', 13, 'warn', { part: 'cart', list: [1, { a: 2 }] }],
      ['cannot pay', 17, 'error', caused('cannot pay')],
      [
        libraries === 'current' ? 'cannot ship no address' : 'cannot shipno address',
        17,
        'error',
        { ...exception('Error', 'no address'), 'exception.code': 'E_ADDRESS', code: 'E_ADDRESS' },
      ],
      ['in colours', 18, 'crit', {}],
      ['of levels of its own', 17, 'worst', {}],
      ['of levels of its own', 5, 'least', {}],
    ])
  })
}

t.test('what is printed on the console is sent, and printed as before', async (t) => {
  const failed = 'TypeError: cannot pay\n    at pay (shop.js:1:2)'
  const table =
    '┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘'
  await sends(t, 'console.cjs', 'current', 'sidelight/console', [
    ['outside', 9, 'log', {}],
    ['took order of 17 { paid: true }', 9, 'log', {}],
    ['{ nested: { deep: [ 1, 2 ] } }', 9, 'info', {}],
    ['debugging', 5, 'debug', {}],
    ['careful', 13, 'warn', {}],
    [
      `failed: ${failed}`,
      17,
      'error',
      { ...exception('TypeError', 'cannot pay'), 'exception.stacktrace': failed },
    ],
    ['{ a: [Object] }', 9, 'dir', {}],
    [table, 9, 'log', {}],
    ['group', 9, 'log', {}],
    ['in a group', 9, 'log', {}],
    ['Assertion failed: one is not', 13, 'warn', {}],
    ['default: 1', 9, 'log', {}],
    // Node shows keys that are symbols in another way from 24 on.
    [
      `{ ${NODE_VERSION < 24 ? '[Symbol(Symbol.toStringTag)]' : 'Symbol(Symbol.toStringTag)'}: [Getter] }`,
      9,
      'log',
      {},
    ],
    ['returns', 9, 'log', {}],
  ])
})

for (const maxLength of ['', '100']) {
  t.test(
    `no name of a field is anything but a name (longest attribute: ${maxLength})`,
    async (t) => {
      const receiver = await startReceiver(t)
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: maxLength,
      }
      const flags = ['--require', BOOTSTRAP]
      const { code, stderr } = await launch(t, stage(t, 'names.cjs', 'current'), { flags, env })
        .ended
      t.same([code, stderr], [0, ''])
      const sent = '"__proto__":{"exception.type":"none","a":1},"constructor":"c","toString":"t"'
      const told = receiver.logs.map(({ body, attributes }) => {
        const { 'exception.stacktrace': stack, ...rest } = attributes
        return [body, JSON.stringify(rest), typeof stack]
      })
      const error = (message: string) => `"exception.type":"Error","exception.message":"${message}"`
      t.strictSame(told, [
        ['plain', `{${sent}}`, 'undefined'],
        ['nested', `{"deep":{${sent}}}`, 'undefined'],
        ['text', '{"__proto__":"text","b":2}', 'undefined'],
        ['child', `{${sent},${error('child')}}`, 'string'],
        ['nested', `{"deep":{${sent}}}`, 'undefined'],
        ['failed', `{${error('winston')},"deep":{${sent}}}`, 'string'],
      ])
    },
  )
}

function exception(type: string, message: string) {
  return { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': String }
}

function caused(message: string) {
  const stack = new RegExp(`^TypeError: ${message}\n[^]*\ncaused by: Error: card refused`)
  return { ...exception('TypeError', message), 'exception.stacktrace': stack }
}

/** The application logs these, the first outside of the span and the others within; and writes what it writes without us. */
async function sends(
  t: Test,
  app: string,
  libraries: 'current' | 'older',
  scope: string,
  expected: readonly Expected[],
) {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  const flags = ['--require', BOOTSTRAP]
  const traced = await launch(t, stage(t, app, libraries), { flags, env }).ended
  const plain = await launch(t, stage(t, app, libraries), { flags: [] }).ended
  t.equal(traced.code, 0)
  t.equal(traced.stderr, plain.stderr)
  t.strictSame(written(traced.stdout), written(plain.stdout), 'but for the ids')
  const span = await receiver.span(({ name }) => name === 'work', 'the span of the application')
  const ids = [...traced.stdout.matchAll(/"trace_id":"([0-9a-f]{32})"/g)].map(([, id]) => id)
  t.ok(ids.every((id) => id === span.traceId))
  const sent = receiver.logs.filter((log) => log.scope === scope)
  t.strictSame(
    sent.map(({ body }) => body),
    expected.map(([body]) => body),
  )
  for (const [index, [body, severityNumber, severityText, attributes]] of expected.entries()) {
    t.match(sent[index], { severityNumber, severityText, attributes }, body)
    t.strictSame(
      Object.keys(sent[index]?.attributes ?? {}).sort(),
      Object.keys(attributes).sort(),
      `and nothing else: ${body}`,
    )
    t.equal(sent[index]?.traceId, index === 0 ? '' : span.traceId)
  }
  t.notMatch(
    JSON.stringify(receiver.logs),
    /"S\d|S\d"/,
    'what is left out has not left the process',
  )
}

/** Without ids and process ids, and without frames, which tell that a span was active. */
function written(lines: string): unknown[] {
  return lines.split('\n').map((line) => {
    if (!line.startsWith('{"')) return line.replace(/ \{"span_id".*\}$/, '')
    const { trace_id, span_id, trace_flags, pid, ...fields } = JSON.parse(
      line.replaceAll(/(?:\\n {4}at [^"\\]*)+/g, ''),
    ) as Record<string, unknown>
    void [trace_id, span_id, trace_flags, pid]
    return fields
  })
}
