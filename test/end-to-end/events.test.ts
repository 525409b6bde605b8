import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts, untilStored } from '../helpers/collector'
import { type LogRecordInput, logs, type LogsInput } from '../helpers/otlp-logs'
import { withDatabase } from '../helpers/postgres'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { METHODS, openGrpcClient } from '../receiver/grpc-door'

const ATTEMPT = { 'sidelight.outcome': 'failed', 'sidelight.duration_ms': 12.5 }
const EVENTS: readonly (readonly [string, Record<string, string | number>])[] = [
  ['sidelight.webhook.delivery', { 'webhook.id': 'w', ...ATTEMPT }],
  ['sidelight.webhook.registration', { 'webhook.id': 'w', 'webhook.url': 'https://a/ü"' }],
  ['sidelight.rule.execution', { 'rule.id': 'r', 'rule.affected_count': 3, ...ATTEMPT }],
  ['sidelight.rate_limit', { 'rate_limit.identifier': 'u', 'rate_limit.key_type': 'user' }],
  ['sidelight.api.request', { 'api.resource': 'orders', 'http.response.status_code': 500 }],
  ['sidelight.business', { 'business.event': 'e', 'sidelight.cost_usd': 0.5, ...ATTEMPT }],
  ['sidelight.cost', { 'user.id': 'u', 'cost.endpoint': '/a', 'sidelight.cost_usd': 2 }],
]

/** What is stored of a service, but for which service it is. */
async function stored(client: Client, service: string): Promise<unknown[]> {
  const subject = 'catalogue.tenant, kind, subject, detail'
  const { rows: events } = await client.query(
    `select ${subject}, time, time_ns, outcome, duration_ns, amount, event.attributes::text as attributes, trace_id, span_id
     from sidelight.event join sidelight.catalogue on catalogue.id = catalogue_id
       join sidelight.service on service.id = service_id where name = $1 order by time, time_ns`,
    [service],
  )
  const { rows: rollups } = await client.query(
    `select ${subject}, bucket, sum(event_count) as events, sum(failed_count) as failed, sum(amount) as amount,
       sum(duration_sum_ns) as duration, max(last_failure_ns) as failure, max(registered_ns) as registered
     from sidelight.event_rollup join sidelight.catalogue on catalogue.id = catalogue_id
       join sidelight.service on service.id = service_id
     where name = $1 and level in (0, 2) group by ${subject}, bucket order by kind, subject`,
    [service],
  )
  return [events, rollups]
}

t.test('the same events make the same rows as protobuf, as JSON and over gRPC', async (t) => {
  const { connectionString: databaseUrl } = await withDatabase(t)
  const [otlpPort = 0, otlpGrpcPort = 0, apiPort = 0] = await freePorts(3)
  const collector = await collectors(t).start({
    databaseUrl,
    otlpPort,
    otlpGrpcPort,
    apiPort,
    dataDir: dataFolder(t),
    // A leader would fold the rows that are compared.
    env: { SIDELIGHT_ROLES: 'ingest,api' },
  })
  const now = BigInt(Date.now()) * 1_000_000n
  const records = EVENTS.map(([eventName, attributes], place): LogRecordInput => ({
    eventName,
    attributes,
    timeUnixNano: now + BigInt(place),
    traceId: '0a'.repeat(16),
    spanId: '0b'.repeat(8),
  }))
  const inputOf = (service: string): LogsInput => ({
    service,
    resource: { attributes: { 'tenant.id': 'acme' } },
    records,
  })
  const post = async (type: string, body: Buffer) => {
    const { status } = await fetch(`${collector.otlpUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Uint8Array(body),
    })
    t.equal(status, 200)
  }
  const call = openGrpcClient(t, otlpGrpcPort)
  // Each of them twice: a body that is sent again counts once.
  for (let time = 0; time < 2; time++) {
    await post('application/x-protobuf', logs(inputOf('protobuf')))
    await post('application/json', logs(inputOf('json'), 'json'))
    t.equal((await call(logs(inputOf('grpc')), { path: METHODS.logs })).code, 0)
  }
  await untilStored(collector)
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  const protobuf = await stored(client, 'protobuf')
  t.match(protobuf, [{ length: 5 }, { length: 6 }])
  t.same(await stored(client, 'json'), protobuf)
  t.same(await stored(client, 'grpc'), protobuf)
  t.equal(await countEvents(client), 3 * 5)
  t.same(await eventDifferences(client), [])
  t.equal(await collector.end('SIGTERM'), 0)
})
