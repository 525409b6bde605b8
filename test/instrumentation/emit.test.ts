import { diag, DiagLogLevel, type HrTime } from '@opentelemetry/api'
import { type LoggerProvider as AnyProvider, logs } from '@opentelemetry/api-logs'
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import t from 'tap'
import {
  apiKeyFingerprint,
  businessEvent,
  runInContext,
  trackCost,
  trackRateLimit,
  trackWebhookDelivery,
  updateContext,
} from '../../instrumentation/index'

t.test('an SDK that is set up after the first calls gets what is told from then on', async (t) => {
  trackCost(1)
  const told = register(t)
  trackCost(2)
  t.same(
    told().map(({ attributes }) => attributes),
    [{ 'sidelight.cost_usd': 2 }],
  )
})

t.test('events are told in the order of the calls, whatever the clock makes of it', async (t) => {
  const told = register(t)
  const before = Date.now()
  for (let call = 0; call < 500; call++) trackWebhookDelivery('wh', 'sent', call)
  const times = told().map(({ hrTime }) => nanosOf(hrTime))
  t.equal(times.length, 500)
  t.ok(times.every((time, at) => at === 0 || time > times[at - 1]!))
  t.ok(times[0]! >= BigInt(before) * 1_000_000n)
  t.ok(times.at(-1)! < BigInt(Date.now() + 1_000) * 1_000_000n)
})

t.test('a clock that is set back is followed', async (t) => {
  const told = register(t)
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  trackCost(1)
  Date.now = () => now() - 3_600_000
  trackCost(2)
  const [first, second] = told().map(({ hrTime }) => hrTime[0])
  t.ok(first! - second! > 3_500)
})

t.test('what is told within a request carries its ids', async (t) => {
  const told = register(t)
  runInContext({ requestId: 'r', correlationId: 'c', userId: 'u_7', tenantId: 'acme' }, () => {
    trackCost(1)
    trackCost(2, { userId: 'u_9' })
  })
  t.match(
    told().map(({ attributes }) => attributes),
    [
      { 'request.id': 'r', 'correlation.id': 'c', 'user.id': 'u_7', 'tenant.id': 'acme' },
      { 'request.id': 'r', 'user.id': 'u_9' },
    ],
  )
})

t.test('requests that overlap share a business event, and each has its own duration', async (t) => {
  const told = register(t)
  const checkout = businessEvent('checkout')
  const request = (requestId: string) => ({ requestId, correlationId: 'c' })
  const first = deferred()
  let atMost = 0
  const slow = runInContext(request('one'), async () => {
    checkout.started()
    await first.promise
    updateContext({ userId: 'u_7' })
    checkout.completed()
    checkout.completed()
  })
  const middleMs = performance.now()
  while (performance.now() - middleMs < 30);
  runInContext(request('two'), () => {
    const startMs = performance.now()
    checkout.started()
    checkout.completed()
    atMost = performance.now() - startMs
  })
  first.resolve()
  await slow
  const durations = told().map(({ attributes }) => attributes['sidelight.duration_ms'] as number)
  t.equal(durations[0], undefined)
  t.ok(durations[2]! <= atMost)
  t.ok(durations[3]! >= 30, 'also when the user became known meanwhile')
  t.equal(durations[4], undefined, 'a start is used once')
})

t.test('of rate limits the latest 10,000 identifiers are remembered, and no more', async (t) => {
  const told = register(t)
  stopClock(t)
  const track = limitOf('ip', 9)
  for (let at = 0; at < 5_000; at++) track(`first ${at}`)
  track('first 0')
  for (let at = 0; at < 10_000; at++) track(`later ${at}`)
  track('later 5001')
  t.equal(told().length, 15_000)
  track('first 0')
  t.match(told().at(-1)?.attributes, { 'rate_limit.identifier': 'first 0' }, 'it was forgotten')
})

t.test('a rate limit is told of again after a second', async (t) => {
  const told = register(t)
  const clock = stopClock(t)
  const track = limitOf('org')
  track('acme')
  clock.pass(999)
  track('acme')
  t.equal(told().length, 1)
  clock.pass(1)
  track('acme')
  t.equal(told().length, 2)
})

t.test('an SDK that throws costs the application one line', async (t) => {
  const said = listen(t)
  use(t, {
    getLogger: () => ({
      enabled: () => true,
      emit() {
        throw new Error('broken')
      },
    }),
  })
  for (let call = 0; call < 3; call++) trackCost(1)
  t.same(said, ['cannot send sidelight.cost'])
})

