import { Client } from 'pg'
import t, { type Test } from 'tap'
import { SIGNALS } from '../../collector/translate/rows'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
  untilStored,
} from '../helpers/collector'
import { exportRequest } from '../helpers/export-request'
import { bySignal } from '../../collector/otlp/signal'
import { startCluster } from '../helpers/postgres'
import { until } from '../helpers/until'

const ITEMS = 100
/** All of what was posted of a service. */
const ALL = bySignal(() => ITEMS)
const PROTOBUF = { 'content-type': 'application/x-protobuf' }

/** A cluster that is down, and how to start collectors on it. */
async function openAway(t: Test) {
  const cluster = await startCluster(t)
  await cluster.stop()
  const dataDir = dataFolder(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options = { databaseUrl: cluster.connectionString(), otlpPort, apiPort, dataDir }
  return { cluster, start: collectors(t).start, options }
}

/** Sends a request of each signal at once; the statuses they were answered, without repeats. */
async function post(collector: RunningCollector, service: string): Promise<number[]> {
  const statuses = await Promise.all(
    SIGNALS.map(async (signal) => {
      const body = new Uint8Array(exportRequest(signal, { service, count: ITEMS }))
      const url = `${collector.otlpUrl}/v1/${signal}`
      return (await fetch(url, { method: 'POST', headers: PROTOBUF, body })).status
    }),
  )
  return [...new Set(statuses)]
}

/** A question about traces; it is under way when this returns. */
function ask(collector: RunningCollector): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  return fetch(`${collector.apiUrl}/api/admin/observability/traces/slow`, { headers })
}

/** How many spans, log records and data points of each service are stored. */
async function countByService(connectionString: string): Promise<Record<string, object>> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<{ service: string; items: object }>(
    `select service, jsonb_object_agg(signal, items) as items
     from (
       select 'traces' as signal, service, count(*) as items from sidelight.spans group by service
       union all
       select 'logs', service, count(*) from sidelight.logs group by service
       union all
       select 'metrics', service, count(*) from sidelight.metrics group by service
     ) as stored
     group by service`,
  )
  await client.end()
  return Object.fromEntries(rows.map(({ service, items }) => [service, items]))
}

/** The server's processes but for the postmaster and the one that is asked. */
async function processesOf(connectionString: string): Promise<number[]> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<{ pid: number }>(
    'select pid from pg_stat_activity where pid <> pg_backend_pid()',
  )
  await client.end()
  return rows.map(({ pid }) => pid)
}

t.test(
  'a collector that starts without Postgres acknowledges, migrates when it comes, and stores',
  async (t) => {
    const { cluster, start, options } = await openAway(t)
    const collector = await start(options, 'live')
    t.same(await post(collector, 'before'), [200])
    const readiness = await fetch(`${collector.apiUrl}/health/ready`)
    t.equal(readiness.status, 503)
    t.match(await readiness.json(), { checks: { database: 'unhealthy', spool: 'healthy' } })
    await cluster.restart()
    await until(
      async () => (await fetch(`${collector.apiUrl}/health/ready`)).status === 200,
      30_000,
      'a ready collector',
    )
    t.same(await post(collector, 'after'), [200])
    t.equal(await collector.end('SIGTERM'), 0)
    t.same(await countByService(cluster.connectionString()), { before: ALL, after: ALL })
  },
)

t.test(
  'what a killed collector had acknowledged without Postgres, its successor stores',
  async (t) => {
    const { cluster, start, options } = await openAway(t)
    const first = await start(options, 'live')
    for (const service of ['a', 'b']) t.same(await post(first, service), [200])
    await first.end('SIGKILL')
    const second = await start(options, 'live')
    t.same(await post(second, 'c'), [200])
    t.equal(await second.end('SIGTERM'), 0, 'a stop without Postgres is clean')
    t.match(second.output(), /stopped: 0 requests without an answer, 9 in the spool/)
    await cluster.restart()
    const third = await start(options)
    t.equal(await third.end('SIGTERM'), 0, 'a stop stores what is left')
    t.match(third.output(), /stopped: 0 requests without an answer, 0 in the spool/)
    t.same(await countByService(cluster.connectionString()), { a: ALL, b: ALL, c: ALL })
  },
)

t.test('a hanging Postgres keeps no client waiting, and a second signal no stop', async (t) => {
  const { cluster, start, options } = await openAway(t)
  await cluster.restart()
  const collector = await start(options)
  t.same(await post(collector, 'before'), [200])
  const processes = [cluster.pid(), ...(await processesOf(cluster.connectionString()))]
  for (const pid of processes) process.kill(pid, 'SIGSTOP')
  const startedMs = performance.now()
  t.same(await Promise.all(['b', 'c', 'd'].map((service) => post(collector, service))), [
    [200],
    [200],
    [200],
  ])
  t.ok(performance.now() - startedMs < 10_000, 'before a client gives up')
  const ended = collector.end('SIGTERM')
  // The first half second is passed over as an echo of the first one.
  const impatience = setInterval(() => collector.child.kill('SIGTERM'), 50)
  t.equal(await ended, 1)
  clearInterval(impatience)
  t.match(collector.output(), /stopped at once by a second signal: \d+ requests without an answer/)
  for (const pid of processes) process.kill(pid, 'SIGCONT')
  const successor = await start(options)
  t.equal(await successor.end('SIGTERM'), 0)
  t.same(await countByService(cluster.connectionString()), {
    before: ALL,
    b: ALL,
    c: ALL,
    d: ALL,
  })
})

t.test('a hanging Postgres keeps no stop beyond its deadline', async (t) => {
  const { cluster, start, options } = await openAway(t)
  await cluster.restart()
  const env = { SIDELIGHT_SHUTDOWN_TIMEOUT_MS: '3000' }
  const collector = await start({ ...options, env })
  // Enough at once for connections that nobody uses afterwards.
  await Promise.all(Array.from({ length: 20 }, () => post(collector, 'before')))
  await untilStored(collector)
  t.equal((await ask(collector)).status, 200)
  const processes = [cluster.pid(), ...(await processesOf(cluster.connectionString()))]
  for (const pid of processes) process.kill(pid, 'SIGSTOP')
  t.same(await post(collector, 'kept'), [200])
  const question = ask(collector).then(
    () => 'answered',
    () => 'cut off',
  )
  const stoppedMs = performance.now()
  const ended = collector.end('SIGTERM')
  await until(() => collector.child.exitCode !== null, 15_000, 'the end of the stop').catch(
    (error: unknown) => {
      for (const pid of processes) process.kill(pid, 'SIGCONT')
      throw error
    },
  )
  const tookMs = performance.now() - stoppedMs
  for (const pid of processes) process.kill(pid, 'SIGCONT')
  t.equal(await ended, 0)
  t.ok(tookMs < 9_000, `the stop took ${tookMs.toFixed(0)} ms`)
  t.equal(await question, 'cut off', 'a question keeps no stop either')
  t.match(collector.output(), /stopped: 0 requests without an answer, 3 in the spool/)
})
