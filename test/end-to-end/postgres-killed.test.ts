import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import t from 'tap'
import { readEmbeddedConnection } from '../../collector/store/embedded/connection'
import { SIGNALS } from '../../collector/translate/rows'
import { collectors, dataFolder, freePorts, readMetric } from '../helpers/collector'
import { INTACT, settle, startLedgerClient } from '../helpers/ledger'
import { rollupDifferences } from '../helpers/recount'
import { countThrows, errorDifferences } from '../helpers/recount-errors'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const KILLS = 6

t.test(
  'an embedded Postgres killed again and again under load keeps every acknowledged span, log record and data point exactly once',
  async (t) => {
    const dataDir = dataFolder(t)
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const { start } = collectors(t)
    const collector = await start({ databaseUrl: null, otlpPort, apiPort, dataDir })
    const app = startLedgerClient(t, collector.otlpUrl, join(dataDir, 'ledger'))
    for (let kill = 0; kill < KILLS; kill++) {
      const before = app.acknowledged()
      await until(() => app.acknowledged() > before + 200, 60_000, 'items under way')
      const postmaster = await until(() => postmasterOf(dataDir), 10_000, 'the pid of Postgres')
      process.kill(postmaster, 'SIGKILL')
      const live = await fetch(`${collector.apiUrl}/health/live`)
      t.equal(live.status, 200, 'alive while Postgres is away')
      await until(
        () => ![0, postmaster].includes(postmasterOf(dataDir)),
        60_000,
        'another Postgres',
      )
    }
    await app.stop()
    await until(
      async () => (await readMetric(collector, 'sidelight_spool_records')) === 0,
      60_000,
      'an empty spool',
    )
    const client = new Client({ connectionString: await readEmbeddedConnection(dataDir) })
    await client.connect()
    const settled = await settle(client, [app])
    t.same(await rollupDifferences(client), [], 'the rollups are what the spans add up to')
    t.same(await errorDifferences(client), [], 'and the errors what spans and log records tell')
    t.ok((await countThrows(client)) > 0)
    t.same(await eventDifferences(client), [], 'and the events what log records tell')
    t.ok((await countEvents(client)) > 0)
    await client.end()
    const failed = app.entries().filter(({ outcome }) => outcome !== 'acknowledged')
    t.same(failed, [], 'no export failed')
    for (const signal of SIGNALS) {
      t.ok(app.acknowledged(signal) > 0, `${app.acknowledged(signal)} items of ${signal}`)
    }
    t.match(settled, INTACT, `${app.acknowledged()} acknowledged items are there exactly once`)
    t.equal(await collector.end('SIGTERM'), 0, 'the collector ends cleanly')
  },
)

/** The first line of postmaster.pid; 0 while there is none. */
function postmasterOf(dataDir: string): number {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return 0
  }
}
