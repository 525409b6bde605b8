import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../collector/store/migrate'
import { createPool } from '../collector/store/pool'
import { describeSchema } from './catalogue'

/** Writes `schema/current.sql`: `DATABASE_URL=… npx tsx schema/dump.ts`, on an empty database, which it migrates. */
async function dump(): Promise<void> {
  const connectionString = process.env['DATABASE_URL']
  if (connectionString === undefined) throw new Error('DATABASE_URL names no database')
  const pool = createPool({ connectionString, max: 2, applicationName: 'sidelight-dump' })
  try {
    await migrate(pool, { mode: 'auto', log: { info: () => undefined } })
    writeFileSync(join(__dirname, 'current.sql'), await describeSchema(pool))
  } finally {
    await pool.end()
  }
}

void dump()
