import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { install, launch } from './application'
import { folderOf, linesOf, runProgram } from './program'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

t.test('a line says where and when it is from', async (t) => {
  const { stdout, stderr } = await runProgram(
    t,
    `require('sidelight').createModuleLogger('payments').info({ a: 1 }, 'paid')`,
    {
      env: {
        OTEL_SERVICE_NAME: 'shop',
        OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2.3,deployment.environment.name=test',
      },
    },
  )
  t.equal(stderr, '')
  const [line] = linesOf(stdout)
  t.match(line, { timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ })
  t.same(
    { ...line, timestamp: '' },
    {
      level: 'info',
      timestamp: '',
      app: 'shop',
      version: '1.2.3',
      environment: 'test',
      logger: 'payments',
      module: 'payments',
      a: 1,
      message: 'paid',
    },
  )
})

/** Variables, and the levels that are written by the modules `payments` and `web.http`. */
const LEVELS: [NodeJS.ProcessEnv, string, string][] = [
  [{}, 'info warn error fatal', 'info warn error fatal'],
  [{ LOG_LEVEL: 'error' }, 'error fatal', 'error fatal'],
  [{ LOG_LEVEL: 'silent' }, '', ''],
  [{ LOG_LEVEL: 'loud' }, 'info warn error fatal', 'info warn error fatal'],
  [{ LOG_LEVEL: 'WARN', LOG_LEVEL_PAYMENTS: '' }, 'warn error fatal', 'warn error fatal'],
  [
    { LOG_LEVEL: 'fatal', LOG_LEVEL_WEB_HTTP: 'trace' },
    'fatal',
    'trace debug info warn error fatal',
  ],
  [{ LOG_LEVEL_PAYMENTS: 'debug', PAY_LEVEL: 'error' }, 'error fatal', 'info warn error fatal'],
  [{ PAY_LEVEL: 'warning' }, 'warn error fatal', 'info warn error fatal'],
]

function wordsOf(text: string): string[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .sort()
}

t.test('every module has a level of its own', async (t) => {
  const program = `
    const { createModuleLogger } = require('sidelight')
    for (const log of [createModuleLogger('payments', 'PAY_LEVEL'), createModuleLogger('web.http')])
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) log[level]('said')`
  await Promise.all(
    LEVELS.map(async ([env, payments, web]) => {
      const lines = linesOf((await runProgram(t, program, { env })).stdout)
      const levelsOf = (module: string) =>
        lines.filter((line) => line['module'] === module).map((line) => line['level'])
      // pino writes a fatal line, and what waits, before what is being written.
      t.same(levelsOf('payments').sort(), wordsOf(payments), JSON.stringify(env))
      t.same(levelsOf('web.http').sort(), wordsOf(web), JSON.stringify(env))
    }),
  )
})

t.test('a level that is set later counts from then on', async (t) => {
  const program = `
    const log = require('sidelight').createModuleLogger('payments')
    log.debug('first'); log.level = 'debug'; log.debug('second'); log.child({}).debug('third')`
  const { stdout } = await runProgram(t, program)
  t.same(
    linesOf(stdout).map((line) => line['message']),
    ['second', 'third'],
  )
})

t.test('secrets are on no line, in no file, and in nothing that is sent', async (t) => {
  const receiver = await startReceiver(t)
  const folder = install(t, 'module-loggers.cjs')
  const files = folderOf(t)
  const ended = await launch(t, join(folder, 'module-loggers.cjs'), {
    cwd: folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, LOG_FILES_DIR: files },
  }).ended
  t.match(ended, { code: 0, stderr: '' })
  const written = readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8'))
  const lines = linesOf(ended.stdout)
  t.equal(lines.length, 10)
  for (const text of [ended.stdout, ...written, JSON.stringify(receiver.logs)]) {
    t.notMatch(text, /SECRET/)
    t.match(text, /\[redacted\]/)
  }
  for (const { body } of receiver.requests) t.notMatch(body.toString('latin1'), /SECRET/)

  t.equal(receiver.logs.length, lines.length, 'each is sent once')
  t.match(lines[0], { orderId: 'o-1', password: '[redacted]', message: 'paid' })
  t.match(lines[1], { data: '{"token":"[redacted]","sku":"a"}' })
  t.match(lines[3], {
    authorization: '[redacted]',
    region: 'eu',
    sessionId: '[redacted]',
    shard: 3,
    who: { pwd: '[redacted]' },
    request: { method: 'POST', headers: { cookie: '[redacted]' } },
  })
  const paid = receiver.logs.find(({ body }) => body === 'paid')
  t.match(paid, { severityText: 'info', scope: 'sidelight/pino' })
  t.match(paid?.attributes, { module: 'payments', orderId: 'o-1', password: '[redacted]' })
  const thrown = receiver.logs.filter(
    ({ attributes }) => attributes['exception.type'] === 'TypeError',
  )
  t.equal(thrown.length, 3, 'as err, as error and by logError')
  for (const { attributes } of thrown) {
    t.equal(attributes['exception.message'], 'cannot reach https://shop:[redacted]@bank/')
    t.match(attributes['exception.stacktrace'], /module-loggers\.cjs/)
  }
  t.match(
    receiver.points.find(({ metric }) => metric === 'cart.size'),
    { kind: 'histogram', sum: 3 },
  )
})

