import type { PoolClient } from 'pg'
import { BadData } from '../../../errors'
import { labelOf, labelsOf, storedKey } from './label'
import type { MetricKey, MetricQuestion } from './question'

/** So many series of one metric are looked at, and so many of those that pass the filters are read. */
const MAX_LISTED = 200_000
const MAX_READ = 20_000
const DAY_MS = 86_400_000
/** A point may be a day ahead of its arrival; another one is for clocks that disagree. */
const AHEAD_DAYS = 2

/** A stored series that the question asks about. */
export interface Series {
  readonly id: string
  readonly isDelta: boolean
  readonly isMonotonic: boolean
  /** Whether points of several streams may be in it, which bring attributes of their own. */
  readonly standsIn: boolean
  /** Upper bounds of the buckets of an explicit histogram; equal ones are one array. */
  readonly bounds: readonly number[] | null
  /** The group of its points, or of those with these attributes of their own, as jsonb text; null when they do not pass. */
  groupOf(attributes: string | null): number | null
}

/** The series to read and the groups they add up to. */
export interface Selection {
  readonly series: ReadonlyMap<string, Series>
  /** The labels of each group; those of points with own attributes are added as they are met. */
  readonly groups: readonly Labels[]
  /** True once there is a group more than may be answered. */
  readonly isTruncated: () => boolean
}

export type Labels = Readonly<Record<string, string | null>>

interface SeriesRow {
  readonly id: string
  readonly service: string
  readonly temporality: string | null
  readonly is_monotonic: boolean | null
  readonly stands_in: boolean
  readonly bounds: readonly number[] | null
  readonly point_values: readonly (string | null)[]
  readonly resource_values: readonly (string | null)[]
}

/** $5 and $6 are the attribute keys asked about. A series unseen since before the window has no points in it. */
const SERIES_SQL = `
select m.id, coalesce(service.name, '') as service, m.temporality, m.is_monotonic, m.explicit_bounds as bounds,
  m.attributes ? 'otel.metric.overflow' as stands_in,
  array(select (m.attributes -> w.key)::text from unnest($6::text[]) with ordinality as w (key, n) order by n) as point_values,
  array(select (resource.attributes -> w.key)::text from unnest($7::text[]) with ordinality as w (key, n) order by n) as resource_values
from sidelight.metric_series m
left join sidelight.service on service.id = m.service_id
left join sidelight.resource on cardinality($7::text[]) > 0 and resource.id = m.resource_id
where m.name = $1 and m.kind = $2 and m.unit = $3
  and (($4::text is null and $5::text is null) or m.service_id in (
    select id from sidelight.service where ($4::text is null or tenant = $4) and ($5::text is null or name = $5)))
  and m.last_seen_day >= $8::date
limit ${MAX_LISTED + 1}`

/** Finds the series the question asks about. Throws BadData when they are too many. */
export async function selectSeries(
  client: PoolClient,
  question: MetricQuestion,
  maxGroups: number,
): Promise<Selection> {
  const keys = [...question.groupBy, ...question.filters.map(({ key }) => key)]
  const pointKeys = keysFrom('point', keys)
  const resourceKeys = keysFrom('resource', keys)
  const { rows } = await client.query<SeriesRow>(SERIES_SQL, [
    question.name,
    question.kind,
    question.unit,
    question.tenant,
    question.service,
    pointKeys.map(storedKey),
    resourceKeys.map(storedKey),
    new Date(question.steps.sinceMs - AHEAD_DAYS * DAY_MS).toISOString().slice(0, 10),
  ])
  refuseMany(rows.length, MAX_LISTED)
  const groups = new Groups(maxGroups)
  const found = rows.map((row) => {
    const judged = (labels: readonly (string | null)[]) =>
      judge(question, pointKeys, resourceKeys, row, labels)
    return { row, judged, labels: judged(row.point_values.map(labelOf)) }
  })
  const passing = found.filter(({ row, labels }) => labels !== null || row.stands_in)
  refuseMany(passing.length, MAX_READ)
  // In the order of the answer, so that it is the last ones that are left out. What stands in for others may have no points
  // with its own attributes.
  groups.open(
    passing.flatMap(({ row, labels }) => (labels === null || row.stands_in ? [] : [labels])),
  )
  const bounds = new Map<string, readonly number[]>()
  const series = passing.map(({ row, judged, labels }): Series => ({
    id: row.id,
    isDelta: row.temporality === 'delta',
    isMonotonic: row.is_monotonic !== false,
    standsIn: row.stands_in,
    bounds: row.bounds === null ? null : interned(bounds, row.bounds),
    groupOf: (attributes) => {
      const own = attributes === null ? labels : judged(labelsOf(attributes, pointKeys))
      return own === null ? null : groups.of(own)
    },
  }))
  const read = series.filter(({ standsIn, groupOf }) => standsIn || groupOf(null) !== null)
  return {
    series: new Map(read.map((each) => [each.id, each])),
    groups: groups.labels,
    isTruncated: () => groups.isTruncated,
  }
}

function refuseMany(found: number, most: number): void {
  if (found <= most) return
  throw new BadData(
    `The question is about more than ${most} series: narrow it with service or filter.`,
  )
}

function keysFrom(from: MetricKey['from'], keys: readonly MetricKey[]): string[] {
  return [...new Set(keys.filter((each) => each.from === from).map(({ key }) => key))]
}

/** The labels of a series, or of points with own attributes; null when they do not pass the filters. */
function judge(
  { filters, groupBy }: MetricQuestion,
  pointKeys: readonly string[],
  resourceKeys: readonly string[],
  row: SeriesRow,
  pointLabels: readonly (string | null)[],
): Labels | null {
  const valueOf = ({ from, key }: MetricKey): string | null => {
    if (from === 'service') return row.service
    if (from === 'point') return pointLabels[pointKeys.indexOf(key)] ?? null
    return labelOf(row.resource_values[resourceKeys.indexOf(key)] ?? null)
  }
  if (!filters.every(({ key, value }) => valueOf(key) === value)) return null
  return Object.fromEntries(groupBy.map((key) => [key.label, valueOf(key)]))
}

/** The groups of an answer, by their labels. */
class Groups {
  readonly #most: number
  readonly #known = new Map<string, number>()
  readonly labels: Labels[] = []
  isTruncated = false

  constructor(most: number) {
    this.#most = most
  }

  open(all: readonly Labels[]): void {
    const byKey = new Map(all.map((labels) => [JSON.stringify(labels), labels]))
    for (const key of [...byKey.keys()].sort()) this.of(byKey.get(key) ?? {}, key)
  }

  /** The number of the group; null when it is one too many. */
  of(labels: Labels, key = JSON.stringify(labels)): number | null {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.labels.length >= this.#most) {
      this.isTruncated = true
      return null
    }
    this.#known.set(key, this.labels.length)
    return this.labels.push(labels) - 1
  }
}

function interned(known: Map<string, readonly number[]>, bounds: readonly number[]) {
  const key = bounds.join(' ')
  const same = known.get(key) ?? bounds
  known.set(key, same)
  return same
}
