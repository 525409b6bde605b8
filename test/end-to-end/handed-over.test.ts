import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { parseHeader } from '../../collector/ingest/handover/header'
import {
  ADMIN_TOKEN,
  type CollectorOptions,
  collectors,
  dataFolder,
  freePorts,
  readMetric,
  type RunningCollector,
} from '../helpers/collector'
import {
  compareLedger,
  type LedgerApplication,
  startLedgerApplication,
} from '../helpers/ledger-application'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

t.setTimeout(110_000)

const TIMEOUT_MS = 30_000
const ENDED = 2_000

t.test('what an application left at process.exit without a collector is there once', async (t) => {
  const scene = await prepare(t)
  const application = scene.application('exit')
  const { code, stderr } = await application.ended
  t.equal(code, 3)
  t.notMatch(stderr, /lost/)
  t.ok(filesIn(scene.folder).some(isTried), 'some of it was tried to be sent')
  t.notOk(filesIn(scene.folder).every(isTried), 'some was not')
  const collector = await scene.start()
  await settled(scene.folder, collector)
  t.same(await compareLedger(scene.client, application.spans()), whole(ENDED, ENDED))
})

t.test(
  'so is what it left at an uncaught exception, and the exception, with its chain',
  async (t) => {
    const scene = await prepare(t)
    const application = scene.application('throw')
    const { code, stderr } = await application.ended
    t.equal(code, 1)
    t.match(stderr, /TypeError: cannot pay/)
    const collector = await scene.start()
    await settled(scene.folder, collector)
    t.same(await compareLedger(scene.client, application.spans()), whole(ENDED + 1, ENDED))
    const { errors } = await ask<{ errors: { id: string }[] }>(collector, '')
    t.match(errors, [{ class: 'TypeError', occurrenceCount: 1, unhandledCount: 1 }])
    t.equal(errors.length, 1)
    const { occurrences } = await ask<{ occurrences: unknown[] }>(
      collector,
      `/${errors[0]?.id}/occurrences`,
    )
    t.equal(occurrences.length, 1)
    t.match(occurrences, [
      {
        service: 'ledger-application',
        class: 'TypeError',
        message: 'cannot pay',
        severity: 'fatal',
        isHandled: false,
        spanId: application.spans().all.at(-1),
        exceptions: [
          { class: 'TypeError', message: 'cannot pay' },
          { class: 'RangeError', message: 'card refused', code: 'E_CARD' },
        ],
      },
    ])
  },
)

t.test(
  'process.exit beside a collector: a body on its way is handed over, too, and counts once',
  async (t) => {
    const scene = await prepare(t)
    const collector = await scene.start()
    const application = scene.application('exit')
    const { code, stderr } = await application.ended
    t.same([code, stderr], [3, ''])
    await settled(scene.folder, collector)
    t.same(await compareLedger(scene.client, application.spans()), whole(ENDED, ENDED))
  },
)

t.test(
  'a collector that is killed and comes back costs nothing of 500 spans a second',
  async (t) => {
    const scene = await prepare(t)
    const first = await scene.start()
    const application = scene.application('work')
    await until(() => isStored(scene.client), TIMEOUT_MS, 'spans')
    await first.end('SIGKILL')
    const before = application.spans().all.length
    await until(() => application.spans().all.length > before + 1_000, TIMEOUT_MS, 'further spans')
    const second = await scene.start()
    const { all } = application.spans()
    await until(() => isStored(scene.client, all.at(-1)), TIMEOUT_MS, 'what was kept meanwhile')
    application.child.kill('SIGTERM')
    t.match(await application.ended, { signal: 'SIGTERM' })
    await settled(scene.folder, second)
    const spans = application.spans()
    t.same(await compareLedger(scene.client, spans), whole(spans.all.length, spans.all.length))
  },
)

