import { randomBytes } from 'node:crypto'
import { ADMIN_TOKEN, collectors, dataFolder, freePorts } from '../../helpers/collector'
import { ATTRIBUTE, EVENT } from '../../../instrumentation/api/attributes'
import { anyValue, type Attributes, type SpanInput, traces } from '../../helpers/otlp'
import { type LogRecordInput, logs } from '../../helpers/otlp-logs'
import { withDatabase } from '../../helpers/postgres'
import { until } from '../../helpers/until'
import { exceptionEvent, fault } from '../../translate/translated-errors'

export const READ_TOKEN = 'read-token-of-the-tests'

/**
 * What a seeded collector has: two traces of the service `shop`, one with a failure, one of the tenant `acme`, and a service that
 * is too slow.
 */
export const SEEDED = {
  service: 'shop',
  /** Of the request `GET /cart` with a database query; without a failure. */
  calm: '11111111111111111111111111111111',
  /** Of the request `POST /pay` of the module `billing`, which threw and logged. */
  failed: '22222222222222222222222222222222',
  foreign: '33333333333333333333333333333333',
  foreignTenant: 'acme',
  slowService: 'till',
  /** Failed 12 times in a row, and its tenant is `acme`. */
  webhook: 'orders-to-erp',
  /** At 95 %. */
  rateLimited: 'key-1',
  user: 'ada',
  correlationId: 'req-7f3a',
  errorClass: 'PayError',
} as const

const PATIENCE_MS = 60_000
const MINUTE_MS = 60_000
const SERVER = 2
const CLIENT = 3
const FAILED = 2
/** As many as a verdict needs, and their duration. */
const SLOW = { count: 60, durationMs: 6_000 }

const HEADERS = { authorization: `Bearer ${ADMIN_TOKEN}` }

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

/** Starts a collector, and resolves when it has the data above, figures of it too. */
export async function startSeeded(t: Teardown): Promise<{ url: string; token: string }> {
  const { connectionString } = await withDatabase(t as Parameters<typeof withDatabase>[0])
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const { otlpUrl, apiUrl } = await collectors(t as Parameters<typeof collectors>[0]).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir: dataFolder(t),
    env: { SIDELIGHT_READ_TOKEN: READ_TOKEN },
  })
  const startMs = Date.now() - 2 * MINUTE_MS
  const { service, foreignTenant, slowService } = SEEDED
  const release = { attributes: { 'service.version': '1.4.0' } }
  const resource = { attributes: { ...release.attributes, 'tenant.id': foreignTenant } }
  const slow = Array.from({ length: SLOW.count }, (): SpanInput => {
    const traceId = randomBytes(16).toString('hex')
    return { ...request(startMs, traceId, SLOW.durationMs), name: 'PUT /bill' }
  })
  await send(
    `${otlpUrl}/v1/traces`,
    traces([
      { service, resource: release, spans: [...calm(startMs), ...failed(startMs)] },
      { service: slowService, spans: slow },
      { service, resource, spans: [request(startMs, SEEDED.foreign, 10)] },
    ]),
  )
  await send(
    `${otlpUrl}/v1/logs`,
    logs({ service, records: [...records(startMs), ...events(startMs)] }),
  )
  // What is added up by the leader every few seconds, too.
  await fetch(`${apiUrl}/api/cron/refresh-monitoring-views`, { method: 'POST', headers: HEADERS })
  await until(() => isFolded(apiUrl), PATIENCE_MS, 'figures of what was sent')
  return { url: apiUrl, token: ADMIN_TOKEN }
}

/** What examples of `sidelight/client` find a seeded collector by. */
export async function startForExamples(t: Teardown): Promise<NodeJS.ProcessEnv> {
  const { url, token } = await startSeeded(t)
  return { SIDELIGHT_API_URL: url, SIDELIGHT_API_TOKEN: token }
}

function calm(startMs: number): SpanInput[] {
  const attributes = { 'db.operation.name': 'SELECT', 'db.collection.name': 'orders' }
  const root = request(startMs, SEEDED.calm, 120)
  return [
    root,
    {
      ...request(startMs + 10, SEEDED.calm, 80),
      spanId: '1111111111111112',
      parentSpanId: '1111111111111111',
      name: 'SELECT orders',
      kind: CLIENT,
      attributes,
    },
  ]
}

