/** An application that tells of what it does, the built collector and Postgres: what was told is in the tables once. */
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts, untilStored } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { eventDifferences } from '../helpers/recount-events'
import { install, launch } from '../instrumentation/application'

t.setTimeout(110_000)

const HIDDEN_KEY = 'sha256:97b2173c4f5d679e:cdef'

for (const [assembly, env] of Object.entries({
  lean: {},
  full: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
})) {
  t.test(`${assembly}: what an application tells is stored and added up`, async (t) => {
    const { connectionString: databaseUrl } = await withDatabase(t)
    const [otlpPort = 0, otlpGrpcPort = 0, apiPort = 0] = await freePorts(3)
    const ports = { otlpPort, otlpGrpcPort, apiPort }
    const collector = await collectors(t).start({ databaseUrl, ...ports, dataDir: dataFolder(t) })
    const folder = install(t, 'trackers.cjs')
    const { code } = await launch(t, join(folder, 'trackers.cjs'), {
      cwd: folder,
      args: ['story'],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
        OTEL_SERVICE_NAME: 'shop',
        ...env,
      },
    }).ended
    t.equal(code, 0)
    await untilStored(collector)
    const client = new Client({ connectionString: databaseUrl })
    await client.connect()
    t.teardown(() => client.end())
    const rows = async (sql: string): Promise<unknown[][]> =>
      (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows

    t.same(await rows(COUNTED), [
      ['acme', 'api', 'orders', '200', 1, 0, 0, 12_500_000],
      ['acme', 'api', 'orders', '404', 1, 1, 0, 2_000_000],
      ['acme', 'business', 'checkout', 'started', 1, 0, 0, 0],
      ['acme', 'business', 'checkout', 'succeeded', 1, 0, 0.25, 'measured'],
      ['acme', 'business', 'upload', 'failed', 1, 1, 0, 130_000_000],
      ['acme', 'cost', 'u_7', '/v1/chat', 2, 0, 0.75, 0],
      ['acme', 'rate_limit', HIDDEN_KEY, 'api_key', 0, 0, 0, 0],
      ['acme', 'rule', 'vip', '', 1, 0, 128, 5_000_000],
      ['acme', 'webhook', 'wh', '', 3, 2, 0, 60_500_000],
    ])
    t.same(await rows(TOLD), [
      [
        'webhook',
        'registered',
        null,
        null,
        { 'webhook.url': 'https://example.com/hooks?token=[redacted]' },
      ],
      ['webhook', 'succeeded', 10_000_000, null, null],
      ['webhook', 'failed', 20_000_000, null, null],
      ['webhook', 'failed', 30_500_000, null, null],
      ['rule', 'registered', null, null, { 'rule.name': 'Welcome' }],
      ['rule', 'succeeded', 5_000_000, 128, null],
      ['rate_limit', 'observed', null, 950, { 'rate_limit.limit': 1_000 }],
      ['business', 'started', null, null, { cartId: 'c_1' }],
      ['business', 'succeeded', 'measured', 0.25, { cartId: 'c_1', cardNumber: '[redacted]' }],
      ['business', 'failed', 130_000_000, null, { 'upload.reason': 'too_large' }],
    ])
    t.same(await eventDifferences(client), [])
    const [trail = []] = await rows(
      `select array_agg(body::text order by time, time_ns) from sidelight.log_record
       where event_name in ('sidelight.audit', 'sidelight.security')`,
    )
    t.match(trail, [[/u_7 role.grant u_9/, /login failed/]])
    const [of = []] = await rows(
      `select count(*)::int from sidelight.log_record
       where attributes->>'request.id' = 'r-1' and attributes->>'user.id' = 'u_7'`,
    )
    t.same(of, [16], 'each of the request')
    const secrets = `select count(*)::int from sidelight.log_record where attributes::text ~ 's3cret|4111|key-0123'`
    t.same(await rows(secrets), [[0]])
    t.equal(await collector.end('SIGTERM'), 0)
  })
}

/** What is measured is not the same twice. */
const DURATION = (sum: string) =>
  `case when kind = 'business' and ${sum} between 1 and 1e9 and subject = 'checkout' then to_jsonb('measured'::text) else to_jsonb(${sum}) end`

const COUNTED = `
  select tenant, kind, subject, detail, sum(event_count)::int, sum(failed_count)::int, sum(amount),
    ${DURATION('sum(duration_sum_ns)')}
  from sidelight.event_rollup join sidelight.catalogue on catalogue.id = catalogue_id
  where level in (0, 2) group by tenant, kind, subject, detail order by kind, subject, detail`

const KEPT = [
  'webhook.url',
  'rule.name',
  'rate_limit.limit',
  'cartId',
  'cardNumber',
  'upload.reason',
]

const TOLD = `
  select kind, outcome, ${DURATION('duration_ns')}, amount,
    (select jsonb_object_agg(key, value) from jsonb_each(event.attributes)
     where key in (${KEPT.map((key) => `'${key}'`).join()}))
  from sidelight.event join sidelight.catalogue on catalogue.id = catalogue_id order by time, time_ns`
