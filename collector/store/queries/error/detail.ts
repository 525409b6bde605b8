import type { Pool } from 'pg'
import type { Counted } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether, type Reading } from '../read'
import { formatUnixNano } from '../stored'
import { readGroups, timeOf } from './group'
import { decodeOccurrence } from './occurrence'
import { newestOf } from './occurrences'
import { EVERYTHING, type LevelRange, rangesOf, rolledOf } from './rollups'
import { findGroup } from './subject'

/** Most releases, environments and operations, events, and traces that are told. */
const MAX_FACETS = 100
const MAX_EVENTS = 500
const MAX_TRACES = 20

/** Everything about a group. */
export async function readError(
  pool: Pool,
  question: { readonly id: string; readonly window: Range; readonly tenant: string | null },
) {
  return readTogether(pool, 'the error', async (reading) => {
    const id = await findGroup(reading, question)
    if (id === null) return null
    const { window, ...coverage } = cover(question.window, null, await readClockMs(reading.client))
    const ranges = rangesOf({ window, ...coverage })
    const [group] = await readGroups(reading, { ids: [id], ranges, narrowing: EVERYTHING })
    if (group === undefined) return null
    const newest = await newestOf(reading, { group: id, window: null, after: null, limit: 1 })
    return {
      window,
      group,
      ...(await readFacets(reading, id, ranges)),
      hashes: await readHashes(reading, id),
      history: await readHistory(reading, id),
      latest: newest.map(decodeOccurrence)[0] ?? null,
      traceIds: await readTraceIds(reading, id),
    }
  })
}

interface FacetRow {
  readonly release: string
  readonly environment: string
  readonly operation: string
  readonly count: number
  readonly first_ns: string
  readonly last_ns: string
}

async function readFacets({ ask }: Reading, id: string, ranges: readonly LevelRange[]) {
  const values = new Values()
  const columns =
    'error_hash, service_id, operation_id, release, occurrence_count, first_ns, last_ns'
  const rows = await ask<FacetRow>({
    text: `
select r.release, coalesce(service.environment, '') as environment, coalesce(operation.name, '') as operation,
  sum(r.occurrences)::float8 as count, min(r.first_ns) as first_ns, max(r.last_ns) as last_ns
from (
  select r.service_id, r.operation_id, r.release, sum(r.occurrence_count) as occurrences,
    min(r.first_ns) as first_ns, max(r.last_ns) as last_ns
  from sidelight.error_group_hash h cross join lateral ${rolledOf('h.id', columns, ranges, EVERYTHING, values)} as r
  where h.group_id = ${values.bind(id)}::uuid
  group by 1, 2, 3
) as r
left join sidelight.service on service.id = r.service_id
left join sidelight.operation on operation.id = r.operation_id
group by 1, 2, 3`,
    values: values.list,
  })
  return {
    releases: releasesOf(rows.filter(({ release }) => release !== '')),
    environments: countedBy(rows, 'environment'),
    operations: countedBy(
      rows.filter(({ operation }) => operation !== ''),
      'operation',
    ),
  }
}

/** Those seen last come first. */
function releasesOf(rows: readonly FacetRow[]) {
  const releases = new Map<string, { count: number; firstNs: bigint; lastNs: bigint }>()
  for (const row of rows) {
    const [firstNs, lastNs] = [BigInt(row.first_ns), BigInt(row.last_ns)]
    const known = releases.get(row.release) ?? { count: 0, firstNs, lastNs }
    releases.set(row.release, {
      count: known.count + row.count,
      firstNs: firstNs < known.firstNs ? firstNs : known.firstNs,
      lastNs: lastNs > known.lastNs ? lastNs : known.lastNs,
    })
  }
  return [...releases]
    .sort(([, a], [, b]) => (a.lastNs > b.lastNs ? -1 : 1))
    .slice(0, MAX_FACETS)
    .map(([name, { count, firstNs, lastNs }]) => {
      return { name, count, firstSeen: formatUnixNano(firstNs), lastSeen: formatUnixNano(lastNs) }
    })
}

/** Those with the most throws come first. */
function countedBy(rows: readonly FacetRow[], facet: 'environment' | 'operation'): Counted[] {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row[facet], (counts.get(row[facet]) ?? 0) + row.count)
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_FACETS)
}

const HASHES = `
select id as hash, algorithm, class, code, message, culprit, why,
  (extract(epoch from created_at) * 1000000)::bigint as created_us
from sidelight.error_group_hash where group_id = $1::uuid order by created_at, id`

interface HashRow {
  readonly hash: string
  readonly algorithm: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly culprit: string
  readonly why: readonly unknown[]
  readonly created_us: string
}

async function readHashes({ ask }: Reading, id: string) {
  const rows = await ask<HashRow>({ text: HASHES, values: [id] })
  return rows.map(({ created_us, ...hash }) => ({ ...hash, createdAt: timeOf(created_us) }))
}

const HISTORY = `
select (extract(epoch from at) * 1000000)::bigint as at_us, actor, action, details
from sidelight.error_group_event where group_id = $1::uuid order by id desc limit ${MAX_EVENTS}`

interface EventRow {
  readonly at_us: string
  readonly actor: string
  readonly action: string
  readonly details: Readonly<Record<string, unknown>>
}

/** What happened last comes first. */
async function readHistory({ ask }: Reading, id: string) {
  const rows = await ask<EventRow>({ text: HISTORY, values: [id] })
  return rows.map(({ at_us, ...event }) => ({ at: timeOf(at_us), ...event }))
}

/** Of the newest occurrences, in which a trace may have several. */
const TRACE_IDS = `
select trace_id from (
  select o.time, o.trace_id from sidelight.error_group_hash h
  cross join lateral (
    select o.time, o.trace_id from sidelight.error_occurrence o
    where o.error_hash = h.id and o.trace_id is not null order by o.time desc limit ${4 * MAX_TRACES}
  ) as o
  where h.group_id = $1::uuid
) as o
group by trace_id order by max(time) desc, trace_id limit ${MAX_TRACES}`

async function readTraceIds({ ask }: Reading, id: string): Promise<string[]> {
  const rows = await ask<{ trace_id: string }>({ text: TRACE_IDS, values: [id] })
  return rows.map(({ trace_id }) => trace_id.replaceAll('-', ''))
}
