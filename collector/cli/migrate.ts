import { loadConfig } from '../config'
import { readEmbeddedConnection } from '../store/embedded/connection'
import { migrate } from '../store/migrate'
import { createPool } from '../store/pool'
import { explainError } from './failure'
import type { Streams } from './output'

/** Time enough for a server that is only just starting. */
const CONNECT_TIMEOUT_MS = 10_000

/**
 * `sidelight migrate`: brings the schema of the configured database to what this version needs, whatever SIDELIGHT_MIGRATE
 * says, and prints what it applied. Returns the exit code: 0, 1 when it failed, 2 for a bad configuration.
 */
export async function runMigrate(
  env: NodeJS.ProcessEnv,
  { stdout, stderr }: Pick<Streams, 'stdout' | 'stderr'>,
): Promise<number> {
  try {
    const config = loadConfig(env)
    const connectionString = config.databaseUrl ?? (await readEmbeddedConnection(config.dataDir))
    const pool = createPool({
      connectionString,
      max: 2,
      applicationName: 'sidelight migrate',
      connectionTimeoutMs: CONNECT_TIMEOUT_MS,
    })
    try {
      const applied = await migrate(pool, { mode: 'auto', log: { info: () => undefined } })
      for (const name of applied) stdout.write(`applied ${name}\n`)
      stdout.write(
        applied.length === 0 ? 'the schema is up to date\n' : 'the schema is now up to date\n',
      )
      return 0
    } finally {
      await pool.end()
    }
  } catch (error) {
    const { text, exitCode } = explainError(error)
    stderr.write(`${text}\n`)
    return exitCode
  }
}
