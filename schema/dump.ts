import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPool } from '../collector/store/pool'
import { describeSchema } from './catalogue'

/** Writes `schema/current.sql` from the migrated database of DATABASE_URL: `npx tsx schema/dump.ts`. */
async function dump(): Promise<void> {
  const connectionString = process.env['DATABASE_URL']
  if (connectionString === undefined) throw new Error('DATABASE_URL names no migrated database')
  const pool = createPool({ connectionString, max: 1, applicationName: 'sidelight-dump' })
  try {
    writeFileSync(join(__dirname, 'current.sql'), await describeSchema(pool))
  } finally {
    await pool.end()
  }
}

void dump()
