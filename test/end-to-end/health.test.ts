import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
  untilStored,
} from '../helpers/collector'
import { type SpanInput, traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

const MINUTE_MS = 60_000
const PATIENCE_MS = 60_000
const PREFIX = '/api/admin/observability'
const SERVER = 2
const CLIENT = 3

/** A collector on a database of its own. */
async function openCollector(t: Test) {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir: dataFolder(t) }
  const collector = await collectors(t).start(options)
  return { collector, connectionString }
}

/** The begin of the minute that began so many minutes before this one. */
function minutesAgo(minutes: number): number {
  return (Math.floor(Date.now() / MINUTE_MS) - minutes) * MINUTE_MS
}

/** A request that takes 20 ms unless it says another start; every other failure by its HTTP status alone. */
function request(endMs: number, failure: number | null = null, more: SpanInput = {}): SpanInput {
  return {
    name: 'POST /checkout',
    kind: SERVER,
    startTimeUnixNano: toNs(endMs - 20),
    endTimeUnixNano: toNs(endMs),
    ...(failure === null ? {} : failure % 2 === 0 ? FAILED_BY_STATUS : FAILED_BY_HTTP),
    ...more,
  }
}

const FAILED_BY_STATUS: SpanInput = { status: { code: 2, message: 'no stock' } }
const FAILED_BY_HTTP: SpanInput = { attributes: { 'http.response.status_code': 500 } }

/** So many requests of a minute, the first of which fail. */
function requestsOf(minuteMs: number, count: number, failures = 0): SpanInput[] {
  return Array.from({ length: count }, (_, at) => {
    const endMs = minuteMs + Math.floor((at * MINUTE_MS) / count)
    return request(endMs, at < failures ? at : null)
  })
}

/** Sends spans of the service `checkout`; resolves when they are stored. */
async function send(collector: RunningCollector, spans: readonly SpanInput[]): Promise<void> {
  const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(traces({ service: 'checkout', spans })),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  await untilStored(collector)
}

