import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Pool, type PoolClient } from 'pg'
import {
  loadSchemaFiles,
  type Migration,
  type Repeatable,
  SCHEMA_FOLDER,
  type SchemaFiles,
} from './migrations'
import { inTransaction, type Limit, withClient } from './session'
import * as sqlstate from './sqlstate'

/** The database's schema and this build do not go together, and waiting does not help. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

export interface MigrateOptions {
  /** `auto` applies what is missing; `off` only looks and throws MigrationError when something is. */
  readonly mode: 'auto' | 'off'
  readonly log: Pick<Logger, 'info'>
  /** The folder of `migrations` and `repeatable`; default: this build's. */
  readonly folder?: string
}

const OLDEST_SERVER = 150_000
/** DDL waits this long for a lock at a time, for all who come after wait behind it. */
const LOCK_TIMEOUT_MS = 2_000
const PAUSE_MS = 250
/** How long a lock that others hold is worth waiting for: a table that readers keep, another collector's migration. */
const PATIENCE_MS = 60_000
/** SQLSTATE classes of a server or a connection in trouble, not of a wrong statement. */
const PASSING = /^(08|25|28|3D|40|53|55|57|58)/

/**
 * Brings the schema to what this build needs: numbered files once and in order, each in a transaction whose first
 * statement claims it, then the repeatable files that changed. Any number of collectors may do so at once. Returns the
 * names of the files it applied. Throws MigrationError, or Unavailable when Postgres cannot be used or a lock is not to
 * be had within a minute.
 */
export async function migrate(
  pool: Pool,
  { mode, log, folder = SCHEMA_FOLDER }: MigrateOptions,
): Promise<readonly string[]> {
  const files = loadSchemaFiles(folder)
  try {
    return await withClient(pool, undefined, async (client) => {
      await refuseOldServer(client)
      const applied = await readApplied(client)
      verify(files, applied)
      const pending = pendingOf(files, applied)
      if (mode === 'off') {
        refusePending(pending)
        return []
      }
      return apply(pool, client, pending, log)
    })
  } catch (error) {
    if (sqlstate.isServerError(error) && !PASSING.test(error.code)) {
      throw new MigrationError(`cannot migrate: ${error.message}`, { cause: error })
    }
    throw error instanceof MigrationError ? error : sqlstate.asUnavailable(error, 'migrate')
  }
}

/** Looks whether this build may still write to the schema, which a newer collector may have migrated. Throws MigrationError, or what the connection answers. */
export async function verifySchema(pool: Pool, limit: AbortSignal | Limit): Promise<void> {
  const files = loadSchemaFiles(SCHEMA_FOLDER)
  await withClient(pool, limit, async (client) => verify(files, await readApplied(client)))
}

interface Applied {
  readonly name: string
  readonly checksum: string
  readonly is_breaking: boolean
  readonly revision: number | null
}

type AppliedByName = ReadonlyMap<string, Applied>

interface Pending {
  readonly migrations: readonly Migration[]
  readonly repeatables: readonly Repeatable[]
}

async function refuseOldServer(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  )
  if (Number(rows[0]?.number) < OLDEST_SERVER) {
    throw new MigrationError(
      `cannot use Postgres ${rows[0]?.version}: version 15 or later is needed`,
    )
  }
}

const SELECT_APPLIED = 'select name, checksum, is_breaking, revision from sidelight.migration'

async function readApplied(client: PoolClient): Promise<AppliedByName> {
  const { rows: found } = await client.query<{ exists: boolean }>(
    `select to_regclass('sidelight.migration') is not null as exists`,
  )
  if (found[0]?.exists !== true) return new Map()
  const { rows } = await client.query<Applied>(SELECT_APPLIED)
  return new Map(rows.map((row) => [row.name, row]))
}

function verify({ migrations }: SchemaFiles, applied: AppliedByName): void {
  const known = new Set(migrations.map((migration) => migration.name))
  for (const migration of migrations) refuseEdited(migration, applied)
  for (const { name, is_breaking: isBreaking, revision } of applied.values()) {
    if (revision === null && isBreaking && !known.has(name)) {
      throw new MigrationError(
        `the database was migrated by a newer version (${name}) that older ones must not write to; upgrade this collector`,
      )
    }
  }
}

function refuseEdited({ name, checksum }: Migration, applied: AppliedByName): void {
  const row = applied.get(name)
  if (row === undefined || row.checksum === checksum) return
  throw new MigrationError(
    `${name} was edited after it had been applied to this database; restore the file and put the change into a new one`,
  )
}

function pendingOf({ migrations, repeatables }: SchemaFiles, applied: AppliedByName): Pending {
  return {
    migrations: migrations.filter(({ name }) => !applied.has(name)),
    repeatables: repeatables.filter((file) => isDue(file, applied.get(file.name))),
  }
}

/** An older collector that starts later leaves the newer one's views alone. */
function isDue(file: Repeatable, row: Pick<Applied, 'checksum' | 'revision'> | undefined): boolean {
  if (row === undefined) return true
  return row.checksum !== file.checksum && file.revision >= (row.revision ?? 0)
}

