import { context, createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { type Logger, type LoggerOptions, type LogRecord, logs } from '@opentelemetry/api-logs'
import t from 'tap'
import type { Body } from '../../instrumentation/delivery/contract'
import { startLogs } from '../../instrumentation/signals/logs'
import { ExportLogsServiceRequest } from '../helpers/otlp'
import { decoded, RESOURCE } from './generated'
import { decode, logsOf, type ReceivedLog } from './receiver'

t.test('a record of the logs API goes out with all it says', async (t) => {
  const { emit, wire } = start(t)
  const spanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    traceState: createTraceState('a=b'),
  }
  emit({
    eventName: 'shop.ordered',
    timestamp: [1_700_000_000, 123_456_789],
    observedTimestamp: new Date(1_700_000_001_000),
    severityNumber: 9,
    severityText: 'INFO',
    body: { items: [1, 'two'] },
    attributes: { id: 17, nested: { list: [true] } },
    context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
  })
  t.match(wire(), [
    {
      timeUnixNano: '1700000000123456789',
      observedTimeUnixNano: '1700000001000000000',
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'shop.ordered',
      flags: 1,
    },
  ])
})

t.test('what was thrown is described, and what the caller says of it counts', async (t) => {
  const { emit, read } = start(t)
  const cause = new Error('socket closed')
  emit({
    exception: new TypeError('broken', { cause }),
    attributes: { 'exception.message': 'mine' },
  })
  emit({ exception: 'text' })
  const [log, text] = read()
  t.match(log?.attributes, {
    'exception.type': 'TypeError',
    'exception.message': 'mine',
    'exception.stacktrace': /TypeError: broken[^]*socket closed/,
  })
  t.match(text?.attributes, { 'exception.message': 'text' })
})

t.test('a record without a time is of now, and of no span without one', async (t) => {
  const { emit, wire, read } = start(t)
  const beforeMs = Date.now()
  emit({ body: 'x' })
  emit({ body: 'y', context: trace.setSpanContext(context.active(), INVALID) })
  const [{ timeUnixNano } = { timeUnixNano: '0' }] = wire() as { timeUnixNano: string }[]
  const timeMs = Number(BigInt(timeUnixNano) / 1_000_000n)
  t.ok(timeMs >= beforeMs && timeMs <= Date.now())
  t.same(
    read().map(({ traceId }) => traceId),
    ['', ''],
  )
})

t.test('attributes are cut as the environment says', async (t) => {
  const { emit, wire, read } = start(t, {
    OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '2',
    OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3',
  })
  emit({ attributes: { a: 'abcdef', b: ['abcdef', 1], c: 1, d: 2 } })
  t.same(read()[0]?.attributes, { a: 'abc', b: ['abc', 1] })
  t.match(wire(), [{ droppedAttributesCount: 2 }])
})

t.test('128 attributes are enough unless the environment says otherwise', async (t) => {
  const { emit, read } = start(t)
  emit({ attributes: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`a${at}`, at])) })
  t.equal(Object.keys(read()[0]!.attributes).length, 128)
})

t.test('a record that cannot be read costs itself only', async (t) => {
  const { emit, read } = start(t)
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('trap')
      },
    },
  )
  emit({ attributes: hostile })
  emit({ timestamp: 'yesterday' as unknown as number })
  emit(null as unknown as LogRecord)
  emit({ body: 'fine' })
  t.same(
    read().map(({ body }) => body),
    ['fine'],
  )
})

t.test('loggers are known by name, version, schema and attributes', async (t) => {
  const { provider, bodies } = start(t)
  const get = (name: string, version?: string, options?: LoggerOptions): Logger =>
    provider.getLogger(name, version, options)
  t.equal(get('a'), get('a'))
  t.not(get('a'), get('a', '1'))
  t.not(get('a', '1'), get('a', '1', { schemaUrl: 'https://example.com/1' }))
  get('').emit({ body: 1 })
  get('a', '1', { schemaUrl: 'https://example.com/1', attributes: { k: 'v' } }).emit({ body: 2 })
  get('a', '1', { schemaUrl: 'https://example.com/1', attributes: { k: 'v' } }).emit({ body: 3 })
  const [{ scopeLogs } = { scopeLogs: [] }] = bodies().resourceLogs as [{ scopeLogs: unknown[] }]
  t.match(scopeLogs, [
    { scope: { name: 'unknown' } },
    {
      scope: { name: 'a', version: '1', attributes: [{ key: 'k' }] },
      schemaUrl: 'https://example.com/1',
      logRecords: [{}, {}],
    },
  ])
  t.equal(scopeLogs.length, 2)
})

const INVALID = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }

interface Started {
  readonly provider: ReturnType<typeof logs.getLoggerProvider>
  emit(record: LogRecord): void
  read(): ReceivedLog[]
  /** The records as they are in the message. */
  wire(): unknown[]
  bodies(): Record<string, unknown>
}

function start(t: { teardown(fn: () => void): void }, env: NodeJS.ProcessEnv = {}): Started {
  const sealed: Body[] = []
  const flush = () => Promise.resolve()
  const signal = startLogs({ env, resource: RESOURCE, put: (body) => sealed.push(body), flush })
  t.teardown(() => logs.disable())
  const provider = logs.getLoggerProvider()
  const logger = provider.getLogger('shop')
  const bytes = (): Buffer => {
    signal.seal()
    return Buffer.from(sealed[0]!.bytes)
  }
  const bodies = () => decoded(ExportLogsServiceRequest, bytes())
  return {
    provider,
    emit: (record) => logger.emit(record),
    bodies,
    read: () => logsOf(decode(bytes(), 'application/x-protobuf', ExportLogsServiceRequest)),
    wire: () => {
      const [{ scopeLogs: [scope] = [] } = {}] = bodies()['resourceLogs'] as Scoped[]
      return [...(scope?.logRecords ?? [])]
    },
  }
}

interface Scoped {
  readonly scopeLogs?: readonly { readonly logRecords: readonly unknown[] }[]
}
