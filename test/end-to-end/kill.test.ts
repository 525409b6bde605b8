import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { SIGNALS } from '../../collector/translate/rows'
import {
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
  untilStored,
} from '../helpers/collector'
import {
  areIdle,
  closeGate,
  type Gate,
  installGates,
  openGate,
  waitingAt,
} from '../helpers/commit-gate'
import { INTACT, settle, startLedgerClient } from '../helpers/ledger'
import { withDatabase } from '../helpers/postgres'
import { rollupDifferences } from '../helpers/recount'
import { countThrows, errorDifferences } from '../helpers/recount-errors'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const KILLS = 20
/** When the collector dies: its receipt not yet inserted; COMMIT sent but not done; committed but not answered. */
const PHASES = ['before', 'inside', 'after'] as const

t.test(
  'a collector killed 20 times before, inside and after COMMIT keeps every acknowledged span, log record and data point exactly once',
  async (t) => {
    const { connectionString } = await withDatabase(t)
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    await installGates(client)
    const dataDir = dataFolder(t)
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const start = collectors(t).start
    const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir }
    let collector = await start(options)
    const app = startLedgerClient(t, collector.otlpUrl, join(dataDir, 'ledger'))
    for (let kill = 0; kill < KILLS; kill++) {
      const before = app.acknowledged()
      await until(() => app.acknowledged() > before, 30_000, 'items under way')
      await killAt(PHASES[kill % PHASES.length] ?? 'before', collector, client)
      collector = await start(options)
    }
    const { retries } = await app.stop()
    // What came while the last one started, it acknowledged from the disk.
    await untilStored(collector)
    t.ok(retries >= KILLS, `the exporter retried (${retries} times)`)
    for (const signal of SIGNALS) {
      t.ok(app.acknowledged(signal) > 0, `${app.acknowledged(signal)} items of ${signal}`)
    }
    t.match(
      await settle(client, [app]),
      INTACT,
      `${app.acknowledged()} acknowledged items are there exactly once`,
    )
    t.same(await rollupDifferences(client), [], 'the rollups are what the spans add up to')
    t.same(await errorDifferences(client), [], 'and the errors what spans and log records tell')
    t.ok((await countThrows(client)) > 0)
    t.same(await eventDifferences(client), [], 'and the events what log records tell')
    t.ok((await countEvents(client)) > 0)
    t.equal(await collector.end('SIGTERM'), 0, 'the last one ends cleanly')
  },
)

async function killAt(
  phase: (typeof PHASES)[number],
  collector: RunningCollector,
  client: Client,
): Promise<void> {
  const gate: Gate = phase === 'before' ? 'receipt' : 'commit'
  await closeGate(client, gate)
  let waiting: number[] = []
  await until(
    async () => (waiting = await waitingAt(client, gate)).length > 0,
    30_000,
    `a transaction at the ${gate} gate`,
  )
  if (phase === 'after') {
    process.kill(collector.pid, 'SIGSTOP')
    await openGate(client, gate)
    await until(() => areIdle(client, waiting), 30_000, 'the commit')
    await collector.end('SIGKILL')
  } else {
    await collector.end('SIGKILL')
    await openGate(client, gate)
  }
}