t.test('a logger of an SDK too old to say whether it is enabled is used', async (t) => {
  let emitted = 0
  use(t, { getLogger: () => ({ emit: () => emitted++ }) } as unknown as AnyProvider)
  trackCost(1)
  t.equal(emitted, 1)
})

t.test('a mistake is said once a caller and argument', async (t) => {
  const said = listen(t)
  register(t)
  for (let call = 0; call < 3; call++) {
    trackCost(NaN)
    trackWebhookDelivery('', 'sent', -1)
    trackWebhookDelivery('wh', 'sent', -1)
  }
  t.same(said, [
    'trackCost: usd must be a number of 0 or more',
    'trackWebhookDelivery: webhookId must be a text that is not empty',
    'trackWebhookDelivery: durationMs must be a number of 0 or more',
  ])
})

t.test(
  'what an application adds is told as JSON has it, and what it cannot read is left out',
  (t) => {
    const told = register(t)
    const nested: Record<string, unknown> = { at: new Date(0), lines: new Set([1, null]) }
    nested['self'] = nested
    businessEvent('order').completed({
      ...{ nested, missing: null, never: NaN, why: new RangeError('too many'), id: 7n },
      get broken() {
        throw new Error('of the application')
      },
      password: 'hunter2',
    })
    t.match(told()[0]?.attributes, {
      nested: { at: '1970-01-01T00:00:00.000Z', lines: [1, null], self: '[circular]' },
      why: 'RangeError: too many',
      id: 7,
      password: '[redacted]',
    })
    t.same(
      ['missing', 'never', 'broken'].filter((name) => name in told()[0]!.attributes),
      [],
    )
    t.end()
  },
)

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

function limitOf(keyType: 'ip' | 'org', requestCount = 1): (identifier: string) => void {
  const resetAt = Date.now() + 3_600_000
  return (identifier) =>
    trackRateLimit({ keyType, identifier, requestCount, limitMax: 10, resetAt })
}

/** Time passes only when told so. */
function stopClock(t: Teardown): { pass(ms: number): void } {
  const { now } = performance
  let nowMs = Math.ceil(performance.now())
  performance.now = () => nowMs
  t.teardown(() => {
    performance.now = now
  })
  return { pass: (ms) => void (nowMs += ms) }
}

interface Teardown {
  teardown(fn: () => void): void
}

/** Sets up an SDK for the time of a test; returns what it was told. */
function register(t: Teardown): () => ReadableLogRecord[] {
  const exporter = new InMemoryLogRecordExporter()
  const processor = new SimpleLogRecordProcessor({ exporter })
  use(t, new LoggerProvider({ processors: [processor] }))
  return () => exporter.getFinishedLogRecords()
}

function use(t: Teardown, provider: AnyProvider): void {
  logs.setGlobalLoggerProvider(provider)
  t.teardown(() => logs.disable())
}

function listen(t: Teardown): string[] {
  const said: string[] = []
  const hear = (message: string): void => {
    said.push(message)
  }
  const logger = { error: hear, warn: hear, info: hear, debug: hear, verbose: hear }
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
  t.teardown(() => diag.disable())
  return said
}

function nanosOf([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}

t.test('of rate limits far from full so many are told of a second, of those near it all', (t) => {
  const told = register(t)
  const { now } = performance
  t.teardown(() => {
    performance.now = now
  })
  performance.now = () => 5_000_000
  const use = (identifier: string, requestCount: number): void => {
    const resetAt = Date.now() + 60_000
    trackRateLimit({ keyType: 'ip', identifier, requestCount, limitMax: 100, resetAt })
  }
  for (let at = 0; at < 2_000; at++) use(`10.0.0.${at}`, at < 600 ? 1 : at < 1_000 ? 95 : 2)
  t.equal(told().length, 500 + 400)
  performance.now = () => 5_001_500
  use('10.0.0.1999', 3)
  t.equal(told().length, 901, 'its next request is told of')
  t.end()
})

t.test('of an API key that is long there is one fingerprint', (t) => {
  const told = register(t)
  const identifier = 'k'.repeat(700)
  trackRateLimit({ keyType: 'api_key', identifier, requestCount: 1, limitMax: 9, resetAt: 9e9 })
  t.match(told(), [{ attributes: { 'rate_limit.identifier': apiKeyFingerprint(identifier) } }])
  t.end()
})
