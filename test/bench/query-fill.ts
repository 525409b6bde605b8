import { createHash, randomUUID } from 'node:crypto'
import type { Client, Pool } from 'pg'
import { pino } from 'pino'
import { closePartitions } from '../../collector/store/closing'
import { createLeadership } from '../../collector/store/leadership'
import { acquireLease, LEADER, releaseLease } from '../../collector/store/lease'
import { ensureUpcomingPartitions } from '../../collector/store/partitions'
import { createPool } from '../../collector/store/pool'
import { until } from '../helpers/until'

const SERVICES = 20
const OPERATIONS = 200
const LOGS_A_SPAN = 0.3
const HOURS = 16
const BATCH = 1_000_000
const RARE = 10
const LEASE_MS = 3_600_000
const LEAD_TIMEOUT_MS = 60_000

/** How many spans each trace has. */
export const SPANS_PER_TRACE = 8

/** How many traces, one after the other, have the same correlation id. */
export const TRACES_PER_CORRELATION = 3

/** What of the rows can be looked for: of every second row and of ten in all, but for the text of spans, of every third. */
export const WORDS = {
  attribute: { key: 'customer.plan', common: 'free', rare: 'trial' },
  spanText: 'post /bench',
  logText: { common: 'completed', rare: 'out of memory' },
} as const

/** What is stored when the searches begin. */
export interface Filled {
  readonly spans: number
  readonly logs: number
  /** The end of the newest row's step of time: a window up to here is one up to now while rows still come in. */
  readonly untilMs: number
}

/**
 * Two thirds of a day of spans, eight a trace, and 0.3 log records a span, up to now and in order of time as they would have
 * come in; the days that are over are closed by what the leader closes them with. No collector may run.
 */
export async function fillForQueries(client: Client, url: string, spans: number): Promise<Filled> {
  const pool = createPool({ connectionString: url, max: 2, applicationName: 'sidelight bench' })
  try {
    const untilMs = Date.now()
    const logs = Math.round(spans * LOGS_A_SPAN)
    await ensureUpcomingPartitions(pool, untilMs)
    await empty(client)
    await fillDictionaries(client)
    await client.query('select setseed(0.5)')
    const values = [new Date(untilMs).toISOString(), spans]
    await fill(client, { what: 'spans', rows: spans, statement: FILL_SPANS, values })
    const ofLogs = [...values, logs]
    await fill(client, { what: 'log records', rows: logs, statement: FILL_LOGS, values: ofLogs })
    await fill(client, { what: 'correlations', rows: spans, statement: FILL_CORRELATIONS, values })
    await client.query('vacuum analyze sidelight.span, sidelight.log_record, sidelight.correlation')
    await closeDays(pool)
    // What was filled is not written to disk while the API is asked.
    await client.query('checkpoint')
    process.stderr.write('query: days that are over are closed\n')
    return { spans, logs, untilMs }
  } finally {
    await pool.end()
  }
}

/** The id of the `index`th trace, oldest first. */
export function traceIdOf(index: number): string {
  return createHash('md5').update(`trace ${index}`).digest('hex')
}

/** The correlation id of the `index`th trace. */
export function correlationIdOf(index: number): string {
  return `correlation-${Math.floor(index / TRACES_PER_CORRELATION)}`
}

/** A service among all of them. */
export function serviceName(index: number): string {
  return `bench ${1 + (index % SERVICES)}`
}

/** The name of an operation among all of them. */
export function operationName(index: number): string {
  const operation = 1 + (index % OPERATIONS)
  return `${operation % 3 === 0 ? 'POST' : 'GET'} /bench/${operation}`
}

async function empty(client: Client): Promise<void> {
  await client.query(
    `truncate sidelight.span, sidelight.log_record, sidelight.ingest_receipt, sidelight.correlation,
       sidelight.span_rollup, sidelight.edge_rollup, sidelight.edge_candidate,
       sidelight.service, sidelight.operation, sidelight.resource, sidelight.scope`,
  )
  await client.query(DROP_CLOSING_INDEXES)
}

/** A collector before this may have closed an empty yesterday: the index is built when its rows are there. */
const DROP_CLOSING_INDEXES = `
do $$ declare index regclass; begin
  for index in
    select c.oid from pg_class c join pg_am a on a.oid = c.relam
    where c.relnamespace = 'sidelight'::regnamespace and c.relkind = 'i' and a.amname = 'gin'
  loop
    execute 'drop index ' || index;
  end loop;
end $$`

