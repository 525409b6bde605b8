import type { Pool } from 'pg'
import { asUnavailable } from './sqlstate'
import { inTransaction, questionLimit, withClient } from './session'

const SECOND_MS = 1000
/** Longest a refresh may take, waiting for another one included. */
const TIMEOUT_MS = 30 * SECOND_MS

const REFRESH = `
select (extract(epoch from sidelight.refresh_monitoring_views()) * 1000)::float8 as "monitoringMs",
  (extract(epoch from sidelight.refresh_observability_views()) * 1000)::float8 as "observabilityMs"`

/**
 * Refreshes the views, for any number of callers by one connection: those that come while a refresh is under way share the next one,
 * which begins when it ends. Throws Unavailable.
 */
export function createRefresh(pool: Pool): () => Promise<Freshness> {
  let current: Promise<Freshness> | null = null
  let next: Promise<Freshness> | null = null
  const begin = () => {
    next = null
    const refresh = refreshViews(pool).finally(() => {
      if (current === refresh) current = null
    })
    current = refresh
    return refresh
  }
  return () => {
    if (current === null) return begin()
    next ??= current.then(begin, begin)
    return next
  }
}

/**
 * Brings what the views read up to date, in a transaction as the functions need it, and returns up to when each is. Throws
 * Unavailable.
 */
async function refreshViews(pool: Pool): Promise<Freshness> {
  try {
    return await withClient(pool, questionLimit(TIMEOUT_MS), (client) =>
      inTransaction(client, async () => {
        await client.query(`set local statement_timeout = ${TIMEOUT_MS}`)
        const { rows } = await client.query<Freshness>(REFRESH)
        if (rows[0] === undefined) throw new Error('a refresh tells no time')
        return rows[0]
      }),
    )
  } catch (error) {
    throw asUnavailable(error, 'refresh the views')
  }
}

export interface Freshness {
  /** Unix milliseconds. */
  readonly monitoringMs: number
  readonly observabilityMs: number
}
