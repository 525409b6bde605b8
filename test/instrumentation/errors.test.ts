import { join } from 'node:path'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import pino from 'pino'
import { type Attributes, SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import t from 'tap'
import { fingerprint } from '../../collector/translate/fingerprint/fingerprint'
import { NO_RULES } from '../../collector/translate/fingerprint/rules'
import { describeThrown, recordThrown } from '../../instrumentation/errors/describe'
import { keepWholeExceptions } from '../../instrumentation/errors/spans'
import { addError, addSerializedError, createFields } from '../../instrumentation/loggers/fields'
import { emitLine, type LogLine, sendLinesTo } from '../../instrumentation/loggers/line'

const CHAINS = join(__dirname, '..', 'fixtures', 'errors', 'programs', 'shop', 'chains.cjs')

type Fault = () => unknown

t.test('the collector finds the same error in it as in what pino logs of it', async (t) => {
  const { faults } = require(CHAINS) as { faults: Record<string, Fault> }
  // pino tells neither of these: the errors of aggregates, and the second half of a circle once more.
  const untold = new Set(['circular', 'promiseAny', 'promiseAnyOther'])
  let compared = 0
  for (const [name, fault] of Object.entries(faults)) {
    if (untold.has(name) || name.startsWith('aggregate')) continue
    const thrown = await thrownBy(fault)
    if (!(thrown instanceof Error)) continue
    const logged = pino.stdSerializers.err(thrown)
    const { type, message, stack } = logged
    t.equal(take(describeThrown(thrown)), fingerprintOf(type, message, stack ?? ''), name)
    compared++
  }
  t.equal(compared, 15)
})

t.test(
  'the collector finds the same error in it as in what util.inspect tells of it',
  async (t) => {
    const { faults } = require(CHAINS) as { faults: Record<string, Fault> }
    for (const [name, fault] of Object.entries(faults)) {
      const thrown = await thrownBy(fault)
      if (!(thrown instanceof Error) || name.startsWith('noStack')) continue
      // Assigned as a property like any other, which inspect tells as one.
      if (name === 'circular') continue
      // It ends members by commas, which are no part of their last frame.
      const text = inspect(thrown, { depth: 9 }).replaceAll('),\n', ')\n')
      const inspected = fingerprintOf(thrown.name, thrown.message, text)
      t.equal(take(describeThrown(thrown)), inspected, name)
    }
    const duplicate = Object.assign(new Error('duplicate key'), { code: '23505' })
    const refused = new Error('cannot ask', { cause: duplicate })
    t.equal(
      take(describeThrown(refused)),
      fingerprintOf('Error', 'cannot ask', inspect(refused)),
      'the code of a cause is in it',
    )
  },
)

t.test('class, code and what a failed call says are attributes', (t) => {
  class OrderError extends Error {}
  t.equal(describeThrown(new OrderError('no'))['exception.type'], 'OrderError')
  const named = Object.assign(new Error('no'), { name: 'NotFoundError' })
  t.equal(describeThrown(named)['exception.type'], 'NotFoundError')
  class DatabaseError extends Error {
    override name = 'error'
  }
  t.equal(describeThrown(new DatabaseError('no'))['exception.type'], 'DatabaseError')
  t.equal(describeThrown(new DOMException('enough', 'AbortError'))['exception.type'], 'AbortError')
  t.notOk('exception.code' in describeThrown(new DOMException('enough', 'AbortError')))
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
    errno: -111,
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: '127.0.0.1',
    port: 1,
    token: 'hunter2',
  })
  const { 'exception.stacktrace': stack, ...others } = describeThrown(refused)
  t.same(others, {
    'exception.type': 'Error',
    'exception.message': 'connect ECONNREFUSED 127.0.0.1:1',
    'exception.code': 'ECONNREFUSED',
    'exception.errno': -111,
    'exception.syscall': 'connect',
    'exception.address': '127.0.0.1',
    'exception.port': 1,
  })
  t.equal(stack, refused.stack, 'nothing else of it, which may be secret')
  t.end()
})