function failed(startMs: number): SpanInput[] {
  return [
    {
      ...request(startMs + 1_000, SEEDED.failed, 2_500),
      name: 'POST /pay',
      attributes: {
        module: 'billing',
        'request.id': SEEDED.correlationId,
        'http.request.method': 'POST',
        'http.route': '/pay',
        'http.response.status_code': 500,
      },
      status: { code: FAILED, message: 'refused' },
      events: [exceptionEvent(fault('payment refused', 'pay', SEEDED.errorClass))],
    },
  ]
}

function request(startMs: number, traceId: string, durationMs: number): SpanInput {
  return {
    traceId,
    spanId: traceId.slice(16),
    name: 'GET /cart',
    kind: SERVER,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + durationMs),
    attributes: { module: 'cart', 'http.request.method': 'GET', 'http.route': '/cart' },
  }
}

function records(startMs: number) {
  const { failed: traceId, correlationId } = SEEDED
  const attributes = { 'request.id': correlationId }
  const spanId = traceId.slice(16)
  const timeUnixNano = nanos(startMs + 1_500)
  return [
    { timeUnixNano, severityNumber: 13, body: 'card is slow', traceId, spanId, attributes },
    { timeUnixNano: nanos(startMs), severityNumber: 9, body: 'shop is open' },
  ]
}

/** What the helpers of `sidelight` tell. */
function events(startMs: number): LogRecordInput[] {
  const tell = (eventName: string, attributes: Attributes, afterMs = 0): LogRecordInput => ({
    timeUnixNano: nanos(startMs + afterMs),
    severityNumber: 9,
    eventName,
    attributes,
  })
  const delivery = (outcome: string, afterMs: number) =>
    tell(
      EVENT.webhookDelivery,
      {
        [ATTRIBUTE.webhookId]: SEEDED.webhook,
        [ATTRIBUTE.outcome]: outcome,
        [ATTRIBUTE.durationMs]: anyValue({ doubleValue: 40 }),
        [ATTRIBUTE.tenantId]: SEEDED.foreignTenant,
      },
      afterMs,
    )
  const money = {
    [ATTRIBUTE.userId]: SEEDED.user,
    [ATTRIBUTE.costUsd]: anyValue({ doubleValue: 0.25 }),
  }
  return [
    delivery('succeeded', 0),
    ...Array.from({ length: 12 }, (_, at) => delivery('failed', 1 + at)),
    tell(EVENT.ruleExecution, { [ATTRIBUTE.ruleId]: 'win-back', [ATTRIBUTE.outcome]: 'succeeded' }),
    tell(EVENT.rateLimit, {
      [ATTRIBUTE.rateLimitKeyType]: 'api_key',
      [ATTRIBUTE.rateLimitIdentifier]: SEEDED.rateLimited,
      [ATTRIBUTE.rateLimitRequestCount]: 95,
      [ATTRIBUTE.rateLimitMax]: 100,
      [ATTRIBUTE.rateLimitResetAt]: new Date(startMs + 60 * MINUTE_MS).toISOString(),
    }),
    tell(EVENT.cost, { ...money, [ATTRIBUTE.costEndpoint]: '/pay' }),
    tell(EVENT.business, {
      ...money,
      [ATTRIBUTE.businessEvent]: 'order',
      [ATTRIBUTE.outcome]: 'succeeded',
    }),
  ]
}

async function send(url: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' }
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
}

/** What is told by figures and by groups of errors comes a moment after the spans. */
async function isFolded(apiUrl: string): Promise<boolean> {
  const count = async (path: string, list: string) => {
    const response = await fetch(`${apiUrl}${path}`, { headers: HEADERS })
    const answer = (await response.json()) as Record<string, unknown[] | undefined>
    return answer[list]?.length ?? 0
  }
  const slow = await count('/api/admin/observability/performance/top-slow?hours=1', 'stats')
  return slow === 5 && (await count('/api/v1/errors?hours=1', 'errors')) === 1
}

function nanos(ms: number): bigint {
  return BigInt(ms) * 1_000_000n
}
