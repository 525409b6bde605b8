import type { ErrorFilter } from './question'
import type { Coverage } from '../figure/coverage'
import type { Range } from '../figure/question'
import type { Values } from '../log-filter'
import type { Reading } from '../read'

/** Rollups of a level in a range of time. */
export interface LevelRange {
  readonly level: 0 | 1 | 2
  readonly range: Range
}

/** Which rollups a filter leaves, by what they know: ids of dictionary rows as decimals, null for all. */
export interface ErrorNarrowing {
  readonly serviceIds: readonly string[] | null
  readonly operationIds: readonly string[] | null
  readonly release: string | null
  /** uuids. */
  readonly hashes: readonly string[] | null
}

export const EVERYTHING: ErrorNarrowing = {
  serviceIds: null,
  operationIds: null,
  release: null,
  hashes: null,
}

const SERVICE_IDS = `
select id::text from sidelight.service
where ($1::text is null or tenant = $1) and ($2::text is null or name = $2) and ($3::text is null or environment = $3)`

const OPERATION_IDS = `
select operation.id::text from sidelight.operation join sidelight.service on service.id = operation.service_id
where ($1::text is null or service.tenant = $1) and ($2::text is null or service.name = $2)
  and ($3::text is null or service.environment = $3)
  and ($4::text is null or operation.module = $4) and ($5::text is null or operation.name = $5)`

/** The ids of what a filter names. */
export async function narrow(
  { ask }: Pick<Reading, 'ask'>,
  filter: Pick<
    ErrorFilter,
    'tenant' | 'service' | 'environment' | 'module' | 'operation' | 'release'
  >,
): Promise<ErrorNarrowing> {
  const { tenant, service, environment, module, operation, release } = filter
  const ids = async (text: string, values: (string | null)[]) =>
    (await ask<{ id: string }>({ text, values })).map(({ id }) => id)
  if (module !== null || operation !== null) {
    const values = [tenant, service, environment, module, operation]
    return {
      serviceIds: null,
      operationIds: await ids(OPERATION_IDS, values),
      release,
      hashes: null,
    }
  }
  const isAll = tenant === null && service === null && environment === null
  const serviceIds = isAll ? null : await ids(SERVICE_IDS, [tenant, service, environment])
  return { serviceIds, operationIds: null, release, hashes: null }
}

/** Whether nothing can be left. */
export function isNowhere({ serviceIds, operationIds, hashes }: ErrorNarrowing): boolean {
  return [serviceIds, operationIds, hashes].some((ids) => ids?.length === 0)
}

/** The levels and ranges a window is read from; no throw is in two of them. */
export function rangesOf({ window, hours, minutes }: Coverage): LevelRange[] {
  return [
    { level: 0, range: window },
    ...minutes.map((range) => ({ level: 1 as const, range })),
    ...(hours === null ? [] : [{ level: 2 as const, range: hours }]),
  ]
}

/** What of the ranges lies at or behind a time. */
export function since(ranges: readonly LevelRange[], sinceMs: number): LevelRange[] {
  return ranges
    .map(({ level, range }) => {
      const from = Math.max(range.sinceMs, sinceMs)
      return { level, range: { sinceMs: from, untilMs: range.untilMs } }
    })
    .filter(({ range }) => range.sinceMs < range.untilMs)
}

/**
 * A subquery for the rollups of the ranges. Each range is a branch of its own, so that either index serves it; bounds are
 * literals, so that partitions out of range are left out when the statement is planned.
 */
export function rolled(
  columns: string,
  ranges: readonly LevelRange[],
  narrowing: ErrorNarrowing,
  values: Values,
): string {
  if (ranges.length === 0) {
    return `(select ${columns} from sidelight.error_rollup where false)`
  }
  const narrowed = conditionsOf(narrowing, values)
  const branches = ranges.map(({ level, range }) => {
    const conditions = [`level = ${level}`, within('bucket', range), ...narrowed]
    return `select ${columns} from sidelight.error_rollup where ${conditions.join(' and ')}`
  })
  return `(${branches.join('\n  union all ')})`
}

/**
 * The same of one hash, an expression, for a lateral join: looked up by the index for each, where Postgres, which takes the rows
 * of a hash for many, would read the whole window.
 */
export function rolledOf(
  hash: string,
  columns: string,
  ranges: readonly LevelRange[],
  narrowing: ErrorNarrowing,
  values: Values,
): string {
  const all = rolled(columns, ranges, narrowing, values)
  return `(select * from ${all} as each where each.error_hash = ${hash} offset 0)`
}

const WORK_MEM = '64MB'

/** For the rest of the transaction: what is known of very many groups is added up in memory, of which 4 MB are the default. */
export async function allowMany({ ask }: Pick<Reading, 'ask'>): Promise<void> {
  await ask({
    text: `
select set_config('work_mem', '${WORK_MEM}', true)
where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('${WORK_MEM}')`,
    values: [],
  })
}

/** The condition that a column of time lies in a range. */
export function within(column: string, { sinceMs, untilMs }: Range): string {
  return `${column} >= ${timeLiteral(sinceMs)} and ${column} < ${timeLiteral(untilMs)}`
}

/** A time in the text of a statement. */
export function timeLiteral(ms: number): string {
  return `timestamptz '${new Date(ms).toISOString()}'`
}

function conditionsOf(
  { serviceIds, operationIds, release, hashes }: ErrorNarrowing,
  values: Values,
): string[] {
  const conditions: string[] = []
  if (serviceIds !== null) {
    conditions.push(`service_id = any(${values.bind(serviceIds)}::bigint[])`)
  }
  if (operationIds !== null) {
    conditions.push(`operation_id = any(${values.bind(operationIds)}::bigint[])`)
  }
  if (hashes !== null) conditions.push(`error_hash = any(${values.bind(hashes)}::uuid[])`)
  if (release !== null) conditions.push(`release = ${values.bind(release)}`)
  return conditions
}
