import type { Client, Pool } from 'pg'
import type { FigureQuestion } from '../../collector/api/figure-contract'
import { createPool } from '../../collector/store/pool'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { type Figure, quantile, spread } from './report'

const SERVICES = 20
const OPERATIONS = 200
const HOURS = 24
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const QUESTIONS = 20
const SLOW_MS = 80
const NO_FILTER = { tenant: null, service: null, module: null, operation: null }

/** A state of the rollups, with the floor of its answers. */
interface State {
  readonly name: string
  readonly spans: number
  /** Deltas of the last hours that nobody folded. */
  readonly deltas: { readonly rows: number; readonly hours: number } | null
  readonly floor: number | null
  readonly aim: number | null
}

/**
 * Answers from 24 h of rollups as `spans` spans leave them: folded; ten times as many spans; and 50 collectors' deltas of an
 * hour, and of a whole day, beside them, which is what a leader leaves that does not fold.
 */
export async function benchFigures(client: Client, url: string, spans: number): Promise<Figure[]> {
  const pool = createPool({ connectionString: url, max: 2, applicationName: 'sidelight bench' })
  try {
    const folded = { deltas: null, floor: null, aim: 50 }
    const unfolded = { spans, floor: 500, aim: null }
    const once = await measure(client, pool, { ...folded, name: 'folded', spans })
    const tenfold = await measure(client, pool, {
      ...folded,
      name: 'ten times the spans',
      spans: 10 * spans,
    })
    const growth = tenfold.map(({ name, value }, at) => ({
      name: `growth at ${name}`,
      value: value / (once[at]?.value ?? NaN),
      unit: '',
      better: 'lower' as const,
      floor: 1.5,
      aim: null,
    }))
    const hour = { ...unfolded, name: 'an hour of deltas', deltas: { rows: 180_000, hours: 1 } }
    const day = { ...unfolded, name: 'a day of deltas', deltas: { rows: 500_000, hours: HOURS } }
    return [
      ...once,
      ...tenfold,
      ...growth.filter(({ name }) => name.endsWith('p50')),
      ...(await measure(client, pool, hour)),
      ...(await measure(client, pool, { ...day, floor: null })),
    ]
  } finally {
    await pool.end()
  }
}

async function measure(client: Client, pool: Pool, state: State): Promise<Figure[]> {
  await fill(client, state)
  const figures: Figure[] = []
  for (const [name, ask] of Object.entries(questionsOf(pool))) {
    const millis: number[] = []
    await ask()
    for (let asked = 0; asked < QUESTIONS; asked++) {
      const startedAt = process.hrtime.bigint()
      const found = await ask()
      millis.push(Number(process.hrtime.bigint() - startedAt) / 1e6)
      if (found === 0) throw new Error(`${name} came back with nothing`)
    }
    const title = `${state.name}: ${name}`
    figures.push(...spread(title, millis, state))
    process.stderr.write(`figures: ${title}: ${quantile(millis, 0.5).toFixed(1)} ms\n`)
  }
  return figures
}

/** What the API asks, each resolving to how much came back. */
function questionsOf(pool: Pool): Record<string, () => Promise<number>> {
  const { readFigures, readEdges } = createFigureQueries(pool)
  const { readTraceStatistics, readSlowTraces } = createTraceQueries(pool)
  const window = (ms: number) => ({ sinceMs: Date.now() - ms, untilMs: Date.now() })
  const day = () => window(HOURS * HOUR_MS)
  const ask = async (ms: number, question: Partial<FigureQuestion>) => {
    const all = { filter: NO_FILTER, of: 'requests', by: [], stepMs: null } as const
    return (await readFigures({ ...all, window: window(ms), ...question })).figures.length
  }
  const filter = { service: null, module: null, tenant: null }
  return {
    'health, 5 min': () => ask(5 * MINUTE_MS, { by: ['service'] }),
    'health, 35 steps of a minute': () =>
      ask(35 * MINUTE_MS, { by: ['service'], stepMs: MINUTE_MS }),
    'SLA, 24 h': () => ask(HOURS * HOUR_MS, {}),
    'services, 24 h': () => ask(HOURS * HOUR_MS, { by: ['service'] }),
    'stats by operation, 24 h': () => ask(HOURS * HOUR_MS, { by: ['operation'], of: 'spans' }),
    'trends, 24 h by the hour': () => ask(HOURS * HOUR_MS, { stepMs: HOUR_MS, of: 'spans' }),
    'trace statistics, 24 h': async () =>
      (await readTraceStatistics({ ...filter, window: day() })).requestCount,
    'slow traces, 24 h': async () =>
      (await readSlowTraces({ ...filter, window: day(), thresholdMs: SLOW_MS, limit: 50 })).length,
    'edges, 24 h': async () => (await readEdges({ window: day(), tenant: null })).edges.length,
  }
}

