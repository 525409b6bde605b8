/** What an application gives wrongly costs it nothing: no throw, no other result, no second spent. */
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { type Attributes, context, metrics, propagation, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { W3CBaggagePropagator } from '@opentelemetry/core'
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import t, { type Test } from 'tap'
import * as sidelight from '../../instrumentation/index'
import { linesOf, runProgram } from './program'

t.setTimeout(240_000)

const HELPERS = sidelight as unknown as Record<string, (...given: unknown[]) => unknown>
const { createModuleLogger, runInContext, traceOperation } = sidelight

/** Whatever their types say: a value, or what cannot be read. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => NaN,
  bigint: () => 10n ** 30n,
  symbol: () => Symbol('s'),
  surrogate: () => '\ud800x',
  lines: () => 'a\r\nset-cookie: x=1\0',
  long: () => 'password=x '.repeat(20_000),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  traps: () => new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail }),
  getter: () => new Proxy({}, { get: fail }),
  text: () => ({ toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail, toJSON: fail }),
  cyclic: () => {
    const list: unknown[] = []
    return list.push(list) && { list }
  },
  prototype: () => JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":1}}') as unknown,
  bare: () => Object.assign(Object.create(null) as object, { id: 'x' }),
  date: () => new Date(NaN),
  holes: () => new Array(100_000),
  bytes: () => Buffer.alloc(100_000),
}

function fail(): never {
  throw new Error('trap')
}

/** Stands for the function of the application. */
const FN = Symbol('fn')

/** Arguments as they should be, of which one after the other is replaced. */
const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  logAdminAction: [{ action: 'a', changes: {} }],
  logAuditEvent: [{ action: 'a', actor: 'b', target: 'c', changes: {} }],
  logConfigurationChange: [{ setting: 's', from: 1, to: 2 }],
  logDataChange: [{ operation: 'create', entity: 'e', id: '1' }],
  logSecurityEvent: [{ event: 'e', severity: 'low' }],
  trackCache: ['c', 'hit'],
  trackQueue: ['q', { depth: 1, oldestAgeMs: 1, processed: 1, failed: 1 }],
  trackCost: [1, { userId: 'u', endpoint: '/e' }],
  trackRateLimit: [{ keyType: 'ip', identifier: 'x', requestCount: 1, limitMax: 2, resetAt: 1 }],
  apiKeyFingerprint: ['k'],
  trackUpload: [{ type: 't', success: false, sizeBytes: 1, durationMs: 1, reason: 'r' }],
  trackAPIRequest: [{ method: 'GET', path: '/', statusCode: 200, durationMs: 1, resource: 'r' }],
  registerWebhook: [{ id: 'w', url: 'http://a', enabled: true, tenantId: 't' }],
  registerRule: [{ id: 'r', name: 'n', type: 't', segmentMemberCount: 1 }],
  trackWebhookDelivery: ['w', 'failed', 1, 'e'],
  trackRuleExecution: ['r', 'failed', 1, 1, 'e'],
  trackError: [new Error('x'), { severity: 'error', module: 'm' }],
  trackErrorFromException: [new Error('x'), 'm', 'o', {}],
  logError: [new Error('x'), { module: 'm' }],
  logHttpRequest: [{ method: 'GET', path: '/', statusCode: 200, durationMs: 1 }],
  logDatabaseOperation: [{ operation: 'o', table: 't', durationMs: 1, success: true }],
  logExternalApiCall: [{ service: 's', api: 'a', statusCode: 200, durationMs: 1 }],
  redact: [{}],
  redactText: [''],
  updateContext: [{ userId: 'u', tenantId: 't' }],
  expressCorrelation: [{ service: 's', trustProxy: 1 }],
  koaCorrelation: [{ service: 's' }],
  withCorrelation: [FN, { service: 's' }],
  withMonitoring: [FN, { service: 's', resource: 'r' }],
  runInContext: [{ requestId: 'r', correlationId: 'c', userId: 'u', clientAddress: 'a' }, FN],
  traceOperation: ['o', 'm', FN, 'internal'],
  traceDatabaseQuery: ['o', 't', FN],
  trackDatabaseQuery: ['o', 't', FN],
  trackQuery: ['n', FN],
  traceExternalCall: ['s', '/p', 'GET', FN],
  trackExternalApiCall: ['s', 'a', FN],
  trackJob: ['j', FN, { module: 'm', metadata: {} }],
  logWithTiming: ['o', 'm', FN, {}],
  measurePerformance: ['n', FN, { memory: true }],
  withPerformanceTracking: ['o', 'm', FN, {}, { memory: true }],
  // These make something that is used.
  startOperationTimer: ['o', 'm', {}],
  createModuleLogger: ['m', 'E'],
  createRequestLogger: [{ requestId: 'r', method: 'GET', path: '/' }],
  businessEvent: ['n'],
}

