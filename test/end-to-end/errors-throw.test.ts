import { Client } from 'pg'
import t, { type Test } from 'tap'
import { collectors, dataFolder, freePorts, untilStored } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { run } from '../instrumentation/application'

t.setTimeout(180_000)

const TIMES = 3

for (const first of ['logs', 'spans'] as const) {
  const order = `its ${first} come first`

  t.test(`a query that fails: one group, each throw once (${order})`, async (t) => {
    const { groups, told } = await thrown(t, { path: 'order', first })
    t.same(groups, [{ class: 'error', code: '23505', throws: TIMES, severe: TIMES }])
    t.ok(told.events > TIMES, 'spans tell of each more than once')
    t.equal(told.records, TIMES, 'and a log record')
  })

  t.test(`the same in a wrapper the spans know alone (${order})`, async (t) => {
    const { groups } = await thrown(t, { path: 'orders', first })
    t.match(groups, [{ class: 'Error', throws: TIMES, severe: TIMES }])
    t.equal(groups.length, 1)
  })

  t.test(`a service that is away: one group, each throw once (${order})`, async (t) => {
    const { groups } = await thrown(t, { path: 'price', first })
    t.same(groups, [{ class: 'Error', code: 'ECONNREFUSED', throws: TIMES, severe: TIMES }])
  })
}

t.test('three faults of one service are three groups', async (t) => {
  const { groups } = await thrown(t, { path: 'order,orders,price', first: 'spans' })
  t.equal(groups.length, 3)
  t.same(
    groups.map(({ throws }) => throws),
    [TIMES, TIMES, TIMES],
  )
})

interface Group {
  readonly class: string
  readonly code: string | null
  readonly throws: number
  readonly severe: number
}

/** Runs the shop against a collector and reads what was counted. */
async function thrown(t: Test, { path, first }: { path: string; first: 'logs' | 'spans' }) {
  const { connectionString } = await withDatabase(t)
  const shop = await withDatabase(t, { migrated: false })
  const [otlpPort = 0, apiPort = 0, awayPort = 0] = await freePorts(3)
  const folder = dataFolder(t)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir: folder }
  const collector = await collectors(t).start(options)
  const { code, stdout, stderr } = await run(t, 'shop.cjs', {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
      // The shop sends its lines itself, before or after its spans.
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pino',
      APP_DATABASE_URL: shop.connectionString,
      APP_PATHS: path,
      APP_TIMES: String(TIMES),
      APP_AWAY_PORT: String(awayPort),
      APP_FIRST: first,
    },
  })
  t.equal(stderr, '')
  t.equal(code, 0)
  const requests = TIMES * path.split(',').length
  t.equal(stdout, `${Array.from({ length: requests }, () => 500).join()}\n`)
  await untilStored(collector)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  return { groups: await readGroups(client), told: await readTold(client) }
}

/** Of every level but the one that repeats another. */
async function readGroups(client: Client): Promise<Group[]> {
  const { rows } = await client.query<Group>(
    `select hash.class, hash.code, sum(rollup.occurrence_count)::int as throws,
            sum(rollup.severe_count)::int as severe
     from sidelight.error_rollup as rollup
     join sidelight.error_group_hash as hash on hash.id = rollup.error_hash
     where rollup.level in (0, 1)
     group by hash.id order by hash.class, hash.code`,
  )
  return rows
}

async function readTold(client: Client): Promise<{ events: number; records: number }> {
  const { rows } = await client.query(
    `select (select sum(jsonb_array_length(events))::int from sidelight.span) as events,
            (select count(*)::int from sidelight.log_record where severity_number >= 17) as records`,
  )
  return rows[0] as { events: number; records: number }
}
