import t from 'tap'
import {
  collectors,
  dataFolder,
  freePorts,
  readMetric,
  type RunningCollector,
} from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

const EXPORTS = 'sidelight_host_metrics_exports_total'

/** How many exports the translator has seen. */
async function countExports(collector: RunningCollector): Promise<number> {
  const counts = await Promise.all(
    ['accepted', 'rejected'].map((outcome) =>
      readMetric(collector, `${EXPORTS}{outcome="${outcome}"}`),
    ),
  )
  return counts.reduce((sum, count) => sum + (count || 0), 0)
}

t.test(
  'a collector exports the metrics of its host over and over, and stops cleanly',
  async (t) => {
    const { connectionString } = await withDatabase(t)
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const collector = await collectors(t).start({
      databaseUrl: connectionString,
      otlpPort,
      apiPort,
      dataDir: dataFolder(t),
      env: { SIDELIGHT_HOST_METRICS: 'on', SIDELIGHT_HOST_METRICS_INTERVAL_MS: '1000' },
    })
    await until(async () => (await countExports(collector)) >= 2, 30_000, 'two exports')
    t.equal(await collector.end('SIGTERM'), 0)
  },
)
