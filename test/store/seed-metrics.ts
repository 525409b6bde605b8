import type { Pool } from 'pg'
import { ensurePartitions } from './database'

const DAY_MS = 86_400_000

/** A stored series; what is left out is what most have. Ids of dictionary rows are the test's own. */
export interface SeedSeries {
  readonly id: bigint
  readonly name: string
  readonly kind?: string
  readonly unit?: string
  readonly temporality?: string | null
  readonly isMonotonic?: boolean | null
  readonly service?: bigint
  readonly resource?: bigint
  readonly description?: string
  /** jsonb. */
  readonly attributes?: string
  readonly bounds?: readonly number[] | null
  readonly lastSeenDay?: string
}

/** A point of a gauge or sum. Times are ISO, to the microsecond. */
export interface SeedPoint {
  readonly series: bigint
  readonly time: string
  readonly start?: string | null
  readonly value?: number | null
  readonly int?: bigint | null
  readonly flags?: number | null
  readonly attributes?: string | null
}

/** A point of a histogram of either kind or of a summary. */
export interface SeedHistogram {
  readonly series: bigint
  readonly time: string
  readonly start?: string | null
  readonly count: number
  readonly sum?: number | null
  readonly min?: number | null
  readonly max?: number | null
  readonly flags?: number | null
  readonly attributes?: string | null
  readonly bounds?: readonly number[] | null
  readonly buckets?: readonly number[] | null
  readonly scale?: number | null
  readonly zeroCount?: number | null
  readonly zeroThreshold?: number | null
  readonly positive?: { readonly offset: number; readonly counts: readonly number[] }
  readonly negative?: { readonly offset: number; readonly counts: readonly number[] }
  readonly quantiles?: readonly number[]
  readonly quantileValues?: readonly number[]
}

const SERVICES: [bigint, string, string][] = [
  [1n, 'acme', 'gateway'],
  [2n, 'acme', 'orders'],
  [3n, 'umbrella', 'orders'],
]
const RESOURCES: [bigint, string][] = [
  [1n, '{"service.name": "gateway", "host.name": "a"}'],
  [2n, '{"service.name": "orders", "host.name": "b", "host.cpus": 4}'],
]

/** Stores the series and points, and the services and resources above. */
export async function seedMetrics(
  pool: Pool,
  {
    series = [],
    points = [],
    histograms = [],
  }: {
    readonly series?: readonly SeedSeries[]
    readonly points?: readonly SeedPoint[]
    readonly histograms?: readonly SeedHistogram[]
  },
): Promise<void> {
  await ensurePartitions(pool, 'metric_point', daysOf(points))
  await ensurePartitions(pool, 'metric_histogram', daysOf(histograms))
  for (const [id, tenant, name] of SERVICES) {
    await pool.query(
      `insert into sidelight.service (id, tenant, environment, namespace, name) values ($1, $2, '', '', $3)
       on conflict do nothing`,
      [id, tenant, name],
    )
  }
  for (const [id, attributes] of RESOURCES) {
    await pool.query(
      `insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url) values ($1, $2, 0, '')
       on conflict do nothing`,
      [id, attributes],
    )
  }
  for (const each of series) await insertSeries(pool, each)
  for (const each of points) await insertPoint(pool, each)
  for (const each of histograms) await insertHistogram(pool, each)
}

function daysOf(points: readonly { readonly time: string }[]): number[] {
  return [...new Set(points.map(({ time }) => Math.floor(Date.parse(time) / DAY_MS)))]
}

async function insertSeries(pool: Pool, series: SeedSeries): Promise<void> {
  const service = series.service ?? 1n
  await pool.query(
    `insert into sidelight.metric_series (id, service_id, resource_id, scope_id, name, kind, unit, temporality,
       is_monotonic, description, metadata, attributes, explicit_bounds, last_seen_day)
     values ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, '{}', $10, $11, $12)`,
    [
      series.id,
      service,
      series.resource ?? service,
      series.name,
      series.kind ?? 'gauge',
      series.unit ?? '1',
      series.temporality ?? null,
      series.isMonotonic ?? null,
      series.description ?? '',
      series.attributes ?? '{}',
      series.bounds ?? null,
      series.lastSeenDay ?? '2026-03-01',
    ],
  )
}

async function insertPoint(pool: Pool, point: SeedPoint): Promise<void> {
  await pool.query(
    `insert into sidelight.metric_point (series_id, time, start_time, value, value_int, flags, time_ns, start_ns, attributes)
     values ($1, $2, $3, $4, $5, $6, 0, 0, $7)`,
    [
      point.series,
      point.time,
      point.start ?? null,
      point.value ?? null,
      point.int ?? null,
      point.flags ?? null,
      point.attributes ?? null,
    ],
  )
}

async function insertHistogram(pool: Pool, point: SeedHistogram): Promise<void> {
  await pool.query(
    `insert into sidelight.metric_histogram (series_id, time, start_time, count, sum, min, max, flags, time_ns, start_ns,
       attributes, explicit_bounds, bucket_counts, scale, zero_count, zero_threshold, positive_offset, positive_counts,
       negative_offset, negative_counts, quantiles, quantile_values)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
    [
      point.series,
      point.time,
      point.start ?? null,
      point.count,
      point.sum ?? null,
      point.min ?? null,
      point.max ?? null,
      point.flags ?? null,
      point.attributes ?? null,
      point.bounds ?? null,
      point.buckets ?? null,
      point.scale ?? null,
      point.zeroCount ?? null,
      point.zeroThreshold ?? null,
      point.positive?.offset ?? null,
      point.positive?.counts ?? null,
      point.negative?.offset ?? null,
      point.negative?.counts ?? null,
      point.quantiles ?? null,
      point.quantileValues ?? null,
    ],
  )
}
