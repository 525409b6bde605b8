import type { Logger } from 'pino'
import { startEmbeddedPostgres } from './embedded/server'

/** Where the collector's data goes. */
export interface Database {
  readonly connectionString: string
  /** Why nothing more may be written now, or null. A Postgres of somebody else's judges that itself. */
  refusal(): string | null
  /** Ends the Postgres this process started. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Null: a Postgres of our own. */
  readonly databaseUrl: string | null
  readonly dataDir: string
  readonly explicitDataDir: boolean
  readonly embeddedMaxSizeBytes: number
}

/** The configured Postgres, whether it answers or not, or an embedded one, running. Throws EmbeddedPostgresError. */
export async function openDatabase(
  options: DatabaseOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<Database> {
  if (options.databaseUrl !== null) {
    return {
      connectionString: options.databaseUrl,
      refusal: () => null,
      close: () => Promise.resolve(),
    }
  }
  const embedded = await startEmbeddedPostgres({
    dataDir: options.dataDir,
    explicitDataDir: options.explicitDataDir,
    maxSizeBytes: options.embeddedMaxSizeBytes,
    log: log.child({ part: 'postgres' }),
    signal,
  })
  return {
    connectionString: embedded.connectionString,
    refusal: () => embedded.refusal(),
    close: () => embedded.stop(),
  }
}
