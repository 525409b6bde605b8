import { join } from 'node:path'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
} from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { install, launch, link, ROOT } from '../instrumentation/application'

t.setTimeout(180_000)

/** As many as are an alert. */
const TIMES = 3

for (const first of ['logs', 'spans']) {
  t.test(
    `a critical error, told of by a helper and by spans, counts once (${first} first)`,
    async (t) => {
      const { collector, client } = await openCollector(t)
      const folder = install(t, 'critical.cjs')
      // Of its own, as an application has it that asks for an SDK's span.
      link(
        join(ROOT, 'node_modules', '@opentelemetry'),
        join(folder, 'node_modules', '@opentelemetry'),
      )
      const ended = await launch(t, join(folder, 'critical.cjs'), {
        cwd: folder,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
          OTEL_SERVICE_NAME: 'shop',
          APP_TIMES: String(TIMES),
          APP_FIRST: first,
        },
      }).ended
      t.same(ended, { code: 0, signal: null, stdout: 'done\n', stderr: '' })

      const group = {
        error_type: 'PayError',
        error_message: 'cannot charge',
        occurrence_count: String(TIMES),
      }
      const isThere = async () => (await readGroups(client)).length > 0
      await until(isThere, 30_000, 'a group of errors')
      t.match(await readGroups(client), [group])
      const areFatal = async () => {
        const { rows } = await client.query<{ severity: number }>(
          `select severity, user_id, jsonb_array_length(exceptions) as chain
           from sidelight.error_occurrence`,
        )
        return rows.length === TIMES && rows.every(({ severity }) => severity === 21) && rows
      }
      const occurrences = await until(areFatal, 30_000, 'fatal occurrences')
      t.match(
        occurrences,
        Array.from({ length: TIMES }, () => ({ chain: 2 })),
      )
      t.match(await readGroups(client), [group])
      t.equal((await readGroups(client)).length, 1)
      const alerts = await until(
        async () => {
          const found = await readAlerts(collector)
          return found.some(({ severity }) => severity === 'critical') ? found : undefined
        },
        30_000,
        'a critical alert',
      )
      t.match(
        alerts.find(({ severity }) => severity === 'critical'),
        { message: /fatal errors in an hour/ },
      )

      const { rows } = await client.query(
        `select operation, db_operation, db_table, success from sidelight.performance_metrics
         where db_operation is not null limit 1`,
      )
      t.strictSame(rows, [
        {
          operation: 'INSERT payments',
          db_operation: 'INSERT',
          db_table: 'payments',
          success: false,
        },
      ])
    },
  )
}

async function openCollector(t: Test) {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir: dataFolder(t) }
  const collector = await collectors(t).start(options)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  return { collector, client }
}

async function readGroups(client: Client): Promise<object[]> {
  const { rows } = await client.query<object>('select * from sidelight.error_aggregation')
  return rows
}

async function readAlerts({
  apiUrl,
}: RunningCollector): Promise<{ severity: string; message: string }[]> {
  const response = await fetch(`${apiUrl}/api/admin/observability/alerts`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  return (await response.json()) as { severity: string; message: string }[]
}
