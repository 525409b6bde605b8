import type { Pool } from 'pg'
import { isoOf } from './seed-events'

/** The rows of a view, its columns in their order; bigints as numbers. */
export async function rowsOf(
  pool: Pool,
  view: string,
  order = '1',
): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ row: Record<string, unknown> }>(
    `select row_to_json(v) as row from (select * from sidelight.${view} order by ${order}) as v`,
  )
  return rows.map(({ row }) => row)
}

/** The same moment, as JSON of Postgres has it. */
export function at(value: unknown): string {
  return isoOf(BigInt(Date.parse(String(value))) * 1_000_000n)
}

interface Condition {
  readonly type: string
  readonly severity: string
  readonly resource_id: string
  readonly resource_name: string
  readonly message: string
  readonly tenant: string
}

/** What is to be told about now. */
export async function conditions(pool: Pool): Promise<Condition[]> {
  const { rows } = await pool.query<Condition>(
    'select * from sidelight.v_alert_conditions order by type, severity, resource_id, tenant',
  )
  return rows
}