t.test('causes and the errors of aggregates are in the stack, each with its own', (t) => {
  const inner = new Error('inner')
  const wrapped = new TypeError('wrapped', { cause: inner })
  const all = new AggregateError([wrapped, new Error('two\nlines')], 'all')
  const error = new Error('outer', { cause: all })
  const stack = String(describeThrown(error)['exception.stacktrace'])
  const lines = stack.split('\n').filter((line) => !/^ +at /.test(line))
  t.strictSame(lines, [
    'Error: outer',
    'caused by: AggregateError: all',
    '  [errors]: [',
    '    TypeError: wrapped',
    '      caused by: Error: inner',
    '    Error: two',
    '      lines',
  ])
  t.end()
})

t.test('what is thrown that is no error is described without what it holds', (t) => {
  const cases: [unknown, Record<string, unknown>][] = [
    ['text', { 'exception.message': 'text' }],
    ['', { 'exception.message': '' }],
    [undefined, { 'exception.message': 'undefined' }],
    [null, { 'exception.message': 'null' }],
    [42, { 'exception.message': '42' }],
    [Symbol('s'), { 'exception.message': 'Symbol(s)' }],
    [{ password: 'x' }, { 'exception.message': 'an object was thrown with password' }],
    [{}, { 'exception.message': 'an object was thrown' }],
    [() => 1, { 'exception.message': 'a function was thrown' }],
    [
      { code: 'E_LIMIT', message: 'too many' },
      { 'exception.message': 'too many', 'exception.code': 'E_LIMIT' },
    ],
    [
      { name: 'Odd', message: 'like an error' },
      { 'exception.type': 'Odd', 'exception.message': 'like an error' },
    ],
    [new Proxy({}, { get: shout, ownKeys: shout }), { 'exception.message': 'a proxy was thrown' }],
  ]
  for (const [thrown, expected] of cases) t.strictSame(describeThrown(thrown), expected)
  t.end()
})

t.test('errors of other realms, with accessors that throw, in circles, or huge', (t) => {
  const foreign: unknown = runInContext(
    "new TypeError('from afar', { cause: new Error('root') })",
    createContext({}),
  )
  const described = describeThrown(foreign)
  t.match(described, { 'exception.type': 'TypeError', 'exception.message': 'from afar' })
  t.match(
    described['exception.stacktrace'],
    /^TypeError: from afar\n[^]*\ncaused by: Error: root\n/,
  )

  const hostile = new Error('told')
  for (const name of ['stack', 'name', 'message', 'code', 'cause', 'errors', 'constructor']) {
    Object.defineProperty(hostile, name, { get: shout })
  }
  t.strictSame(describeThrown(hostile), { 'exception.message': '' })

  const around = new Error('around')
  around.cause = new Error('the other way', { cause: around })
  const circle = String(describeThrown(around)['exception.stacktrace'])
  t.equal(circle.match(/Error: around/g)?.length, 1)
  t.match(circle, /\n {2}\[cause\]: \[Circular\]$/)

  let asked = 0
  const counted = Object.defineProperty(new Error('counted'), 'cause', {
    get: () => void asked++,
  })
  describeThrown(counted)
  t.equal(asked, 1, 'an accessor is asked once')

  const huge = describeThrown(new Error('x'.repeat(1_000_000)))
  t.equal(String(huge['exception.message']).length, 8_192)
  t.match(huge['exception.stacktrace'], /^Error: x{8192}\n {4}at /, 'its frames are kept')
  let deep: Error = new Error('0')
  for (let depth = 1; depth < 10_000; depth++) deep = new Error(String(depth), { cause: deep })
  t.ok(String(describeThrown(deep)['exception.stacktrace']).length <= 65_536)
  const wide = new AggregateError(
    Array.from({ length: 10_000 }, () => new Error('y'.repeat(5_000))),
    'wide',
  )
  t.ok(String(describeThrown(wide)['exception.stacktrace']).length <= 65_536)
  t.end()
})