async function ask(collector: RunningCollector, path: string): Promise<unknown> {
  const response = await fetch(`${collector.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json()
}

/** The window of so many minutes before a moment, as parameters. */
function windowOf(untilMs: number, minutes = 5): string {
  return `since=${toText(untilMs - minutes * MINUTE_MS)}&until=${toText(untilMs)}`
}

const toText = (ms: number) => new Date(ms).toISOString()
const toNs = (ms: number) => BigInt(Math.round(ms * 1_000)) * 1_000n

t.test('a release that fails turns health degraded, then critical, and back', async (t) => {
  const { collector } = await openCollector(t)
  const beganMs = minutesAgo(45)
  const at = (minute: number) => beganMs + minute * MINUTE_MS
  /** Of 40 requests a minute: a release at 10, a worse one at 20, the old one again from 25 on. */
  const failuresOf = (minute: number) => {
    if (minute < 10 || minute >= 25) return 0
    return minute < 20 ? 3 : 12
  }
  const minutes = Array.from({ length: 40 }, (_, minute) => minute)
  await send(
    collector,
    minutes.flatMap((minute) => requestsOf(at(minute), 40, failuresOf(minute))),
  )
  const tellAt = async (minute: number) => ({
    health: await ask(collector, `${PREFIX}/health?${windowOf(at(minute))}`),
    alerts: await ask(collector, `${PREFIX}/alerts?${windowOf(at(minute))}`),
  })
  const service = 'checkout'
  const healthy = { status: 'healthy', reasons: [], errors: { errorRate: 0, errorCount: 0 } }
  t.match(await tellAt(10), { health: { ...healthy, stableStatus: 'healthy' } })
  t.strictSame((await tellAt(10)).alerts, [])

  const degraded = 'error rate 7.5 % of 200 requests, degraded from 5 %'
  t.match(await tellAt(15), {
    health: {
      status: 'degraded',
      stableStatus: 'degraded',
      reasons: [{ criterion: 'error_rate', service, message: `checkout: ${degraded}` }],
      requests: { count: 200 },
      services: [{ service, status: 'degraded', reasons: [{ message: degraded }] }],
    },
    // The five minutes before minute 14 were the first with 5 %.
    alerts: [{ severity: 'warning', service, value: 7.5, limit: 5, since: toText(at(14)) }],
  })

  const critical = 'checkout: error rate 30 % of 200 requests, critical above 10 %'
  t.match(await tellAt(25), {
    health: {
      status: 'critical',
      stableStatus: 'critical',
      reasons: [{ criterion: 'error_rate', service, message: critical }],
      errors: { errorRate: 30, errorCount: 60 },
    },
    alerts: [{ severity: 'critical', service, message: critical, since: toText(at(14)) }],
  })

  t.match(await tellAt(30), { health: { ...healthy, stableStatus: 'critical' } })
  t.strictSame((await tellAt(30)).alerts, [])
  t.match(await tellAt(35), { health: { ...healthy, stableStatus: 'healthy' } })
})

t.test('a request that began ten minutes ago and ends now is one of the last five', async (t) => {
  const { collector } = await openCollector(t)
  const nowMs = Date.now()
  const spans = Array.from({ length: 12 }, () =>
    request(nowMs, null, { startTimeUnixNano: toNs(nowMs - 10 * MINUTE_MS) }),
  )
  await send(collector, spans)
  t.match(await ask(collector, `${PREFIX}/health`), {
    status: 'critical',
    reasons: [{ criterion: 'p95', value: 10 * MINUTE_MS, limit: 5_000 }],
    requests: { count: 12 },
  })
  t.match(await ask(collector, `${PREFIX}/health?since=-1h&until=-6m`), { requests: { count: 0 } })
})

t.test('of sampled traffic rates are those of all of it', async (t) => {
  const { collector } = await openCollector(t)
  const endMs = minutesAgo(10)
  const good = Array.from({ length: 30 }, () => request(endMs, null, { traceState: 'ot=th:c' }))
  const failed = Array.from({ length: 10 }, (_, at) =>
    request(endMs, at, { traceState: 'ot=th:0' }),
  )
  await send(collector, [...good, ...failed])
  const window = windowOf(endMs + MINUTE_MS)
  const told = 'error rate 7.7 % of 130 requests, known by 40, degraded from 5 %'
  const errorRate = 1000 / 130
  t.match(await ask(collector, `${PREFIX}/health?${window}`), {
    status: 'degraded',
    reasons: [{ message: `checkout: ${told}` }],
    requests: { count: 40, adjustedCount: 130, ratePerSecond: 130 / 300 },
    errors: { errorCount: 10, errorRate },
  })
  t.match(await ask(collector, `${PREFIX}/sla?${window}`), {
    requestCount: 40,
    adjustedRequestCount: 130,
    errorCount: 10,
    errorRate,
    isCompliant: false,
  })
})

t.test('what the official exporter was acknowledged is in the next answer', async (t) => {
  const { collector } = await openCollector(t)
  const exporter = new OTLPTraceExporter({ url: `${collector.otlpUrl}/v1/traces` })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'checkout' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  t.teardown(() => provider.shutdown())
  const tracer = provider.getTracer('test')
  let count = 0
  let errorCount = 0
  const statuses = new Set<string>()
  for (let round = 0; round < 30; round++) {
    const span = tracer.startSpan('POST /checkout', { kind: SpanKind.SERVER })
    if (round >= 20) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    count += 1
    errorCount += round >= 20 ? 1 : 0
    await provider.forceFlush()
    // Unless it went to the disk for being late.
    await untilStored(collector)
    const health = (await ask(collector, `${PREFIX}/health`)) as { readonly status: string }
    t.match(health, { requests: { count }, errors: { errorCount } })
    statuses.add(health.status)
  }
  t.strictSame([...statuses], ['insufficient_data', 'healthy', 'degraded', 'critical'])
})

t.test('health, SLA and statistics are the same once the spans are gone', async (t) => {
  const { collector, connectionString } = await openCollector(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const beganMs = minutesAgo(50)
  for (let minute = 0; minute < 30; minute++) {
    const spans = requestsOf(beganMs + minute * MINUTE_MS, 20, minute % 4)
    const calls = spans.map((span) => ({ ...span, name: 'pay', kind: CLIENT }))
    await send(collector, [...spans, ...calls])
  }
  const window = windowOf(beganMs + 30 * MINUTE_MS, 30)
  const questions = [
    `${PREFIX}/health?${window}`,
    `${PREFIX}/alerts?${window}`,
    `${PREFIX}/sla?${window}`,
    `${PREFIX}/traces/stats?${window}`,
    `${PREFIX}/performance/stats?${window}`,
    `${PREFIX}/performance/trends?${window}`,
    `/api/v1/services?${window}`,
  ]
  const answers = () => Promise.all(questions.map((question) => ask(collector, question)))
  // The traces it gives as examples may become others as minutes are folded.
  const ROLLUPS = 'select from sidelight.span_rollup where level = 0'
  const isFolded = async () => (await client.query(ROLLUPS)).rowCount === 0
  await until(isFolded, PATIENCE_MS, 'folded minutes')
  const before = await answers()
  t.match(before, [{ requests: { count: 600 } }, [{}], { requestCount: 600 }, {}, {}, {}, {}])

  const { rows } = await client.query<{ partition: string }>(
    `select inhrelid::regclass::text as partition from pg_inherits
     where inhparent = 'sidelight.span'::regclass`,
  )
  for (const { partition } of rows) await client.query(`drop table ${partition}`)
  t.equal((await client.query('select from sidelight.span')).rowCount, 0)
  const after = await answers()
  for (const [at, question] of questions.entries()) {
    t.strictSame(after[at], before[at], question)
  }
})