process.env['LOG_LEVEL'] = 'silent'
const log = createModuleLogger('hostile')
const spans = new InMemorySpanExporter()

t.test('without an SDK', (t) => {
  attack(t)
  t.end()
})

t.test('with an SDK', async (t) => {
  const reader = register()
  attack(t)
  const { resourceMetrics } = await reader.collect()
  for (const { metrics } of resourceMetrics.scopeMetrics) {
    for (const { descriptor, dataPoints } of metrics) {
      for (const { attributes, value } of dataPoints) {
        t.notSame(value, NaN, `${descriptor.name} is a number`)
        for (const text of Object.values(attributes)) {
          t.ok(String(text).length <= 5_000, `${descriptor.name} has short attributes`)
        }
      }
    }
  }
})

t.test('what a function returns and throws passes, whatever it is', async (t) => {
  const wrappers = ['traceOperation', 'trackDatabaseQuery', 'trackExternalApiCall', 'logWithTiming']
  for (const [title, make] of Object.entries(HOSTILE)) {
    for (const wrapper of wrappers) {
      const value = make()
      const call = (fn: () => unknown): unknown => HELPERS[wrapper]!('a', 'b', fn)
      t.ok(
        Object.is(
          call(() => value),
          value,
        ),
        `${wrapper} returns ${title}`,
      )
      let thrown: unknown
      try {
        call(() => {
          throw value
        })
      } catch (error) {
        thrown = error
      }
      t.ok(Object.is(thrown, value), `${wrapper} throws ${title}`)
    }
  }
})

t.test('of an id that is none there is a new one, and long ones are cut', (t) => {
  for (const [title, make] of Object.entries(HOSTILE)) {
    const id = make() as string
    const given = { requestId: id, correlationId: id, userId: id, tenantId: id, clientAddress: id }
    runInContext(given, () => {
      const { userId, ...known } = sidelight.currentContext()!
      for (const text of [known.requestId, known.correlationId, userId ?? 'x']) {
        t.ok(typeof text === 'string' && text.length > 0 && text.length <= 256, title)
      }
      for (const header of Object.values(sidelight.correlationHeaders())) {
        t.match(header, /^[\x20-\x7e]+$/, title)
      }
    })
  }
  t.end()
})

t.test('lines are written whatever a logger is given', async (t) => {
  const made = JSON.stringify(
    Object.entries(HOSTILE).map(([title, make]) => [title, make.toString()]),
  )
  const program = `
    const { createModuleLogger, logHttpRequest, runInContext } = require('sidelight')
    function fail() { throw new Error('trap') }
    const log = createModuleLogger('m', '__proto__')
    for (const [title, make] of ${made}) {
      const value = () => eval('(' + make + ')')()
      log.info(value())
      log.info({ fields: value(), err: value() }, 'm')
      log.info({}, '%s %d %j %o', value(), value(), value(), value())
      log.child(value()).info(title)
      logHttpRequest(value())
      runInContext({ requestId: value(), correlationId: value(), userId: value() }, () => log.info('in'))
    }
    log.info(new Proxy(() => undefined, { get: fail }))
    process.stdout.write('')
  `
  const { code, stdout, stderr } = await runProgram(t, program, { env: {} })
  t.equal(code, 0, stderr)
  const lines = linesOf(stdout)
  const titles = Object.keys(HOSTILE)
  // Of a request that nothing can be read of there is no line.
  const unreadable = ['revoked', 'traps', 'getter'].length
  t.equal(lines.length, titles.length * 6 + 1 - unreadable)
  for (const title of titles)
    t.ok(
      lines.some(({ message }) => message === title),
      title,
    )
})