t.test('without the bootstrap secrets are on no line either', async (t) => {
  const folder = install(t, 'module-loggers.cjs')
  for (const env of [{}, { LOG_FORMAT: 'pretty' }, { LOG_CALLER: 'true' }]) {
    const { stdout, stderr, code } = await launch(t, join(folder, 'module-loggers.cjs'), {
      cwd: folder,
      flags: [],
      env,
    }).ended
    t.same({ code, stderr }, { code: 0, stderr: '' })
    t.notMatch(stdout, /SECRET/)
    t.match(stdout, /\[redacted\]/)
  }
})

t.test(
  'the ids of the active request are on its lines, those of the active span too',
  async (t) => {
    const program = `
    const { createModuleLogger, createRequestLogger, runInContext } = require('sidelight')
    const { trace, context, ROOT_CONTEXT } = require(process.env.API)
    const log = createModuleLogger('payments')
    const run = runInContext ?? require(process.env.CONTEXT).runInContext
    run({ requestId: 'r-1', correlationId: 'c-1', userId: 'u-1', clientAddress: '192.0.2.7' }, async () => {
      log.info('first')
      await null
      log.child({ userId: 'u-2' }).info('second')
      createRequestLogger({ method: 'GET', path: '/' }).info('third')
    })
    log.info('outside')
    const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }
    const active = trace.setSpanContext(ROOT_CONTEXT, spanContext)
    context.setGlobalContextManager({ active: () => active })
    log.info('traced')`
    const { stdout, stderr } = await runProgram(t, program, {
      env: {
        API: require.resolve('@opentelemetry/api'),
        CONTEXT: join(__dirname, '..', '..', 'dist', 'instrumentation', 'api', 'context.js'),
      },
    })
    t.equal(stderr, '')
    const line = (message: string) => linesOf(stdout).find((line) => line['message'] === message)
    t.match(line('first'), { requestId: 'r-1', correlationId: 'c-1', userId: 'u-1' })
    t.equal(line('first')?.['clientIp'], '192.0.2.7')
    t.match(line('second'), { requestId: 'r-1', userId: 'u-2' })
    t.match(line('third'), { requestId: 'r-1', method: 'GET', path: '/' })
    const second = stdout.split('\n').find((text) => text.includes('"second"'))
    t.equal(second?.match(/"userId"/g)?.length, 1, 'told once')
    t.notOk('requestId' in (line('outside') ?? {}))
    t.match(line('traced'), {
      trace_id: '1'.repeat(32),
      span_id: '2'.repeat(16),
      trace_flags: '01',
    })
  },
)

t.test('people read lines in colour, others as JSON', async (t) => {
  const program = `
    if (process.env.TERMINAL) Object.defineProperty(process.stdout, 'isTTY', { value: true })
    require('sidelight').createModuleLogger('payments').warn({ orderId: 'o-1' }, 'paid late')`
  const outputOf = async (env: NodeJS.ProcessEnv) => (await runProgram(t, program, { env })).stdout
  const terminal = { TERMINAL: '1' }
  t.match(await outputOf(terminal), /\u001b\[33mWARN.*\[payments\] paid late.*o-1/)
  t.match(
    await outputOf({ ...terminal, NO_COLOR: '1' }),
    /WARN: \[payments\] paid late \{"\w+":"o-1"/,
  )
  t.match(await outputOf({ ...terminal, NODE_ENV: 'production' }), /^\{"level":"warn"/)
  t.match(await outputOf({ ...terminal, LOG_FORMAT: 'json' }), /^\{"level":"warn"/)
  t.match(await outputOf({}), /^\{"level":"warn"/)
})

t.test('a line says who wrote it if it is to', async (t) => {
  const program = `const log = require('sidelight').createModuleLogger('payments')
    function pay() {
      log.info('paid')
    }
    pay()`
  const { stdout } = await runProgram(t, program, { env: { LOG_CALLER: 'true' } })
  t.match(linesOf(stdout)[0], { function: 'pay', file: /program\.cjs$/, line: 3 })
})

t.test('who does not log does not load pino', async (t) => {
  const program = `
    const { traceOperation, redact } = require('sidelight')
    traceOperation('add', 'maths', () => redact({ password: 'a' }))
    console.log(Object.keys(require.cache).filter((file) => /pino|sonic/.test(file)).length)
    require('sidelight').createModuleLogger('payments')
    console.log(Object.keys(require.cache).some((file) => /[/\\\\]pino-(?:pretty|roll)/.test(file)))`
  t.equal((await runProgram(t, program)).stdout, '0\nfalse\n')
})
