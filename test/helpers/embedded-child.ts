/** Stands for a collector: starts the embedded Postgres on the folder given, prints what it got, stops it on SIGTERM. */
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../collector/store/embedded/server'

async function run(dataDir: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    explicitDataDir: true,
    maxSizeBytes: 1024 ** 3,
    log: pino({ level: 'silent' }),
  })
  const { connectionString, pid, adopted } = postgres
  console.log(JSON.stringify({ connectionString, pid, adopted }))
  const forever = setInterval(() => undefined, 60_000)
  process.once('SIGTERM', () => {
    clearInterval(forever)
    void postgres.stop()
  })
}

void run(process.argv[2] ?? '').catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
