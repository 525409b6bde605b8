import type { Pool } from 'pg'
import { hasAttribute, Values } from '../log-filter'
import { readTogether, type Statement } from '../read'
import {
  instant,
  type PlacedRow,
  type Position,
  searchSlices,
  type Slice,
  sliceOf,
} from '../slices'
import { formatUnixNano, parseAttributes, spanIdHex, unixNanoOf } from '../stored'
import { businessConditions, STATUS, type BusinessFilter } from './filter'

const NS_PER_MS = 1e6

/** A page of business events to read. */
export interface BusinessQuestion {
  readonly window: { readonly sinceMs: number; readonly untilMs: number }
  readonly filter: BusinessFilter
  /** Of each, any key must have the value. */
  readonly attributes: readonly { readonly keys: readonly string[]; readonly value: string }[]
  readonly limit: number
  readonly after: Position | null
}

/** One page of business events, newest first, looked for in slices that grow while there is time. */
export async function listBusinessEvents(pool: Pool, question: BusinessQuestion) {
  const { rows, ...found } = await readTogether(pool, 'business events', (reading) =>
    searchSlices({ ...question, window: sliceOf(question.window), order: 'desc' }, (slice, limit) =>
      reading.ask<EventRow>(eventStatement({ ...question, limit }, slice)),
    ),
  )
  return { ...found, events: rows.map(decodeEvent) }
}

function eventStatement(
  { filter, attributes, limit, after }: BusinessQuestion,
  { fromUs, toUs }: Slice,
): Statement {
  const values = new Values()
  const time = (us: bigint) => `${values.bind(instant(us))}::timestamptz`
  const conditions = [
    `event.time >= ${time(fromUs)}`,
    `event.time < ${time(toUs)}`,
    ...businessConditions(filter, values),
    ...attributes.map(({ keys, value }) => hasAny(keys, value, values)),
  ]
  if (after !== null) {
    const place = [
      time(after.timeUs),
      `${values.bind(after.restNs)}::integer`,
      `${values.bind(after.place)}::tid`,
    ].join(', ')
    conditions.push(`(event.time, event.time_ns::integer, event.ctid) < (${place})`)
  }
  const text = `
select (extract(epoch from event.time) * 1000000)::bigint as time_us, event.time_ns, event.ctid::text as place,
  catalogue.tenant, catalogue.subject as name, ${STATUS} as status, coalesce(service.name, '') as service,
  event.duration_ns::float8 as duration_ns, event.amount, event.trace_id, event.span_id,
  event.attributes::text as attributes
from sidelight.catalogue join sidelight.event on event.catalogue_id = catalogue.id
left join sidelight.service on service.id = event.service_id
where ${conditions.join(' and ')}
order by event.time desc, event.time_ns desc, event.ctid desc
limit ${values.bind(limit)}`
  return { text, values: values.list }
}

function hasAny(keys: readonly string[], value: string, values: Values): string {
  const held = keys.map((key) => hasAttribute('event.attributes', { key, value }, values))
  return `(${held.join(' or ')})`
}

interface EventRow extends PlacedRow {
  readonly tenant: string
  readonly name: string
  readonly status: string
  readonly service: string
  readonly duration_ns: number | null
  readonly amount: number | null
  readonly trace_id: string | null
  readonly span_id: string | null
  readonly attributes: string | null
}

function decodeEvent(row: EventRow) {
  const { tenant, name, status, service, duration_ns: durationNs, amount } = row
  return {
    time: formatUnixNano(unixNanoOf(row.time_us, row.time_ns)),
    name,
    status,
    tenant,
    service,
    durationMs: durationNs === null ? null : durationNs / NS_PER_MS,
    costUsd: amount,
    traceId: row.trace_id === null ? null : row.trace_id.replaceAll('-', ''),
    spanId: row.span_id === null ? null : spanIdHex(row.span_id),
    attributes: parseAttributes(row.attributes),
  }
}
