import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { PASSWORD_FILE, SUPERUSER } from './cluster'
import { EmbeddedPostgresError } from './error'

/** Everything of Sidelight is in this database of the embedded server. */
export const DATABASE = 'sidelight'

const CONNECT_TIMEOUT_MS = 5_000

const STATE = `
  select current_setting('server_version') as version,
    exists (select from pg_database where datname = $1) as made`

const SIZE = `
  select pg_database_size(current_database())
    + coalesce((select sum(size) from pg_ls_waldir()), 0) as bytes`

/** The address of a database of the server that runs on `folder`, password included. */
export function connectionStringOf(folder: string, port: number, database = DATABASE): string {
  const password = readFileSync(join(folder, PASSWORD_FILE), 'utf8').trim()
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`
}

/** Whether the server of `folder` answers on `port`. False while nobody listens or it is starting; throws when another one answers. */
export async function answers(folder: string, port: number): Promise<boolean> {
  let found: string | undefined
  try {
    found = await withClient(connectionStringOf(folder, port, 'postgres'), async (client) => {
      const { rows } = await client.query<{ folder: string }>(
        "select current_setting('data_directory') as folder",
      )
      return rows[0]?.folder
    })
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code?.startsWith('28') === true) throw foreign(folder, port, 'it has another password')
    // The password file: whoever cannot read it will not be answered later either.
    if (syscall === 'open') throw error
    return false
  }
  if (found !== folder) throw foreign(folder, port, `its data is in ${found ?? 'no folder'}`)
  return true
}

/** Makes our database unless it is there, and returns the server's version, as in "18.4". */
export async function prepareDatabase(folder: string, port: number): Promise<string> {
  return withClient(connectionStringOf(folder, port, 'postgres'), async (client) => {
    const { rows } = await client.query<{ version: string; made: boolean }>(STATE, [DATABASE])
    if (rows[0]?.made !== true) await client.query(`create database ${DATABASE}`)
    return (rows[0]?.version ?? '').split(' ')[0] ?? ''
  })
}

/** What our database and the write-ahead log take on disk. */
export async function measureDatabaseBytes(connectionString: string): Promise<number> {
  return withClient(connectionString, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(SIZE)
    return Number(rows[0]?.bytes)
  })
}

async function withClient<T>(
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A connection lost fails the query under way; between queries nobody is interested.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function foreign(folder: string, port: number, why: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `cannot use the server on port ${port} as the one of ${folder}: ${why}`,
  )
}
