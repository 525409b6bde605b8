import type { Pool } from 'pg'
import { cutCorrelationId, LONGEST_CORRELATION_ID_BYTES } from '../../translate/correlation-id'
import { readFewer } from './answer-size'
import { decodeLog, LOG_COLUMNS, LOG_JOINS, logOrder, type LogRow } from './log'
import { storedKey } from './log-filter'
import { noneDecoded } from './origin'
import { readTogether, type Reading } from './read'
import { decodeSpan, type SpanRow } from './span'
import { formatUnixNano, unixNanoOf } from './stored'
import { earliestSpans } from './traces'

/** Rows of `correlation` looked at, the newest: an id that every request carries has millions. */
const MAX_PLACES = 10_000
/** From here on an id may have been cut: characters of up to four bytes stay whole. */
const MAYBE_CUT_BYTES = LONGEST_CORRELATION_ID_BYTES - 3

/** Where the id $1 was seen, of the tenant $2 or any: the newest $4 traces, and $5 records without one. */
const PLACES_SQL = `
with place as materialized (
  select time, service_id, trace_id from sidelight.correlation
  where id = $1
    and ($2::text is null or service_id in (select id from sidelight.service where tenant = $2))
  order by time desc
  limit $3
), trace as (
  select trace_id, max(time) as time from place where trace_id is not null
  group by trace_id order by max(time) desc, trace_id limit $4
), log as (
  select distinct time, service_id from place where trace_id is null
  order by time desc, service_id limit $5
)
select trace_id, null::bigint as service_id, (extract(epoch from time) * 1000000)::bigint as time_us from trace
union all
select null, service_id, (extract(epoch from time) * 1000000)::bigint from log
order by time_us desc`

const SPANS_SQL = earliestSpans('span.trace_id = any($1::uuid[])')

/** The earliest $3 records of the traces $1, of the tenant $2 or any. */
const TRACE_LOGS_SQL = `
with found as (
  select log.*, log.ctid as place from sidelight.log_record as log
  where log.trace_id = any($1::uuid[])
    and ($2::text is null or log.service_id in (select id from sidelight.service where tenant = $2))
  order by ${logOrder('asc').replace('log.place', 'log.ctid')}
  limit $3
)
select ${LOG_COLUMNS} from found as log ${LOG_JOINS}
order by ${logOrder('asc')}`

/**
 * The records without a trace of the services $1 at the times $2 in which one of the attributes $3 is the id $4, or a list
 * with it, $5 of them at most. First and last time let Postgres leave out the partitions of other days.
 */
const OTHER_LOGS_SQL = `
with found as (
  select log.* from unnest($1::bigint[], $2::timestamptz[]) as seen (service_id, time)
  cross join lateral (
    select log.*, log.ctid as place from sidelight.log_record as log
    where log.service_id = seen.service_id and log.time = seen.time and log.trace_id is null
      and log.time between $6::timestamptz and $7::timestamptz
      and exists (
        select from unnest($3::text[]) as name,
          lateral jsonb_path_query(log.attributes -> name, 'lax $[*]') as id
        where jsonb_typeof(id) = 'string' and (id #>> '{}' = $4
          or (octet_length($4) >= ${MAYBE_CUT_BYTES} and starts_with(id #>> '{}', $4))))
  ) as log
  order by ${logOrder('asc')}
  limit $5
)
select ${LOG_COLUMNS} from found as log ${LOG_JOINS}
order by ${logOrder('asc')}`

/** What is asked about an id; `attributes` name the values that are ids. */
export interface CorrelationQuestion {
  readonly id: string
  readonly attributes: readonly string[]
  readonly tenant: string | null
  readonly maxTraces: number
  readonly maxSpans: number
  readonly maxLogs: number
}

/** The question about correlation ids, asked of `pool`. Of what is very large it answers fewer spans and records. */
export function createCorrelationQueries(pool: Pool) {
  return {
    readCorrelation: (question: CorrelationQuestion) =>
      readFewer(Math.max(question.maxSpans, question.maxLogs), (limit) =>
        readCorrelation(pool, {
          ...question,
          maxSpans: Math.min(limit, question.maxSpans),
          maxLogs: Math.min(limit, question.maxLogs),
        }),
      ),
  }
}

/**
 * The newest traces with the id, newest first, their earliest spans, and in order of time their log records and those that
 * carry the id without a trace. Throws Unavailable when Postgres is away or too slow.
 */
export async function readCorrelation(pool: Pool, question: CorrelationQuestion) {
  const { maxTraces, maxSpans, maxLogs } = question
  const id = cutCorrelationId(question.id)
  const found = await readTogether(pool, 'the correlation id', (reading) =>
    readRows(reading, { ...question, id }),
  )
  const { traceIds, spans, logs } = found
  const decoded = noneDecoded()
  return {
    /** As far as it is indexed. */
    id,
    traceIds: traceIds.slice(0, maxTraces).map((traceId) => traceId.replaceAll('-', '')),
    spans: spans.slice(0, maxSpans).map((row) => decodeSpan(row, decoded)),
    logs: logs.slice(0, maxLogs).map((row) => decodeLog(row, decoded)),
    truncated: {
      traces: traceIds.length > maxTraces,
      spans: spans.length > maxSpans,
      logs: logs.length > maxLogs,
    },
  }
}

interface Place {
  readonly trace_id: string | null
  readonly service_id: string
  readonly time_us: string
}

async function readRows(reading: Reading, question: CorrelationQuestion) {
  const { id, tenant, maxTraces, maxSpans, maxLogs } = question
  const places = await reading.ask<Place>({
    text: PLACES_SQL,
    values: [id, tenant, MAX_PLACES, maxTraces + 1, maxLogs + 1],
  })
  const traceIds = places.flatMap(({ trace_id }) => trace_id ?? [])
  const ofTraces = traceIds.slice(0, maxTraces)
  const spans: SpanRow[] = []
  const logs: LogRow[] = []
  if (ofTraces.length > 0) {
    const values = (limit: number) => [ofTraces, tenant, limit + 1]
    spans.push(...(await reading.ask<SpanRow>({ text: SPANS_SQL, values: values(maxSpans) })))
    logs.push(...(await reading.ask<LogRow>({ text: TRACE_LOGS_SQL, values: values(maxLogs) })))
  }
  const others = places.filter(({ trace_id }) => trace_id === null)
  if (others.length > 0) logs.push(...(await reading.ask<LogRow>(otherLogs(question, others))))
  return { traceIds, spans, logs: logs.sort(byTime) }
}

/** `places` come newest first. */
function otherLogs({ id, attributes, maxLogs }: CorrelationQuestion, places: readonly Place[]) {
  const times = places.map(({ time_us }) => formatUnixNano(unixNanoOf(time_us, null)))
  return {
    text: OTHER_LOGS_SQL,
    values: [
      places.map(({ service_id }) => service_id),
      times,
      attributes.map(storedKey),
      id,
      maxLogs + 1,
      times.at(-1) ?? null,
      times[0] ?? null,
    ],
  }
}

function byTime(a: LogRow, b: LogRow): number {
  const difference = BigInt(a.time_us) - BigInt(b.time_us)
  if (difference !== 0n) return difference < 0n ? -1 : 1
  return (a.time_ns ?? -1) - (b.time_ns ?? -1)
}