async function fill(client: Client, { name, spans, deltas }: State): Promise<void> {
  await client.query('truncate sidelight.span, sidelight.span_rollup, sidelight.edge_rollup')
  await client.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name)
     select n, '', '', '', 'bench ' || n from generate_series(1, ${SERVICES}) as n on conflict do nothing`,
  )
  await client.query(
    `insert into sidelight.operation (id, service_id, module, kind, name)
     select n, 1 + n % ${SERVICES}, 'module ' || n % 3, 2, 'GET /bench/' || n from generate_series(1, ${OPERATIONS}) as n
     on conflict (id) do update set service_id = excluded.service_id`,
  )
  const foldedHours = HOURS - (deltas?.hours ?? 0)
  const since = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS)
  if (foldedHours > 0) {
    const minutes = (foldedHours + (deltas === null ? 1 : 0)) * 60
    const aMinute = spans / HOURS / 60 / OPERATIONS
    await client.query(FILL_FOLDED, [1, since, minutes, '1 minute', aMinute, OPERATIONS])
    await client.query(FILL_FOLDED, [2, since, minutes / 60, '1 hour', aMinute * 60, OPERATIONS])
  }
  if (deltas !== null) {
    await client.query(FILL_DELTAS, [deltas.rows, deltas.hours, OPERATIONS])
  }
  await client.query(FILL_EDGES, [since, HOURS * 60, SERVICES])
  await client.query(FILL_SLOW, [OPERATIONS])
  await client.query('vacuum analyze sidelight.span_rollup, sidelight.edge_rollup, sidelight.span')
  process.stderr.write(`figures: ${name} is in\n`)
}

/** Log-normal durations around 12 ms leave about so many buckets: more with more spans, ever more slowly. */
const BUCKETS = `least(90, 1 + ceil(12 * ln(1 + $5::float8 / 5)))::integer`

/** Level, begin, how many, of which length, spans in each, operations. */
const FILL_FOLDED = `
insert into sidelight.span_rollup
select at, $1::integer, true, 1 + o % ${SERVICES}, o, ceil($5::float8), ceil($5::float8 / 8), ceil($5::float8 / 50),
  $5::float8, $5::float8 / 50, $5::float8 * 12e6, 2000000, 60000000 + (o * 137911 + i) % 30000000, 0,
  h.indexes, h.counts, md5('slow ' || o)::uuid, md5('error ' || o || i)::uuid, md5('random ' || o || i)::uuid
from generate_series(0, $3::integer - 1) as i, generate_series(1, $6::integer) as o,
  lateral (select $2::timestamptz + i * $4::interval as at) as time,
  lateral (select array_agg((375 - ${BUCKETS} / 2 + b + o % 5)::smallint order by b) as indexes,
    array_agg($5::float8 / ${BUCKETS}) as counts from generate_series(1, ${BUCKETS}) as b) as h
where at <= now()`

/** Rows, hours, operations: of five spans each. */
const FILL_DELTAS = `
insert into sidelight.span_rollup
select date_trunc('minute', now() - n * ($2::integer * interval '1 hour') / $1::integer), 0, true, 1 + o % ${SERVICES}, o, 5, 1, 0, 5, 0,
  60e6, 2000000, 60000000 + n::bigint * 137911 % 30000000, 0, array[360 + n % 7, 370 + n % 11, 386 + n % 7, 400 + n % 5]::smallint[], '{1,2,1,1}',
  md5('slow ' || o)::uuid, null, md5('random ' || n)::uuid
from generate_series(0, $1::integer - 1) as n, lateral (select 1 + n % $3::integer as o) as operation`

/** Begin, minutes, services: each calls the next two. */
const FILL_EDGES = `
insert into sidelight.edge_rollup
select $1::timestamptz + i * interval '1 minute', s, 1 + (s + next) % $3::integer, 100, 1, 100, 1, 12e8, 90000000
from generate_series(0, $2::integer - 1) as i, generate_series(1, $3::integer) as s, generate_series(0, 1) as next`

/** The slowest span of each operation. */
const FILL_SLOW = `
insert into sidelight.span (trace_id, span_id, start_time, end_time, duration_ns, service_id, operation_id, resource_id,
  scope_id, flags, kind, status)
select md5('slow ' || o)::uuid, o, at, at + interval '90 ms', 90000000, 1 + o % ${SERVICES}, o, 1, 1, 1, 2, 0
from generate_series(1, $1::integer) as o, lateral (select now() - interval '1 minute' as at) as time`
