import type { Pool } from 'pg'
import t from 'tap'
import { ensurePartitions, openDatabase } from './database'

const TRACE = '5b8efff7-9803-8103-d269-b633813fc60c'
/** 2026-11-24. */
const DAY = 20_781

async function insertDictionaries(pool: Pool): Promise<void> {
  await pool.query(`insert into sidelight.service values (1, 'acme', 'prod', 'shops', 'till')`)
  await pool.query(`insert into sidelight.operation values (2, 1, 'orders', 2, 'GET /')`)
  await pool.query(
    `insert into sidelight.resource values (3, '{"host.name": "a"}', 1, '[]', 'https://r')`,
  )
  await pool.query(
    `insert into sidelight.scope values (4, 'http', '1.0', '{"x": 1.0}', 2, 'https://s')`,
  )
}

/** A span of the dictionaries above, its other columns as given. */
async function insertSpan(pool: Pool, columns: Readonly<Record<string, unknown>>): Promise<void> {
  const row = {
    trace_id: TRACE,
    span_id: '-2',
    start_time: '2026-11-24T12:00:00.000001Z',
    start_ns: 7,
    service_id: 1,
    operation_id: 2,
    resource_id: 3,
    scope_id: 4,
    flags: 0,
    kind: 2,
    status: 0,
    ...columns,
  }
  const names = Object.keys(row)
  await pool.query(
    `insert into sidelight.span (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  )
}

async function openSpans(t: { teardown(fn: () => Promise<void>): void }): Promise<Pool> {
  const pool = await openDatabase(t)
  await ensurePartitions(pool, 'span', [DAY])
  await insertDictionaries(pool)
  return pool
}

t.test(
  'a span shows its ids in hex, its times to the nanosecond and what its dictionaries say',
  async (t) => {
    const pool = await openSpans(t)
    await insertSpan(pool, {
      parent_span_id: '255',
      end_time: '2026-11-24T12:00:01.000001Z',
      end_ns: 999,
      duration_ns: '1000000992',
      flags: -2147483391,
      status: 2,
      status_message: 'no',
      trace_state: 'a=b',
      attributes: '{"user.id": "u1", "correlationId": "c1"}',
      events: '[{"name": "e"}]',
      dropped_links_count: '4294967295',
    })
    const { rows } = await pool.query(
      `select *, start_time::text as start_text from sidelight.spans where trace_id = $1`,
      [TRACE.replaceAll('-', '')],
    )
    t.match(rows, [
      {
        trace_id: TRACE,
        trace_hex: TRACE.replaceAll('-', ''),
        span_id: '-2',
        span_hex: 'fffffffffffffffe',
        parent_span_hex: '00000000000000ff',
        name: 'GET /',
        service: 'till',
        namespace: 'shops',
        environment: 'prod',
        tenant: 'acme',
        module: 'orders',
        kind: 'server',
        status: 'error',
        status_message: 'no',
        duration_ms: 1000.000992,
        start_unix_nano: '1795521600000001007',
        end_unix_nano: '1795521601000001999',
        trace_state: 'a=b',
        flags: '2147483905',
        attributes: { 'user.id': 'u1' },
        events: [{ name: 'e' }],
        links: [],
        dropped_attributes_count: '0',
        dropped_links_count: '4294967295',
        resource_attributes: { 'host.name': 'a' },
        resource_dropped_attributes_count: '1',
        resource_schema_url: 'https://r',
        scope_name: 'http',
        scope_version: '1.0',
        scope_dropped_attributes_count: '2',
        scope_schema_url: 'https://s',
      },
    ])
    t.same((await pool.query('select * from sidelight.tracing_spans')).rows, [
      {
        id: '5b8efff798038103d269b633813fc60c-fffffffffffffffe',
        trace_id: TRACE,
        span_id: 'fffffffffffffffe',
        parent_span_id: '00000000000000ff',
        operation: 'GET /',
        module: 'orders',
        span_kind: 'server',
        start_time: new Date('2026-11-24T12:00:00.000Z'),
        end_time: new Date('2026-11-24T12:00:01.000Z'),
        duration_ms: 1000.000992,
        user_id: 'u1',
        correlation_id: 'c1',
        status: 'error',
        status_message: 'no',
        tags: { 'user.id': 'u1', correlationId: 'c1' },
        events: [{ name: 'e' }],
      },
    ])
  },
)

t.test('a span without times, parent or dictionaries is shown all the same', async (t) => {
  const pool = await openSpans(t)
  await insertSpan(pool, {
    start_ns: null,
    service_id: 9,
    operation_id: 9,
    resource_id: 9,
    scope_id: 9,
  })
  const { rows } = await pool.query('select * from sidelight.spans')
  t.match(rows, [
    {
      start_unix_nano: '0',
      end_unix_nano: '0',
      end_time: null,
      duration_ms: null,
      parent_span_hex: null,
      service: null,
      attributes: {},
    },
  ])
})

t.test('kinds and states are lower case, others their number', async (t) => {
  const pool = await openSpans(t)
  for (let code = 0; code <= 6; code++)
    await insertSpan(pool, { kind: code, status: code, span_id: code })
  const { rows } = await pool.query(
    'select kind, status, kind_code, status_code from sidelight.spans order by span_id',
  )
  t.same(
    rows.map((row: { kind: string }) => row.kind),
    ['internal', 'internal', 'server', 'client', 'producer', 'consumer', '6'],
  )
  t.same(
    rows.map((row: { status: string }) => row.status),
    ['unset', 'ok', 'error', '3', '4', '5', '6'],
  )
  t.match(rows.at(-1), { kind_code: 6, status_code: 6 })
})

t.test('the last nanosecond of 64 bits is shown exactly', async (t) => {
  const pool = await openDatabase(t)
  await ensurePartitions(pool, 'span', [213_503])
  const time = '2554-07-21T23:34:33.709551Z'
  await insertSpan(pool, { start_time: time, start_ns: 615, end_time: time, end_ns: 615 })
  const { rows } = await pool.query('select start_unix_nano, end_unix_nano from sidelight.spans')
  t.same(rows, [{ start_unix_nano: '18446744073709551615', end_unix_nano: '18446744073709551615' }])
})

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Plan[]
}

function* nodes(plan: Plan): Generator<Plan> {
  yield plan
  for (const child of plan.Plans ?? []) yield* nodes(child)
}

for (const view of ['spans', 'tracing_spans']) {
  t.test(
    `a trace id finds its spans in ${view} through the index, with a known id and a parameter`,
    async (t) => {
      const pool = await openDatabase(t, { max: 1 })
      await ensurePartitions(pool, 'span', [DAY, DAY + 1, DAY + 2])
      await pool.query(
        `insert into sidelight.span (trace_id, span_id, start_time, service_id, operation_id,
       resource_id, scope_id, flags, kind, status)
       select gen_random_uuid(), i, timestamptz '2026-11-24T00:00:00Z' + i * interval '20 seconds',
       1, 1, 1, 1, 0, 0, 0 from generate_series(1, 12000) as i`,
      )
      await pool.query('vacuum analyze sidelight.span')
      const explain = async (sql: string): Promise<Plan[]> => {
        const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
          `explain (format json) ${sql}`,
        )
        const [row] = rows
        return row === undefined ? [] : [...nodes(row['QUERY PLAN'][0].Plan)]
      }
      const query = `select * from sidelight.${view} where trace_id =`
      await pool.query(`prepare one (uuid) as ${query} $1`)
      await pool.query('set plan_cache_mode = force_generic_plan')
      const plans = [
        await explain(`${query} '${TRACE}'`),
        await explain(`execute one ('${TRACE}')`),
      ]
      for (const plan of plans) {
        const spanScans = plan.filter((node) => /^span_2026/.test(node['Relation Name'] ?? ''))
        t.equal(spanScans.length, 3, 'three partitions are read')
        for (const { 'Node Type': type } of spanScans) t.match(type, /^(Index|Bitmap Heap) Scan$/)
      }
    },
  )
}
