import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { startLedgerClient } from '../helpers/ledger'
import { withDatabase } from '../helpers/postgres'
import { countThrows, errorDifferences } from '../helpers/recount-errors'
import { until } from '../helpers/until'

const PATIENCE_MS = 60_000

/** A row of a level that a recount reads. */
const ONE_ROLLUP = `(tableoid, ctid) = (
  select tableoid, ctid from sidelight.error_rollup where level in (0, 1) limit 1
)`

/** What is off by one after it. */
const FAULTS: Readonly<Record<string, string>> = {
  'a throw counted twice': `update sidelight.error_rollup set occurrence_count = occurrence_count + 1 where ${ONE_ROLLUP}`,
  'one not counted': `update sidelight.error_rollup set occurrence_count = occurrence_count - 1 where ${ONE_ROLLUP}`,
  'one less an error': `update sidelight.error_rollup set severe_count = severe_count - 1 where ${ONE_ROLLUP}`,
  'one of another class': `
    update sidelight.error_rollup set error_hash = (
      select id from sidelight.error_group_hash hash where hash.id <> error_hash and kind = 'exception' limit 1
    ) where ${ONE_ROLLUP}`,
  'a minute that is gone': `delete from sidelight.error_rollup where ${ONE_ROLLUP}`,
  'a throw that is forgotten': `delete from sidelight.error_seen where (scope, innermost) = (
    select scope, innermost from sidelight.error_seen limit 1
  )`,
}

t.test('a recount of errors differs by whatever is off by one, and by nothing else', async (t) => {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const dataDir = dataFolder(t)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir }
  const collector = await collectors(t).start(options)
  const app = startLedgerClient(t, collector.otlpUrl, join(dataDir, 'ledger'))
  const isEnough = () => app.acknowledged('traces') > 100 && app.acknowledged('logs') > 100
  await until(isEnough, PATIENCE_MS, 'items of both signals')
  await app.stop()
  t.equal(await collector.end('SIGTERM'), 0)

  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  t.same(await errorDifferences(client), [])
  t.ok((await countThrows(client)) > 0)
  for (const [title, fault] of Object.entries(FAULTS)) {
    await client.query('begin')
    const { rowCount } = await client.query(fault)
    t.equal(rowCount, 1, title)
    t.not((await errorDifferences(client)).length, 0, `${title} is found`)
    await client.query('rollback')
  }
})
