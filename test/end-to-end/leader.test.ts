import { Client } from 'pg'
import t from 'tap'
import { ADMIN_TOKEN, collectors, dataFolder, freePorts } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

const PATIENCE_MS = 30_000

t.test('a collector leads its database, and lets the lead go when it stops', async (t) => {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  // Closed nowhere, and too old to be kept.
  await client.query(
    `create table sidelight.span_20200101 partition of sidelight.span
     for values from ('2020-01-01 00:00:00+00') to ('2020-01-02 00:00:00+00')`,
  )
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const collector = await collectors(t).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir: dataFolder(t),
  })
  const metrics = async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    return (await fetch(`${collector.apiUrl}/metrics`, { headers })).text()
  }
  const dropped = 'sidelight_partitions_total{action="dropped",table="span"} 1'
  await until(async () => (await metrics()).includes(dropped), PATIENCE_MS, 'the old day to go')
  t.match(await metrics(), /^sidelight_leader 1$/m)
  const { rows: relations } = await client.query(
    `select to_regclass('sidelight.span_20200101') as partition`,
  )
  t.same(relations, [{ partition: null }])
  t.equal(await collector.end('SIGTERM'), 0)
  const { rows } = await client.query(
    'select epoch, expires_at <= clock_timestamp() as is_free from sidelight.lease',
  )
  t.same(rows, [{ epoch: '1', is_free: true }])
})

t.test('a collector without the role leads nothing', async (t) => {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const collector = await collectors(t).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir: dataFolder(t),
    env: { SIDELIGHT_ROLES: 'ingest,api' },
  })
  t.equal(await collector.end('SIGTERM'), 0)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  t.equal((await client.query('select from sidelight.lease')).rowCount, 0)
})
