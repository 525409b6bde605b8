import { join } from 'node:path'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  readMetric,
  type RunningCollector,
} from '../helpers/collector'
import { startLedgerClient } from '../helpers/ledger'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const PATIENCE_MS = 60_000
const OBSERVABILITY = '/api/admin/observability'
/** Each asks several questions, most of them at once. */
const QUESTIONS = [
  '/',
  '/errors',
  '/api/v1/services',
  '/api/v1/service-map',
  '/v1/monitoring/metrics?type=all',
  ...['health', 'sla', 'alerts', 'errors', 'traces/stats', 'metrics/prometheus'].map(
    (path) => `${OBSERVABILITY}/${path}`,
  ),
]

function ask(collector: RunningCollector, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  return fetch(`${collector.apiUrl}${path}`, { headers })
}

async function optionsFor(t: Test, databaseUrl: string, roles: string) {
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const env = { SIDELIGHT_ROLES: roles }
  return { databaseUrl, otlpPort, apiPort, dataDir: dataFolder(t), env }
}

async function openClient(t: Test, connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, application_name: 'test' })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** Looks again and again how many connections the database has beside the one that asks; returns a function that ends it and tells the most. */
function watchConnections(client: Client): () => Promise<number> {
  let isWatching = true
  const watching = (async () => {
    let most = 0
    while (isWatching) {
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and application_name <> 'test'`,
      )
      most = Math.max(most, rows[0]?.n ?? 0)
    }
    return most
  })()
  return () => {
    isWatching = false
    return watching
  }
}

const ROLES = [
  ['ingest', 2],
  ['leader', 2],
  ['api,leader', 2],
  ['ingest,api,leader', 4],
] as const

for (const [roles, connections] of ROLES) {
  t.test(`the roles ${roles} open ${connections} connections under load`, async (t) => {
    const { connectionString } = await withDatabase(t)
    const client = await openClient(t, connectionString)
    const endWatch = watchConnections(client)
    const collector = await collectors(t).start(await optionsFor(t, connectionString, roles))
    const app = roles.includes('ingest')
      ? startLedgerClient(t, collector.otlpUrl, join(dataFolder(t), 'ledger'))
      : null
    if (app !== null) await until(() => app.acknowledged() > 1_000, PATIENCE_MS, 'items')
    await app?.stop()
    if (roles.includes('api')) {
      for (const path of QUESTIONS) t.equal((await ask(collector, path)).status, 200, path)
    }
    if (roles.includes('leader')) {
      const isLeading = async () => (await readMetric(collector, 'sidelight_leader')) === 1
      await until(isLeading, PATIENCE_MS, 'a leader')
    }
    t.equal(await collector.end('SIGTERM'), 0)
    t.equal(await endWatch(), connections)
    t.notMatch(collector.output(), /failed/, 'everything had its turn')
  })
}
