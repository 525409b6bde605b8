import { Pool } from 'pg'

/** Connections are given up after this long, so that a request can still be answered within its 2 s. */
export const CONNECTION_TIMEOUT_MS = 1_500

const IDLE_TIMEOUT_MS = 60_000

export interface PoolOptions {
  readonly connectionString: string
  /** Most connections open at once. */
  readonly max: number
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Default `CONNECTION_TIMEOUT_MS`. */
  readonly connectionTimeoutMs?: number
  /** Told of a connection that broke while nobody used it; the pool has replaced it already. */
  readonly onIdleError?: (error: Error) => void
}

/**
 * The connections of one collector. It sets nothing on a session, because a transaction pooler hands sessions around:
 * what a transaction needs it sets locally. 64-bit integers and numerics are read as strings.
 */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.connectionString,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
  })
  pool.on('error', (error) => options.onIdleError?.(error))
  // A connection that breaks in use fails its queries and then emits 'error', which nobody else would hear: unheard, it
  // ends the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