async function fillDictionaries(client: Client): Promise<void> {
  await client.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name)
     select n, '', '', '', 'bench ' || n from generate_series(1, ${SERVICES}) as n`,
  )
  await client.query(
    `insert into sidelight.operation (id, service_id, module, kind, name)
     select n, 1 + n % ${SERVICES}, 'module ' || n % 3, 1 + n / ${SERVICES} % 5,
       case when n % 3 = 0 then 'POST' else 'GET' end || ' /bench/' || n
     from generate_series(1, ${OPERATIONS}) as n`,
  )
  await client.query(
    `insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url)
     select n, jsonb_build_object('service.name', 'bench ' || n, 'host.name', 'host-' || n), 0, ''
     from generate_series(1, ${SERVICES}) as n`,
  )
  await client.query(
    `insert into sidelight.scope (id, name, version, attributes, dropped_attributes_count, schema_url)
     values (1, 'bench', '', '{}', 0, '')`,
  )
}

interface Rows {
  readonly what: string
  readonly rows: number
  /** Fills the rows from $1 to $2. */
  readonly statement: string
  /** The values from $3 on. */
  readonly values: readonly unknown[]
}

async function fill(client: Client, { what, rows, statement, values }: Rows): Promise<void> {
  for (let from = 0; from < rows; from += BATCH) {
    const end = Math.min(from + BATCH, rows)
    await client.query(statement, [from, end - 1, ...values])
    process.stderr.write(`query: ${end.toLocaleString('en')} ${what} in\n`)
  }
}

/** Until when, how many spans. Durations are log-normal around 12 ms: one in 60 takes 100 ms or longer. */
const FILL_SPANS = `
insert into sidelight.span (trace_id, span_id, parent_span_id, start_time, end_time, duration_ns, service_id, operation_id,
  resource_id, scope_id, flags, kind, status, start_ns, end_ns, status_message, attributes)
select md5('trace ' || n / ${SPANS_PER_TRACE})::uuid, n + 1,
  case when n % ${SPANS_PER_TRACE} = 0 then null else n - n % ${SPANS_PER_TRACE} + 1 end,
  at, at + ns * interval '1 microsecond' / 1000, ns, 1 + o % ${SERVICES}, o, 1 + o % ${SERVICES}, 1, 1,
  1 + o / ${SERVICES} % 5, case when is_error then 2 else 0 end, 0, ns % 1000,
  case when is_error then 'deadline exceeded' end,
  jsonb_build_object('http.request.method', 'GET', 'http.route', '/bench/' || o, 'user.id', n % 1000,
    '${WORDS.attribute.key}', case when n % greatest(1, $4::bigint / ${RARE}) = 0 then '${WORDS.attribute.rare}'
      when n % 2 = 0 then '${WORDS.attribute.common}' else 'paid' end)
from (
  select n, $3::timestamptz - ($4::bigint - n) * interval '${HOURS} hours' / $4::bigint as at,
    1 + floor(random() * ${OPERATIONS})::integer as o, (12e6 * exp(random_normal()))::bigint as ns,
    random() < 0.01 as is_error
  from generate_series($1::bigint, $2::bigint) as n
) as drawn`

/** Until when, how many spans: half of the spans of a trace carry its id. */
const FILL_CORRELATIONS = `
insert into sidelight.correlation (time, service_id, trace_id, id)
select $3::timestamptz - ($4::bigint - n) * interval '${HOURS} hours' / $4::bigint, 1 + n % ${SERVICES},
  md5('trace ' || n / ${SPANS_PER_TRACE})::uuid,
  'correlation-' || n / ${SPANS_PER_TRACE * TRACES_PER_CORRELATION}
from generate_series($1::bigint, $2::bigint, 2) as n`

/** Until when, how many spans, how many log records: each of the span of its time. */
const FILL_LOGS = `
insert into sidelight.log_record (time, observed_time, trace_id, span_id, service_id, resource_id, scope_id, severity_number,
  time_ns, observed_ns, body, attributes)
select at, at, md5('trace ' || s / ${SPANS_PER_TRACE})::uuid, s + 1, sv, sv, 1,
  case when severity < 0.02 then 17 when severity < 0.1 then 13 when severity < 0.8 then 9 else 5 end, 0, 0,
  case when n % greatest(1, $5::bigint / ${RARE}) = 0 then '${WORDS.logText.rare}: killed worker ' || n
    when n % 2 = 0 then 'request ' || n || ' ${WORDS.logText.common} for user ' || n % 1000
    else 'nothing in the cache for key ' || n || ', asked the database' end,
  jsonb_build_object('thread.id', n % 16, 'code.function.name', 'handle' || n % 50)
from (
  select n, $3::timestamptz - ($5::bigint - n) * interval '${HOURS} hours' / $5::bigint as at,
    n * $4::bigint / $5::bigint as s, 1 + floor(random() * ${SERVICES})::integer as sv, random() as severity
  from generate_series($1::bigint, $2::bigint) as n
) as drawn`

async function closeDays(pool: Pool): Promise<void> {
  const request = { name: LEADER, owner: randomUUID(), ttlMs: LEASE_MS }
  // A collector that was stopped while it tried for the lead may have got it all the same: it expires.
  const lease = await until(() => acquireLease(pool, request), LEAD_TIMEOUT_MS, 'the lead')
  const leadership = createLeadership(pool, lease, new AbortController().signal)
  await closePartitions(leadership, {
    log: pino({ level: 'silent' }),
    closed: () => undefined,
  })
  await releaseLease(pool, lease)
}
