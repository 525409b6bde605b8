import { join } from 'node:path'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { ADMIN_TOKEN, collectors, dataFolder, freePorts, readMetric } from '../helpers/collector'
import { INTACT, settle, startLedgerClient } from '../helpers/ledger'
import { startCluster } from '../helpers/postgres'
import { rollupDifferences } from '../helpers/recount'
import { errorDifferences } from '../helpers/recount-errors'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const PATIENCE_MS = 60_000
/** Exports of the application under way at once, and items of each, unless told. */
const [AT_ONCE, ITEMS] = [3, 16]

async function optionsFor(t: Test, databaseUrl: string, roles: string) {
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const env = { SIDELIGHT_ROLES: roles }
  return { databaseUrl, otlpPort, apiPort, dataDir: dataFolder(t), env }
}

async function openClient(t: Test, connectionString: string): Promise<Client> {
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** A question about traces. */
function ask({ apiUrl }: { readonly apiUrl: string }): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  return fetch(`${apiUrl}/api/admin/observability/traces/stats`, { headers })
}

t.test(
  'over two connections the spool is drained beside live traffic, and everything is stored once',
  async (t) => {
    const cluster = await startCluster(t)
    const options = await optionsFor(t, cluster.connectionString(), 'ingest')
    const collector = await collectors(t).start(options)
    const app = startLedgerClient(t, collector.otlpUrl, join(options.dataDir, 'ledger'))
    const spooled = () => readMetric(collector, 'sidelight_spool_records')
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      await until(() => app.acknowledged() > 500, PATIENCE_MS, 'items under way')
      await cluster.stop(signal)
      await until(async () => (await spooled()) > 300, PATIENCE_MS, 'a spool with something in it')
      await cluster.restart()
      const before = app.acknowledged()
      const isDrained = async () => (await spooled()) === 0
      await until(isDrained, PATIENCE_MS, 'an empty spool while the application goes on')
      await until(() => app.acknowledged() > before + 500, PATIENCE_MS, 'items beside it')
    }
    await app.stop()
    await until(async () => (await spooled()) === 0, PATIENCE_MS, 'an empty spool')
    const client = await openClient(t, cluster.connectionString())
    t.match(await settle(client, [app]), INTACT, `of ${app.acknowledged()} acknowledged items`)
    t.same(await rollupDifferences(client), [])
    t.same(await errorDifferences(client), [])
    const failed = app.entries().filter(({ outcome }) => outcome !== 'acknowledged')
    t.same(failed, [], 'no export failed')
    t.equal(await collector.end('SIGTERM'), 0)
  },
)

t.test(
  'while Postgres hangs with every connection, probes, the login and OTLP are answered first',
  async (t) => {
    const cluster = await startCluster(t)
    const options = await optionsFor(t, cluster.connectionString(), 'ingest,api,leader')
    const collector = await collectors(t).start(options)
    t.equal((await ask(collector)).status, 200)
    const client = await openClient(t, cluster.connectionString())
    // Questions are given up after ten seconds, in which an application does not always start.
    const app = startLedgerClient(t, collector.otlpUrl, join(options.dataDir, 'ledger'))
    await until(() => app.acknowledged() > 0, PATIENCE_MS, 'an application under way')
    // First of all who would start another process.
    process.kill(cluster.pid(), 'SIGSTOP')
    const { rows } = await client.query<{ pid: number }>('select pid from pg_stat_activity')
    const processes = [cluster.pid(), ...rows.map(({ pid }) => pid)]
    for (const pid of processes) process.kill(pid, 'SIGSTOP')
    const before = app.acknowledged()
    let answered = 0
    const questions = Array.from({ length: 5 }, () => ask(collector).finally(() => answered++))
    try {
      const paths = ['/health', '/health/live', '/health/ready', '/login']
      for (const path of paths) {
        t.match((await fetch(collector.apiUrl + path)).status, /200|503/, path)
      }
      // More than was under way before.
      const isAcknowledged = () => app.acknowledged() > before + AT_ONCE * ITEMS
      await until(isAcknowledged, 10_000, 'an acknowledgement')
      const readiness = await fetch(`${collector.apiUrl}/health/ready`)
      t.equal(readiness.status, 503)
      t.match(await readiness.json(), { checks: { database: 'unhealthy' } })
      t.equal(answered, 0, 'none of the questions is answered yet')
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT')
    }
    await Promise.all(questions)
    await app.stop()
  },
)

const QUIET = {
  'api,leader': 'an API alone',
  ingest: 'a collector that has nothing to store, not even metrics of its own,',
}

for (const [roles, who] of Object.entries(QUIET)) {
  t.test(`${who} says that it is not ready when its database is gone`, async (t) => {
    const cluster = await startCluster(t)
    const options = await optionsFor(t, cluster.connectionString(), roles)
    const collector = await collectors(t).start(options)
    const readiness = async () => (await fetch(`${collector.apiUrl}/health/ready`)).status
    await cluster.stop()
    await until(async () => (await readiness()) === 503, PATIENCE_MS, 'it to be not ready')
    await cluster.restart()
    await until(async () => (await readiness()) === 200, PATIENCE_MS, 'it to be ready')
  })
}
