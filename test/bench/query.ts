import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { ADMIN_TOKEN, type RunningCollector } from '../helpers/collector'
import { type Figure, quantile } from './report'

const SPANS_PER_TRACE = 8
const BATCH = 1_000_000
const LOOKUPS = 500

/** `trace by id` over the API among many spans: half of a day of them, eight a trace, in partitions made like any other. */
export async function benchTraceById(
  client: Client,
  collector: RunningCollector,
  spans: number,
): Promise<Figure[]> {
  await fill(client, spans)
  const millis: number[] = []
  for (let lookup = 0; lookup < LOOKUPS; lookup++) {
    const trace = Math.floor((lookup / LOOKUPS) * (spans / SPANS_PER_TRACE))
    const startedAt = process.hrtime.bigint()
    const found = await readTrace(collector, traceIdOf(trace))
    millis.push(Number(process.hrtime.bigint() - startedAt) / 1e6)
    if (found !== SPANS_PER_TRACE) throw new Error(`trace ${trace} came back with ${found} spans`)
  }
  const among = `trace by id among ${spans.toLocaleString('en')} spans`
  return [
    {
      name: `${among}, p50`,
      value: quantile(millis, 0.5),
      unit: 'ms',
      better: 'lower',
      floor: null,
      aim: null,
    },
    {
      name: `${among}, p95`,
      value: quantile(millis, 0.95),
      unit: 'ms',
      better: 'lower',
      floor: 20,
      aim: 5,
    },
  ]
}

async function fill(client: Client, spans: number): Promise<void> {
  await client.query('truncate sidelight.span, sidelight.ingest_receipt')
  await client.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name) values (1, '', '', '', 'bench')
     on conflict do nothing`,
  )
  await client.query(
    `insert into sidelight.operation (id, service_id, module, kind, name) values (1, 1, 'bench', 2, 'GET /bench')
     on conflict do nothing`,
  )
  await client.query(
    `insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url) values (1, '{}', 0, '')
     on conflict do nothing`,
  )
  await client.query(
    `insert into sidelight.scope (id, name, version, attributes, dropped_attributes_count, schema_url)
     values (1, 'bench', '', '{}', 0, '') on conflict do nothing`,
  )
  for (let from = 0; from < spans; from += BATCH) {
    await client.query(FILL, [from, Math.min(from + BATCH, spans) - 1, spans, SPANS_PER_TRACE])
    process.stderr.write(`query: ${Math.min(from + BATCH, spans).toLocaleString('en')} spans in\n`)
  }
  await client.query('vacuum analyze sidelight.span')
}

const FILL = `
  insert into sidelight.span (trace_id, span_id, parent_span_id, start_time, end_time, duration_ns, service_id,
    operation_id, resource_id, scope_id, flags, kind, status, attributes)
  select md5('trace ' || n / $4::bigint)::uuid, n + 1, case when n % $4::bigint = 0 then null else n - n % $4::bigint + 1 end,
    at, at + interval '12 ms', 12000000, 1, 1, 1, 1, 1, 2, 0,
    jsonb_build_object('http.request.method', 'GET', 'http.route', '/bench', 'user.id', n % 1000)
  from generate_series($1::bigint, $2::bigint) as n,
    lateral (select date_trunc('day', now()) + n * interval '12 hours' / $3::bigint as at) as time`

function traceIdOf(trace: number): string {
  return createHash('md5').update(`trace ${trace}`).digest('hex')
}

async function readTrace(collector: RunningCollector, traceId: string): Promise<number> {
  const response = await fetch(`${collector.apiUrl}/api/admin/observability/traces/${traceId}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { spans: unknown[] }).spans.length
}
