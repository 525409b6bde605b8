import type { Pool } from 'pg'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether, type Reading } from '../read'
import { cut, instant, type Position } from '../slices'
import {
  decodeOccurrence,
  NEWEST_FIRST,
  OCCURRENCE_COLUMNS,
  OCCURRENCE_JOINS,
  type OccurrenceRow,
} from './occurrence'
import { within } from './rollups'
import { findGroup } from './subject'

/** A page of a group's occurrences, newest first. */
export async function listOccurrences(
  pool: Pool,
  question: {
    readonly id: string
    readonly window: Range
    readonly tenant: string | null
    readonly limit: number
    readonly after: Position | null
  },
) {
  const { limit, window, after } = question
  return readTogether(pool, 'occurrences of the error', async (reading) => {
    const group = await findGroup(reading, question)
    if (group === null) return null
    const found = await newestOf(reading, { group, window, after, limit: limit + 1 })
    const { rows, next } = cut(found, limit, found.length > limit)
    return { occurrences: rows.map(decodeOccurrence), next }
  })
}

/** The newest occurrences of a group, of all time without a window: the index gives those of each hash in order. */
export async function newestOf(
  { ask }: Pick<Reading, 'ask'>,
  {
    group,
    window,
    after,
    limit,
  }: {
    readonly group: string
    readonly window: Range | null
    readonly after: Position | null
    readonly limit: number
  },
): Promise<OccurrenceRow[]> {
  const values = new Values()
  const conditions = ['o.error_hash = h.id']
  if (window !== null) conditions.push(within('o.time', window))
  if (after !== null) {
    const time = `${values.bind(instant(after.timeUs))}::timestamptz`
    const place = `${values.bind(after.restNs)}::integer, ${values.bind(after.place)}::tid`
    conditions.push(`o.time <= ${time}`, `(o.time, o.time_ns, o.ctid) < (${time}, ${place})`)
  }
  const bound = values.bind(limit)
  const text = `
with found as (
  select h.group_id, o.* from sidelight.error_group_hash h
  cross join lateral (
    select o.*, o.ctid as place from sidelight.error_occurrence o
    where ${conditions.join(' and ')}
    order by ${NEWEST_FIRST.replace('o.place', 'o.ctid')} limit ${bound}
  ) as o
  where h.group_id = ${values.bind(group)}::uuid
  order by ${NEWEST_FIRST} limit ${bound}
)
select ${OCCURRENCE_COLUMNS} from found as o ${OCCURRENCE_JOINS}
order by ${NEWEST_FIRST}`
  return ask<OccurrenceRow>({ text, values: values.list })
}

const OF_TRACES = `
with found as (
  select h.group_id, o.*, o.ctid as place from sidelight.error_occurrence o
  join sidelight.error_group_hash h on h.id = o.error_hash
  where o.trace_id = any($1::uuid[]) and ($2::text is null or h.tenant = $2)
  order by o.time, o.time_ns, o.ctid limit $3
)
select ${OCCURRENCE_COLUMNS} from found as o ${OCCURRENCE_JOINS}
order by o.time, o.time_ns, o.place`

/** The earliest errors kept of the traces, in order of time. */
export async function readErrorsOfTraces(
  pool: Pool,
  {
    traceIds,
    tenant,
    limit,
  }: {
    readonly traceIds: readonly string[]
    readonly tenant: string | null
    readonly limit: number
  },
) {
  if (traceIds.length === 0) return []
  return readTogether(pool, 'errors of the trace', async ({ ask }) => {
    const values = [traceIds, tenant, limit]
    return (await ask<OccurrenceRow>({ text: OF_TRACES, values })).map(decodeOccurrence)
  })
}