t.test('a cause that is no error is told in a way that makes no error of it', (t) => {
  const shown = (cause: unknown) =>
    String(describeThrown(new Error('outer', { cause }))['exception.stacktrace'])
      .split('\n')
      .at(-1)
  t.equal(shown('no reason\ngiven'), '  [cause]: "no reason\\ngiven"')
  t.equal(shown({ password: 'x' }), '  [cause]: {…}')
  t.equal(shown(7), '  [cause]: 7')
  t.end()
})

t.test('spans record it: ours by themselves, the application by recordException', (t) => {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = provider.getTracer('test')
  const span = tracer.startSpan('work')
  keepWholeExceptions(span)
  const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), {
    code: 'E_X',
  })
  recordThrown(span, error)
  span.recordException(error, [1, 2])
  span.recordException('text')
  span.end()
  recordThrown(span, error)
  const events = exporter.getFinishedSpans()[0]?.events ?? []
  t.equal(events.length, 3, 'and nothing after its end')
  for (const { name, attributes } of events.slice(0, 2)) {
    t.equal(name, 'exception')
    t.match(attributes, { 'exception.type': 'TypeError', 'exception.code': 'E_X' })
    t.match(attributes?.['exception.stacktrace'], /\ncaused by: Error: inner\n/)
  }
  t.strictSame(events[1]?.time, [1, 2])
  t.strictSame(events[2]?.attributes, { 'exception.message': 'text' })
  t.end()
})

t.test('secrets in what was thrown are kept by none of those who tell of it', (t) => {
  const cause = new Error('GET https://cards.example/v2?access_token=s3cret-0 failed')
  const thrown = new Error('no connection to postgres://shop:s3cret-1@db/shop', { cause })
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const span = provider.getTracer('test').startSpan('charge')
  keepWholeExceptions(span)
  keepWholeExceptions(span)
  span.recordException(thrown)
  span.setStatus({ code: SpanStatusCode.ERROR, message: thrown.message })
  span.end()
  const lines: LogLine[] = []
  sendLinesTo((line) => lines.push(line))
  const given = { scope: 'test', timeUnixMs: 0, severityNumber: 17, severityText: 'error' }
  const thrownHere = createFields()
  addError(thrownHere, thrown)
  const serialized = createFields()
  addSerializedError(serialized, 'err', pino.stdSerializers.err(thrown))
  for (const attributes of [thrownHere, serialized]) {
    emitLine({ ...given, body: inspect(thrown), attributes })
  }
  emitLine({ ...given, body: 'token=printed by the application itself', attributes: {} })
  const [own] = lines.splice(2)
  const [{ status, events } = { status: { message: '' }, events: [] }] = exporter.getFinishedSpans()
  const described = events[0]?.attributes
  const texts = JSON.stringify([status, described, lines])
  t.notMatch(texts, 's3cret')
  t.equal(status.message, 'no connection to postgres://shop:[redacted]@db/shop')
  t.match(described?.['exception.stacktrace'], 'access_token=[redacted] failed\n    at ')
  t.equal(own?.body, 'token=printed by the application itself')
  const shown = lines.map(({ attributes }) => take(attributes as Attributes))
  t.same(shown, [take(described ?? {}), take(described ?? {})], 'and all tell of one error')
  t.end()
})

async function thrownBy(fault: Fault): Promise<unknown> {
  try {
    return await fault()
  } catch (error) {
    return error
  }
}

function take(described: ReturnType<typeof describeThrown>): string {
  const text = (name: string) => String(described[`exception.${name}`] ?? '')
  return fingerprintOf(text('type'), text('message'), text('stacktrace'))
}

function fingerprintOf(type: string, message: string, stack: string): string {
  const said = { kind: 'exception', type, message, stack } as const
  const report = {
    ...said,
    tenant: '',
    namespace: '',
    service: 'shop',
    module: '',
    operation: '',
    code: null,
    peer: null,
    root: null,
    template: '',
    severity: 17,
    failure: [],
    explicit: null,
    attribute: () => null,
  }
  return fingerprint(report, NO_RULES).hash
}

function shout(): never {
  throw new Error('somebody looked')
}
