import type { Pool } from 'pg'
import { readClockMs } from './clock'
import type { Leadership } from './leadership'

/** A limit of health that a service passes. */
export interface HealthCondition {
  readonly tenant: string | null
  readonly service: string | null
  readonly criterion: string
  readonly severity: string
  readonly message: string
}

/** Judges the services of all tenants at this time, by what `pool` tells. */
export type JudgeHealth = (pool: Pool, nowMs: number) => Promise<readonly HealthCondition[]>

const FORGET = 'delete from sidelight.health_condition'

const KEEP = `
insert into sidelight.health_condition (judged_at, tenant, service, criterion, severity, message)
select now(), coalesce(tenant, ''), coalesce(service, ''), criterion, severity, message
from jsonb_to_recordset($1::jsonb) as c (tenant text, service text, criterion text, severity text, message text)`

/** Puts the limits of health that are passed now in the place of those before, for who asks in SQL. */
export async function keepHealthConditions(
  leadership: Leadership,
  judge: JudgeHealth,
): Promise<void> {
  const nowMs = await readClockMs(leadership)
  const conditions = await unlessAborted(leadership.signal, judge(leadership.pool, nowMs))
  await leadership.transaction(async (client) => {
    await client.query(FORGET)
    if (conditions.length > 0) await client.query(KEEP, [JSON.stringify(conditions)])
  })
}

/** Questions know no signal: what they take longer keeps neither a stop nor the end of a lead. */
function unlessAborted<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