t.test('SIGTERM to both: what is not stored is in the folder, and at the next start', async (t) => {
  const scene = await prepare(t)
  const first = await scene.start()
  const application = scene.application('work')
  await until(() => isStored(scene.client), TIMEOUT_MS, 'spans')
  application.child.kill('SIGTERM')
  t.equal(await first.end('SIGTERM'), 0)
  t.match(await application.ended, { signal: 'SIGTERM' })
  const { all, logged } = application.spans()
  const before = await compareLedger(scene.client, { all, logged })
  t.match(before, { spans: { duplicated: 0, unknown: 0 }, lines: { duplicated: 0, unknown: 0 } })
  const left = itemsIn(scene.folder)
  t.ok(left.traces >= before.spans.lost, `${left.traces} spans left, ${before.spans.lost} missing`)
  t.ok(left.logs >= before.lines.lost, `${left.logs} lines left, ${before.lines.lost} missing`)
  const second = await scene.start()
  await settled(scene.folder, second)
  t.same(await compareLedger(scene.client, { all, logged }), whole(all.length, logged.length))
})

t.test('what an application with the token of a tenant leaves is the tenant’s', async (t) => {
  const token = 'ingest-token-of-acme-00'
  const scene = await prepare(t)
  const file = join(dataFolder(t), 'sidelight.yaml')
  writeFileSync(file, `tokens:\n  - { token: ${token}, scope: ingest, tenant: acme }\n`)
  const application = scene.application('exit', {
    OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token}`,
  })
  t.equal((await application.ended).code, 3)
  const collector = await scene.start({ SIDELIGHT_CONFIG: file })
  await settled(scene.folder, collector)
  t.same(await compareLedger(scene.client, application.spans()), whole(ENDED, ENDED))
  const { rows } = await scene.client.query(
    `select 'spans' as what, tenant, count(*)::int from sidelight.spans group by tenant
     union all select 'logs', tenant, count(*)::int from sidelight.logs group by tenant`,
  )
  t.same(rows, [
    { what: 'spans', tenant: 'acme', count: ENDED },
    { what: 'logs', tenant: 'acme', count: ENDED },
  ])
  t.notOk(readdirSync(scene.folder).includes('refused'))
})

/** A database, a place for a collector that is not started yet, and a folder that it and applications know. */
async function prepare(t: Test) {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const dataDir = dataFolder(t)
  const folder = join(dataDir, 'handover')
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options: CollectorOptions = { databaseUrl: connectionString, otlpPort, apiPort, dataDir }
  const { start } = collectors(t)
  return {
    client,
    folder,
    start: (env: NodeJS.ProcessEnv = {}) =>
      start({ ...options, env: { SIDELIGHT_HANDOVER_DIR: folder, ...env } }),
    application: (way: 'exit' | 'throw' | 'work', env: NodeJS.ProcessEnv = {}): LedgerApplication =>
      startLedgerApplication(t, {
        way,
        otlpUrl: `http://127.0.0.1:${otlpPort}`,
        handoverDir: folder,
        ledgerPath: join(dataDir, 'ledger'),
        env,
      }),
  }
}

/** So many spans and lines, each once, and no others. */
function whole(spans: number, lines: number) {
  const intact = { lost: 0, duplicated: 0, unknown: 0 }
  return { spans: { stored: spans, ...intact }, lines: { stored: lines, ...intact } }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.otlp'))
}

/** Its name says since when it may be stored. */
function isTried(name: string): boolean {
  return name.split('-').length === 4
}

function itemsIn(folder: string): Record<string, number> & { traces: number; logs: number } {
  const items = { traces: 0, logs: 0, metrics: 0 }
  for (const name of filesIn(folder)) {
    const header = parseHeader(readFileSync(join(folder, name)).subarray(0, 256))
    if (header !== null) items[header.signal] += header.items
  }
  return items
}

/** Waits until nothing is left in the folder, nor in the spool. */
async function settled(folder: string, collector: RunningCollector): Promise<void> {
  const isSettled = async () =>
    filesIn(folder).length === 0 && (await readMetric(collector, 'sidelight_spool_records')) === 0
  await until(isSettled, TIMEOUT_MS, 'a folder and a spool without anything in them')
}

/** Whether a span is there, or any. */
async function isStored(client: Client, id?: string): Promise<boolean> {
  const { rows } = await client.query(
    'select from sidelight.spans where $1::text is null or span_hex = $1 limit 1',
    [id],
  )
  return rows.length > 0
}

async function ask<T>(collector: RunningCollector, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const response = await fetch(`${collector.apiUrl}/api/v1/errors${path}`, { headers })
  return (await response.json()) as T
}
