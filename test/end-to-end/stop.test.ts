import { realpathSync } from 'node:fs'
import t from 'tap'
import { clusterFolder } from '../../collector/store/embedded/place'
import { findPostmaster } from '../../collector/store/embedded/postmaster'
import { collectors, freePorts } from '../helpers/collector'
import { dataDirectory, isProcess } from '../helpers/process'
import { until } from '../helpers/until'

/** What happens to the process group of `npm start`, in which npm passes on what the collector has already got. */
const WAYS = {
  'the end of a session, or of `timeout`': ['SIGTERM'],
  'Ctrl-C': ['SIGINT'],
  'Ctrl-C twice': ['SIGINT', 'SIGINT'],
} as const

t.test('a signal to all of `npm start` is one stop, and takes its Postgres along', async (t) => {
  const dataDir = dataDirectory(t)
  const { start } = collectors(t)
  for (const [way, signals] of Object.entries(WAYS)) {
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const options = { databaseUrl: null, otlpPort, apiPort, dataDir, launch: 'npm' } as const
    const collector = await start(options)
    await until(() => collector.output().includes('"msg":"ready"'), 10_000, 'the end of the start')
    const postmaster = findPostmaster(clusterFolder(realpathSync(dataDir)))
    t.ok(postmaster !== null && isProcess(postmaster.pid), way)
    for (const signal of signals) process.kill(-collector.pid, signal)
    t.equal(await collector.ended, 0, way)
    t.notOk(isProcess(postmaster?.pid ?? 0), 'no Postgres is left')
    const lines = collector.output().trim().split('\n')
    t.match(lines.at(-1), /"msg":"stopped: 0 requests without an answer, 0 in the spool"/)
  }
})
