import type { Pool } from 'pg'
import { read } from '../read'
import { sentKey } from './label'

/** Which metrics are listed: null for all, `prefix` and `search` (anywhere in it, in any case) by name; `limit` names at most. */
export interface CatalogueQuestion {
  readonly tenant: string | null
  readonly service: string | null
  readonly prefix: string | null
  readonly search: string | null
  readonly limit: number
}

/** Looking at every attribute of every series would take a second for 100,000 of them: passes look for one with a key more. */
const MAX_KEYS = 200

const SERIES_OF_CALLER = `(($1::text is null and $2::text is null) or m.service_id in (
    select id from sidelight.service where ($1::text is null or tenant = $1) and ($2::text is null or name = $2)))`

/** $1 to $5: tenant, service, prefix, search, limit of names. */
const CATALOGUE_SQL = `
with named as materialized (
  select distinct m.name from sidelight.metric_series m
  where ${SERIES_OF_CALLER} and ($3::text is null or starts_with(m.name, $3))
    and ($4::text is null or strpos(lower(m.name), lower($4)) > 0)
  order by m.name limit $5::bigint
), by_service as materialized (
  select m.name, m.kind, m.unit, m.temporality, m.is_monotonic, m.service_id,
    count(*) as series, max(m.last_seen_day) as last_seen, max(m.description) as description
  from named join sidelight.metric_series m on m.name = named.name
  where ${SERIES_OF_CALLER}
  group by m.name, m.kind, m.unit, m.temporality, m.is_monotonic, m.service_id
), metric as materialized (
  select b.name, b.kind, b.unit, b.temporality, b.is_monotonic, sum(b.series)::bigint as series,
    max(b.last_seen)::text as last_seen, max(b.description) as description,
    array_agg(distinct coalesce(service.name, '') order by coalesce(service.name, '')) as services
  from by_service b left join sidelight.service on service.id = b.service_id
  group by b.name, b.kind, b.unit, b.temporality, b.is_monotonic
)
select metric.*, found.keys
from metric cross join lateral (
  with recursive known (keys) as (
    select array[]::text[]
    union all
    select known.keys || array(select jsonb_object_keys(another.attributes - known.keys))
    from known cross join lateral (
      select m.attributes from sidelight.metric_series m
      where m.name = metric.name and m.kind = metric.kind and m.unit = metric.unit
        and m.temporality is not distinct from metric.temporality
        and m.is_monotonic is not distinct from metric.is_monotonic
        and ${SERIES_OF_CALLER} and m.attributes - known.keys <> '{}'
      limit 1
    ) as another
    where cardinality(known.keys) < ${MAX_KEYS}
  )
  select keys from known order by cardinality(keys) desc limit 1
) as found
order by metric.name, metric.kind, metric.unit, metric.temporality, metric.is_monotonic`

interface CatalogueRow {
  readonly name: string
  readonly kind: string
  readonly unit: string
  readonly temporality: string | null
  readonly is_monotonic: boolean | null
  readonly series: string
  readonly last_seen: string
  readonly description: string
  readonly services: readonly string[]
  readonly keys: readonly string[]
}

/** The metrics that are stored, by name; one that comes as several kinds or units is listed as often. */
export async function readMetricCatalogue(pool: Pool, question: CatalogueQuestion) {
  const { tenant, service, prefix, search, limit } = question
  const rows = await read<CatalogueRow>(pool, {
    what: 'the metrics',
    text: CATALOGUE_SQL,
    values: [tenant, service, prefix, search, limit + 1],
  })
  const names = [...new Set(rows.map(({ name }) => name))]
  const kept = new Set(names.slice(0, limit))
  return {
    metrics: rows
      .filter(({ name }) => kept.has(name))
      .map((row) => ({
        name: row.name,
        kind: row.kind,
        unit: row.unit,
        temporality: row.temporality,
        monotonic: row.is_monotonic,
        description: row.description,
        services: [...row.services],
        labelKeys: row.keys.map(sentKey).sort(),
        seriesCount: Number(row.series),
        lastSeenDay: row.last_seen,
      })),
    isTruncated: names.length > limit,
  }
}

const VARIANTS_SQL = `
select m.kind, m.unit, m.temporality, m.is_monotonic
from sidelight.metric_series m
where m.name = $3 and ${SERIES_OF_CALLER}
group by m.kind, m.unit, m.temporality, m.is_monotonic
order by m.kind, m.unit, m.temporality, m.is_monotonic`

interface VariantRow {
  readonly kind: string
  readonly unit: string
  readonly temporality: string | null
  readonly is_monotonic: boolean | null
}

/** As what a metric is stored: usually one kind in one unit; nothing when it is unknown. */
export async function readMetricVariants(
  pool: Pool,
  question: {
    readonly name: string
    readonly tenant: string | null
    readonly service: string | null
  },
) {
  const rows = await read<VariantRow>(pool, {
    what: 'the metric',
    text: VARIANTS_SQL,
    values: [question.tenant, question.service, question.name],
  })
  return rows.map(({ kind, unit, temporality, is_monotonic }) => ({
    kind,
    unit,
    temporality,
    isMonotonic: is_monotonic,
  }))
}