t.test('an operation that never settles is not kept for ever', (t) => {
  spans.reset()
  let first: sidelight.OperationSpan | undefined
  const begin = (): unknown =>
    traceOperation('o', 'm', (span) => {
      first ??= span
      return new Promise(() => undefined)
    })
  for (let count = 0; count <= 10_000; count++) begin()
  traceOperation('last', 'm', (span) => {
    sidelight.addSpanTag(first!, 'late', true)
    sidelight.addSpanTag(span, 'kept', true)
  })
  t.match(spans.getFinishedSpans(), [{ name: 'last', attributes: { kept: true } }])
  t.end()
})

/** Each helper, with each argument, and each field of one, that is something else. */
function attack(t: Test): void {
  for (const [name, usual] of Object.entries(CALLS)) {
    for (const [title, make] of Object.entries(HOSTILE)) {
      for (const [at, argument] of usual.entries()) {
        if (argument === FN) continue
        attempt(t, name, withItem(usual, at, make()), `${name}: argument ${at} is ${title}`)
        if (typeof argument !== 'object' || argument instanceof Error) continue
        for (const field of [...Object.keys(argument!), 'other']) {
          const given = withItem(usual, at, { ...argument, [field]: make() })
          attempt(t, name, given, `${name}: ${field} is ${title}`)
        }
      }
    }
    if (!usual.includes(FN)) attempt(t, name, [], `${name} of nothing`)
  }
}

function withItem(list: readonly unknown[], at: number, item: unknown): unknown[] {
  return list.map((usual, other) => (other === at ? item : usual))
}

function attempt(t: Test, name: string, given: readonly unknown[], title: string): void {
  let runs = 0
  const args = given.map((value) => (value === FN ? () => ++runs && 42 : value))
  try {
    const result = HELPERS[name]!(...args)
    if (given.includes(FN) && !/^with(?:Correlation|Monitoring)$/.test(name)) {
      if (result !== 42 || runs !== 1) t.fail(title)
    }
    use(name, result)
    if (name === 'runInContext') runInContext(given[0] as sidelight.RequestContext, useContext)
    if (name === 'updateContext') {
      runInContext({ requestId: 'r', correlationId: 'c' }, () => {
        sidelight.updateContext(given[0] as sidelight.ContextUpdate)
        useContext()
      })
    }
  } catch (error) {
    t.fail(title, { found: error })
  }
}

/** What reads the ids of a request. */
function useContext(): void {
  log.info({}, 'x')
  sidelight.trackCost(1)
  traceOperation('o', 'm', () => 1)
  sidelight.correlationHeaders()
  propagation.inject(context.active(), {})
  sidelight.createRequestLogger({ method: 'GET', path: '/' }).info('x')
}

function use(name: string, made: unknown): void {
  if (name === 'startOperationTimer') (made as sidelight.OperationTimer).end()
  if (name === 'createModuleLogger') (made as sidelight.ModuleLogger).info({ a: 1 }, 'x')
  if (name === 'createRequestLogger') {
    const logger = made as sidelight.RequestLogger
    for (const make of Object.values(HOSTILE)) {
      logger.metric(make() as string, make() as number, make() as Attributes)
      logger.metric('n', 1, { other: make() } as Attributes)
    }
  }
  if (name === 'businessEvent') {
    const event = made as sidelight.BusinessEvent
    for (const make of Object.values(HOSTILE)) {
      event.started(make() as sidelight.BusinessFields)
      const fields = { count: make(), userId: make(), other: make() }
      event.completed(fields as sidelight.BusinessFields)
      event.failed(make() as Error)
    }
  }
}

function register(): PeriodicExportingMetricReader {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CBaggagePropagator())
  const spanProcessors = [new SimpleSpanProcessor(spans)]
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }))
  const exporter = new InMemoryLogRecordExporter()
  logs.setGlobalLoggerProvider(
    new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }),
  )
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    exportIntervalMillis: 2 ** 30,
  })
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  t.teardown(() => reader.shutdown())
  return reader
}
