import type { Pool } from 'pg'
import { ensurePartitions } from './database'
import { seed } from './seed'

const DAY_MS = 86_400_000

/** A log record as a test needs it; what is left out is what most have. Services as in `seed`. */
export interface SeedLog {
  /** ISO, to the microsecond. */
  readonly time: string
  /** Null: the sender gave no time. */
  readonly timeNs?: number | null
  readonly observed?: string
  readonly service?: bigint
  readonly traceId?: string
  readonly spanId?: string
  readonly severity?: number
  readonly sentSeverity?: number
  readonly severityText?: string
  readonly eventName?: string
  readonly flags?: number
  readonly body?: string | null
  /** JSON. */
  readonly bodyValue?: string
  /** JSON. */
  readonly attributes?: string
  readonly dropped?: number
}

/** An id that was seen, as the writer of `correlation` would say. */
export interface SeedSighting {
  readonly id: string
  readonly time: string
  readonly service?: bigint
  readonly traceId?: string
}

/** Stores log records, and resource and scope 0. */
export async function seedLogs(pool: Pool, logs: readonly SeedLog[]): Promise<void> {
  await seed(pool, [])
  await pool.query(
    `insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url)
     values (0, '{"service.name": "seed", "process.pid": 7}', 0, 'https://example.test/schema') on conflict do nothing`,
  )
  await pool.query(
    `insert into sidelight.scope (id, name, version, attributes, dropped_attributes_count, schema_url)
     values (0, 'logger', '1.0', '{}', 0, '') on conflict do nothing`,
  )
  await ensurePartitions(pool, 'log_record', daysOf(logs))
  for (const log of logs) {
    await pool.query(
      `insert into sidelight.log_record (time, time_ns, observed_time, observed_ns, service_id, resource_id, scope_id,
         trace_id, span_id, severity_number, sent_severity_number, severity_text, event_name, flags, body, body_value,
         attributes, dropped_attributes_count)
       values ($1, $2, $3, 0, $4, 0, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        log.time,
        log.timeNs === undefined ? 0 : log.timeNs,
        log.observed ?? null,
        log.service ?? 1n,
        log.traceId ?? null,
        log.spanId === undefined ? null : BigInt.asIntN(64, BigInt(`0x${log.spanId}`)),
        log.severity ?? 9,
        log.sentSeverity ?? null,
        log.severityText ?? null,
        log.eventName ?? null,
        log.flags ?? null,
        log.body === undefined && log.bodyValue === undefined ? 'a line' : (log.body ?? null),
        log.bodyValue ?? null,
        log.attributes ?? null,
        log.dropped ?? null,
      ],
    )
  }
}

/** Stores where ids were seen. */
export async function seedSightings(pool: Pool, sightings: readonly SeedSighting[]): Promise<void> {
  await ensurePartitions(pool, 'correlation', daysOf(sightings))
  for (const { id, time, service = 1n, traceId = null } of sightings) {
    await pool.query(
      'insert into sidelight.correlation (time, service_id, trace_id, id) values ($1, $2, $3, $4)',
      [time, service, traceId, id],
    )
  }
}

function daysOf(rows: readonly { readonly time: string }[]): number[] {
  return [...new Set(rows.map(({ time }) => Math.floor(Date.parse(time) / DAY_MS)))]
}
