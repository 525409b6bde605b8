import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { SIGNALS } from '../../collector/otlp/signal'
import {
  type CollectorOptions,
  collectors,
  dataFolder,
  freePorts,
  readMetric,
} from '../helpers/collector'
import { areIdle, closeGate, installGates, openGate, waitingAt } from '../helpers/commit-gate'
import { exportRequest } from '../helpers/export-request'
import { handOver } from '../helpers/handed-over'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const TIMEOUT_MS = 30_000
const PROTOBUF = { 'content-type': 'application/x-protobuf' }

async function prepare(t: { teardown(fn: () => Promise<void>): void }, env = {}) {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const dataDir = dataFolder(t as never)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options: CollectorOptions = {
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir,
    env,
  }
  return { client, options, folder: join(dataDir, 'handover'), start: collectors(t).start }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.otlp'))
}

async function countRows(client: Client) {
  const { rows } = await client.query(
    `select (select count(*)::int from sidelight.span) as traces,
     (select count(*)::int from sidelight.log_record) as logs,
     (select count(*)::int from sidelight.metrics) as metrics,
     (select count(*)::int from sidelight.dead_letter) as letters`,
  )
  return rows[0] as unknown
}

t.test(
  'what applications left without a collector is there after its start, and what they sent as well is there once',
  async (t) => {
    const { client, options, folder, start } = await prepare(t)
    const bodies = SIGNALS.map((signal) => ({
      signal,
      body: exportRequest(signal, { service: 'left', count: 20 }),
    }))
    for (const file of bodies) handOver(folder, { ...file, items: 20, ageMs: 60_000 })
    handOver(folder, { ...bodies[0]!, body: Buffer.from('no protobuf') })
    const collector = await start(options)
    await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
    t.same(await countRows(client), { traces: 20, logs: 20, metrics: 20, letters: 0 })
    t.equal(readdirSync(join(folder, 'refused')).length, 1)
    for (const { signal, body } of bodies) {
      const init = { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body) }
      t.equal((await fetch(`${collector.otlpUrl}/v1/${signal}`, init)).status, 200)
      handOver(folder, { signal, body, items: 20 })
    }
    await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
    t.same(await countRows(client), { traces: 20, logs: 20, metrics: 20, letters: 0 })
    const files = (outcome: string) =>
      readMetric(collector, `sidelight_handover_files_total{outcome="${outcome}"}`)
    t.same([await files('stored'), await files('refused')], [6, 1])
    t.equal(await readMetric(collector, 'sidelight_handover_pending_files'), 0)
    t.equal(await collector.end('SIGTERM'), 0)
    const { rows } = await client.query(
      'select drained_at is not null as drained from sidelight.sidecar',
    )
    t.same(rows, [{ drained: true }])
  },
)

t.test(
  'a collector killed between the commit and the deletion of a file leaves it to be found stored',
  async (t) => {
    const { client, options, folder, start } = await prepare(t)
    await installGates(client)
    await closeGate(client, 'commit')
    const first = await start(options)
    handOver(folder, { body: exportRequest('traces', { service: 'once' }) })
    const backends = await until(
      async () => {
        const pids = await waitingAt(client, 'commit')
        return pids.length > 0 ? pids : null
      },
      TIMEOUT_MS,
      'a commit under way',
    )
    await first.end('SIGKILL')
    await openGate(client, 'commit')
    await until(() => areIdle(client, backends), TIMEOUT_MS, 'its end')
    t.match(await countRows(client), { traces: 1 })
    t.equal(filesIn(folder).length, 1)
    const second = await start(options)
    await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
    t.match(await countRows(client), { traces: 1 })
    t.equal(await readMetric(second, 'sidelight_repeated_requests_total'), 1)
  },
)

t.test(
  'a clean stop leaves what is not committed, and says for how long receipts are to be kept',
  async (t) => {
    const { client, options, folder, start } = await prepare(t, {
      SIDELIGHT_SHUTDOWN_TIMEOUT_MS: '3000',
    })
    await installGates(client)
    await closeGate(client, 'receipt')
    const collector = await start(options)
    handOver(folder, { body: exportRequest('traces', { service: 'left' }), ageMs: 600_000 })
    await until(
      async () => (await waitingAt(client, 'receipt')).length > 0,
      TIMEOUT_MS,
      'a transaction under way',
    )
    await collector.end('SIGTERM')
    t.equal(filesIn(folder).length, 1)
    const { rows } = await client.query(
      `select drained_at is null as undrained,
       round(extract(epoch from heartbeat_at - oldest_undrained_at) / 60)::int as minutes
       from sidelight.sidecar`,
    )
    t.same(rows, [{ undrained: true, minutes: 10 }])
    await openGate(client, 'receipt')
    await start(options)
    await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
    t.match(await countRows(client), { traces: 1 })
  },
)

t.test(
  'the token of an application says whose its files are, and whether they are taken',
  async (t) => {
    const TENANT = 'ingest-token-of-acme-00'
    const { client, options, folder, start } = await prepare(t)
    const file = join(dataFolder(t as never), 'sidelight.yaml')
    writeFileSync(file, `tokens:\n  - { token: ${TENANT}, scope: ingest, tenant: acme }\n`)
    const body = () => exportRequest('traces', { service: 'guarded' })
    handOver(folder, { body: body(), token: TENANT })
    handOver(folder, { body: body(), token: 'another-token-altogether' })
    handOver(folder, { body: body() })
    await start({ ...options, env: { SIDELIGHT_CONFIG: file } })
    await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
    const { rows } = await client.query('select tenant from sidelight.spans')
    t.same(rows, [{ tenant: 'acme' }])
    t.equal(readdirSync(join(folder, 'refused')).length, 2)
  },
)

t.test(
  'what is left at the moment of SIGTERM is stored, as in a pod where the application ends first',
  async (t) => {
    const { client, options, folder, start } = await prepare(t)
    const collector = await start(options)
    for (let number = 0; number < 20; number++) {
      handOver(folder, { body: exportRequest('traces', { service: `left ${number}`, count: 5 }) })
    }
    t.equal(await collector.end('SIGTERM'), 0)
    t.same(filesIn(folder), [])
    t.match(await countRows(client), { traces: 100, letters: 0 })
  },
)

t.test('two collectors on one folder store each file once', async (t) => {
  const { client, options, folder, start } = await prepare(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const second = { otlpPort, apiPort, dataDir: dataFolder(t as never) }
  const env = { SIDELIGHT_HANDOVER_DIR: folder }
  await Promise.all([start(options), start({ ...options, ...second, env })])
  for (let number = 0; number < 200; number++) {
    handOver(folder, { body: exportRequest('traces', { service: 'shared', count: 3 }), items: 3 })
  }
  await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
  t.match(await countRows(client), { traces: 600, letters: 0 })
})

t.test('what is too old to tell whether it was stored is a dead letter', async (t) => {
  const { client, options, folder, start } = await prepare(t)
  const body = exportRequest('traces', { service: 'old' })
  handOver(folder, { body, triedAgoMs: 3 * 3_600_000 })
  await start(options)
  await until(() => filesIn(folder).length === 0, TIMEOUT_MS, 'an empty folder')
  t.match(await countRows(client), { traces: 0, letters: 1 })
  const { rows } = await client.query('select signal, message, body from sidelight.dead_letter')
  t.match(rows, [{ signal: 'traces', message: /so long ago that no receipt would tell/, body }])
})
