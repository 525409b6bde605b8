import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../collector/store/embedded/server'
import { runScript } from './process'

export const CHILD = join(__dirname, 'embedded-child.ts')

/** Starts an embedded Postgres here; stopped at teardown. */
export async function start(
  t: Test,
  dataDir: string,
  maxSizeBytes = 1024 ** 3,
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    explicitDataDir: true,
    maxSizeBytes,
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => postgres.stop())
  return postgres
}

/** Whether a name in a data folder is that of a database being made. */
export function isPartial(name: string): boolean {
  return name.includes('.partial-')
}

/** Runs one statement on a connection of its own. */
export async function query<T extends object>(
  connectionString: string,
  statement: string,
): Promise<T[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<T>(statement)).rows
  } finally {
    await client.end()
  }
}

/** Starts an embedded Postgres in another process, which stands for a collector. */
export async function collector(t: Test, dataDir: string) {
  const child = runScript(t, CHILD, [dataDir])
  const started = JSON.parse(await child.line()) as {
    connectionString: string
    pid: number
    adopted: boolean
  }
  return { child, ...started }
}