function refusePending({ migrations, repeatables }: Pending): void {
  const names = [...migrations, ...repeatables].map((file) => file.name)
  if (names.length === 0) return
  throw new MigrationError(
    `the database lacks ${names.join(', ')} and SIDELIGHT_MIGRATE is off; run: sidelight migrate`,
  )
}

async function apply(
  pool: Pool,
  client: PoolClient,
  { migrations, repeatables }: Pending,
  log: MigrateOptions['log'],
): Promise<readonly string[]> {
  const names: string[] = []
  if (migrations.length > 0) await patiently(() => createMigrationTable(client))
  for (const migration of migrations) {
    if (await patiently(() => applyMigration(pool, client, migration))) names.push(migration.name)
  }
  for (const file of repeatables) {
    if (await patiently(() => applyRepeatable(client, file))) names.push(file.name)
  }
  if (names.length > 0) log.info({ files: names }, 'database migrated')
  return names
}

/** Repeats what met a lock, or another collector doing the same, until it goes through. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isConflict(error)) throw error
      if (performance.now() > deadline) throw sqlstate.asUnavailable(error, 'migrate')
    }
    await wait(PAUSE_MS)
  }
}

function isConflict(error: unknown): boolean {
  if (!sqlstate.isServerError(error)) return false
  if (error.message === 'tuple concurrently updated') return true
  return error.code === sqlstate.LOCK_NOT_AVAILABLE || sqlstate.isRetried(error)
}

const CREATE_MIGRATION_TABLE = `
create table if not exists sidelight.migration (
  name text primary key,
  checksum text not null,
  is_breaking boolean not null,
  revision integer,
  applied_at timestamptz not null default clock_timestamp()
)`

/** Of two that create the same at once, the one that loses finds the other's work. */
async function createMigrationTable(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regnamespace('sidelight') is not null as exists`,
  )
  try {
    // Asked for first, as the role may use a schema that was made for it without the right to make one.
    if (rows[0]?.exists !== true) await client.query('create schema if not exists sidelight')
    await client.query(CREATE_MIGRATION_TABLE)
  } catch (error) {
    if (!sqlstate.isDuplicate(error)) throw error
    await createMigrationTable(client)
  }
}

const CLAIM = `
insert into sidelight.migration (name, checksum, is_breaking) values ($1, $2, $3)
on conflict (name) do nothing`

/** False when another collector applied it. Whoever comes second waits at the claim until the first has committed. */
async function applyMigration(
  pool: Pool,
  client: PoolClient,
  migration: Migration,
): Promise<boolean> {
  return inTransaction(client, async () => {
    await client.query(LOCAL_SETTINGS)
    const { name, checksum, isBreaking } = migration
    const claim = await client.query(CLAIM, [name, checksum, isBreaking])
    if (claim.rowCount === 0) {
      refuseEdited(migration, await readApplied(client))
      return false
    }
    await named(name, () =>
      migration.isConcurrent ? runOutside(pool, migration) : client.query(migration.sql),
    )
    return true
  })
}

const LOCAL_SETTINGS = `
set local lock_timeout = ${LOCK_TIMEOUT_MS};
set local idle_in_transaction_session_timeout = 0;
set local statement_timeout = 0`

/** The claim stays open on its own connection meanwhile, so that nobody else runs the same; the pool may have no other. */
async function runOutside({ options }: Pool, { sql }: Migration): Promise<void> {
  const own = new Pool({ ...options, max: 1 })
  try {
    for (const statement of sql.split(/;[ \t]*$/m)) {
      if (!/^(\s|--.*)*$/.test(statement)) await own.query(statement)
    }
  } finally {
    await own.end()
  }
}

const SEED_REPEATABLE = `
insert into sidelight.migration (name, checksum, is_breaking, revision) values ($1, '', false, 0)
on conflict (name) do nothing`

const LOCK_REPEATABLE =
  'select checksum, revision from sidelight.migration where name = $1 for update'

const UPDATE_REPEATABLE = `
update sidelight.migration set checksum = $2, revision = $3, applied_at = clock_timestamp()
where name = $1`

/** Its row is the lock; false when another collector has run the same or a later revision meanwhile. */
async function applyRepeatable(client: PoolClient, file: Repeatable): Promise<boolean> {
  return inTransaction(client, async () => {
    await client.query(LOCAL_SETTINGS)
    await client.query(SEED_REPEATABLE, [file.name])
    const { rows } = await client.query<Applied>(LOCK_REPEATABLE, [file.name])
    if (!isDue(file, rows[0])) return false
    await named(file.name, () => client.query(file.sql))
    await client.query(UPDATE_REPEATABLE, [file.name, file.checksum, file.revision])
    return true
  })
}

/** Says in which file a statement failed. */
async function named(file: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!sqlstate.isServerError(error) || PASSING.test(error.code) || isConflict(error)) throw error
    throw new MigrationError(`cannot apply ${file}: ${error.message}`, { cause: error })
  }
}
