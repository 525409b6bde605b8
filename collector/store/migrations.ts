import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findNearby } from '../nearby'

/** Where the SQL files lie, from source, from the build and in an image alike. */
export const SCHEMA_FOLDER = dirname(findNearby(__dirname, 'schema/migrations'))

/** A numbered file, run once. */
export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /** `-- concurrent` on line 1: runs statement by statement outside a transaction, and must bear being run again. */
  readonly isConcurrent: boolean
  /** `-- breaking` on line 1: collectors that do not know it refuse to start. */
  readonly isBreaking: boolean
}

/** A file run again whenever it changed, but never over a later revision. */
export interface Repeatable {
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /** `-- revision N` on line 1. */
  readonly revision: number
}

export interface SchemaFiles {
  readonly migrations: readonly Migration[]
  readonly repeatables: readonly Repeatable[]
}

/** Reads `migrations/*.sql` and `repeatable/*.sql` in the order of their names. */
export function loadSchemaFiles(folder: string): SchemaFiles {
  return {
    migrations: sqlFiles(join(folder, 'migrations')).map((file) => {
      const [firstLine = ''] = file.sql.split('\n', 1)
      return {
        ...file,
        isConcurrent: /^--.*\bconcurrent\b/.test(firstLine),
        isBreaking: /^--.*\bbreaking\b/.test(firstLine),
      }
    }),
    repeatables: sqlFiles(join(folder, 'repeatable')).map((file) => {
      const revision = /^-- revision (\d+)\n/.exec(file.sql)?.[1]
      if (revision === undefined) throw new Error(`${file.name} does not begin with -- revision N`)
      return { ...file, name: `repeatable/${file.name}`, revision: Number(revision) }
    }),
  }
}

function sqlFiles(folder: string): { name: string; sql: string; checksum: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      // A checkout on Windows may have changed the line ends, which changes nothing.
      const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}
