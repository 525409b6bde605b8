import type { Pool } from 'pg'
import { ensurePartitions } from './database'

const DAY_MS = 86_400_000

/** A span as a test needs it; what is left out is what most spans have. Ids of dictionary rows are the test's own. */
export interface SeedSpan {
  readonly traceId: string
  readonly spanId?: string
  readonly parentSpanId?: string | null
  readonly name?: string | null
  readonly service?: bigint
  readonly operation?: bigint
  readonly kind?: number
  readonly status?: number
  /** ISO, to the microsecond. */
  readonly start: string
  readonly durationMs?: number | null
  readonly attributes?: string
}

const SERVICES: [bigint, string, string][] = [
  [1n, 'acme', 'gateway'],
  [2n, 'acme', 'orders'],
  [3n, 'umbrella', 'orders'],
]
const OPERATIONS: [bigint, bigint, string, string][] = [
  [11n, 1n, 'http', 'GET /shop'],
  [12n, 2n, 'orders', 'place order'],
  [13n, 3n, 'orders', 'place order'],
]

/** A row of the dictionary of services; what is left out is empty. */
export interface SeedService {
  readonly id: bigint
  readonly tenant?: string
  readonly environment?: string
  readonly namespace?: string
  readonly name: string
}

/** A row of the dictionary of operations; its kind is SERVER unless told otherwise. */
export interface SeedOperation {
  readonly id: bigint
  readonly service: bigint
  readonly module: string
  readonly kind?: number
  readonly name: string
}

/** Stores the spans, the dictionary rows above, and resource and scope 0. */
export async function seed(pool: Pool, spans: readonly SeedSpan[]): Promise<void> {
  const days = spans.map(({ start }) => Math.floor(Date.parse(start) / DAY_MS))
  await ensurePartitions(pool, 'span', [...new Set(days)])
  await seedDictionaries(pool)
  for (const span of spans) await insert(pool, span)
}

/** Stores the services and operations above. */
export async function seedDictionaries(pool: Pool): Promise<void> {
  for (const [id, tenant, name] of SERVICES) await seedService(pool, { id, tenant, name })
  for (const [id, service, module, name] of OPERATIONS) {
    await seedOperation(pool, { id, service, module, name })
  }
}

/** Stores a service. */
export async function seedService(pool: Pool, service: SeedService): Promise<void> {
  const { id, tenant = '', environment = '', namespace = '', name } = service
  await pool.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [id, tenant, environment, namespace, name],
  )
}

/** Stores an operation. */
export async function seedOperation(pool: Pool, operation: SeedOperation): Promise<void> {
  const { id, service, module, kind = 2, name } = operation
  await pool.query(
    `insert into sidelight.operation (id, service_id, module, kind, name) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [id, service, module, kind, name],
  )
}

async function insert(pool: Pool, span: SeedSpan): Promise<void> {
  const durationNs = span.durationMs === null ? null : Math.round((span.durationMs ?? 1) * 1e6)
  const service = span.service ?? 1n
  await pool.query(
    `insert into sidelight.span (trace_id, span_id, parent_span_id, start_time, start_ns, end_time, end_ns,
       duration_ns, service_id, operation_id, resource_id, scope_id, flags, kind, status, name, attributes)
     values ($1, $2, $3, $4, 0, $4::timestamptz + $5::bigint / 1000 * interval '1 us', $5::bigint % 1000, $5,
       $6, $7, 0, 0, 1, $8, $9, $10, $11)`,
    [
      span.traceId,
      idOf(span.spanId ?? span.traceId.slice(-16)),
      span.parentSpanId ? idOf(span.parentSpanId) : null,
      span.start,
      durationNs,
      service,
      span.operation ?? service + 10n,
      span.kind ?? 2,
      span.status ?? 0,
      span.name ?? null,
      span.attributes ?? null,
    ],
  )
}

function idOf(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`))
}
