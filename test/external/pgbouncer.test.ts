import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts, readMetric } from '../helpers/collector'
import { INTACT, settle, startLedgerClient } from '../helpers/ledger'
import { startCluster, withDatabase } from '../helpers/postgres'
import { requestOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { never, openPool, openWriter, stored } from '../store/database'
import { startPgbouncer } from './pgbouncer'

/** Connections to Postgres, of two collectors that open two each. */
const SHARED = 2

t.test(
  'behind the pgbouncer of the example collectors share connections, migrate, store, answer, and lose nothing when Postgres restarts',
  async (t) => {
    const cluster = await startCluster(t)
    const databaseUrl = await startPgbouncer(t, cluster.connectionString(), SHARED)
    const dataDir = dataFolder(t)
    const [otlpPort = 0, apiPort = 0, ...others] = await freePorts(4)
    const { start } = collectors(t)
    const [collector, api] = await Promise.all([
      start({ databaseUrl, otlpPort, apiPort, dataDir, env: { SIDELIGHT_ROLES: 'ingest' } }),
      start({
        databaseUrl,
        otlpPort: others[0]!,
        apiPort: others[1]!,
        dataDir: dataFolder(t),
        env: { SIDELIGHT_ROLES: 'api,leader' },
      }),
    ])
    const app = startLedgerClient(t, collector.otlpUrl, join(dataDir, 'ledger'))
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const before = app.acknowledged()
      await until(() => app.acknowledged() > before + 200, 30_000, 'items under way')
      await cluster.stop(signal)
      const during = app.acknowledged()
      await until(() => app.acknowledged() > during + 50, 30_000, 'items without Postgres')
      await cluster.restart()
    }
    await app.stop()
    const failed = app.entries().filter(({ outcome }) => outcome !== 'acknowledged')
    t.same(failed, [], 'no export failed')
    const isDrained = async () => (await readMetric(collector, 'sidelight_spool_records')) === 0
    await until(isDrained, 60_000, 'an empty spool')
    const client = new Client({ connectionString: cluster.connectionString() })
    await client.connect()
    const settled = await settle(client, [app])
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
    )
    const shared = rows[0]?.n ?? 0
    t.ok(shared >= 1 && shared <= SHARED, `both together have ${shared}`)
    await client.end()
    t.match(settled, INTACT, `of ${app.acknowledged()} acknowledged items`)
    const statistics = await fetch(`${api.apiUrl}/api/admin/observability/traces/stats?hours=1`, {
      headers: { authorization: 'Bearer admin-token-of-the-tests' },
    })
    t.equal(statistics.status, 200)
    t.equal(await readMetric(api, 'sidelight_leader'), 1)
    t.equal(await collector.end('SIGTERM'), 0)
    t.equal(await api.end('SIGTERM'), 0)
  },
)

t.test('behind pgbouncer rows are sent when Postgres has asked for them', async (t) => {
  const { connectionString } = await withDatabase(t)
  const direct = openPool(t, connectionString, 1)
  await direct.query('create table public.seen (statement text)')
  await direct.query(`create function public.note() returns trigger language plpgsql as $$
    begin insert into public.seen values (current_query()); return null; end $$`)
  await direct.query(`create trigger note after insert on sidelight.ingest_receipt
    for each statement execute function public.note()`)
  const pooled = openPool(t, await startPgbouncer(t, connectionString), 1)
  const copies = async () => {
    const { rows } = await direct.query(`select from public.seen where statement like '%copy%'`)
    return rows.length
  }
  for (const [pool, wanted] of [
    [pooled, 0],
    [direct, 2],
  ] as const) {
    const writer = openWriter(t, pool)
    for (const seed of ['a', 'b', 'c']) {
      t.same(await writer.write([requestOf(`${wanted} ${seed}`, 1)], never), [stored])
    }
    t.equal(await copies(), wanted)
  }
})
