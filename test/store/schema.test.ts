import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SCHEMA_FOLDER } from '../../collector/store/migrations'
import {
  CORRELATION,
  DICTIONARIES,
  ERROR_CANDIDATE,
  ERROR_OCCURRENCE,
  ERROR_ROLLUP,
  EVENT,
  EVENT_ROLLUP,
  LOG_RECORD,
  SPAN,
} from '../../collector/translate/rows'
import { describeSchema, readColumns } from '../../schema/catalogue'
import { MAJORS } from '../helpers/postgres'
import { openDatabase } from './database'

t.test('the columns of the tables are those the translator writes', async (t) => {
  const pool = await openDatabase(t)
  const columns = await readColumns(pool)
  const of = (table: string) =>
    columns.filter(({ relation }) => relation === table).map(({ column }) => column)
  const tables = [
    SPAN,
    LOG_RECORD,
    CORRELATION,
    ERROR_ROLLUP,
    ERROR_OCCURRENCE,
    EVENT,
    EVENT_ROLLUP,
  ]
  for (const { name, columns } of tables) {
    t.same(of(name).sort(), [...columns].sort(), name)
  }
  t.same(of('error_candidate').sort(), [...ERROR_CANDIDATE.columns, 'added_at'].sort())
  const times: Readonly<Record<string, string>> = {
    error_group_hash: 'created_at',
    release: 'first_seen_at',
  }
  for (const [name, written] of Object.entries(DICTIONARIES)) {
    const byPostgres = ['last_seen_day', ...(times[name] === undefined ? [] : [times[name]])]
    t.same(of(name).sort(), [...written, ...byPostgres].sort(), name)
  }
})

t.test('every column of the public views and of the tables is documented', async (t) => {
  const pool = await openDatabase(t)
  const readme = readFileSync(join(SCHEMA_FOLDER, 'README.md'), 'utf8')
  const sections = new Map(
    readme.split(/^### /m).map((section) => [/^`(\w+)`/.exec(section)?.[1], section]),
  )
  const columns = await readColumns(pool)
  t.ok(columns.some(({ relation }) => relation === 'tracing_spans'))
  for (const { relation, column } of columns) {
    const documented = new RegExp(`^\\|[^|]*\`${column}\``, 'm')
    t.match(sections.get(relation) ?? '', documented, `${relation}.${column}`)
  }
})

t.test('schema/current.sql is what the migrations make', async (t) => {
  const pool = await openDatabase(t)
  const current = readFileSync(join(SCHEMA_FOLDER, 'current.sql'), 'utf8')
  t.equal(await describeSchema(pool), current, 'renew it: npx tsx schema/dump.ts')
})

t.test('the tables are the same on every supported Postgres', async (t) => {
  const tables = (schema: string) => schema.slice(0, schema.indexOf('create view'))
  const current = readFileSync(join(SCHEMA_FOLDER, 'current.sql'), 'utf8')
  for (const major of MAJORS) {
    const pool = await openDatabase(t, { major })
    t.equal(tables(await describeSchema(pool)), tables(current), `Postgres ${major}`)
  }
})

/** What collectors of release 0.1 send. It stays as it is when newer ones send something else. */
const STATEMENTS_OF_0_1 = [
  `insert into sidelight.service (id, tenant, environment, namespace, name, last_seen_day)
   values (1, '', '', '', 'shop', current_date)`,
  `insert into sidelight.operation (id, service_id, module, kind, name, last_seen_day)
   values (1, 1, 'orders', 2, 'GET /', current_date)`,
  `insert into sidelight.resource
   (id, attributes, dropped_attributes_count, entity_refs, schema_url, last_seen_day)
   values (1, '{}', 0, null, '', current_date)`,
  `insert into sidelight.scope
   (id, name, version, attributes, dropped_attributes_count, schema_url, last_seen_day)
   values (1, '', '', '{}', 0, '', current_date)`,
  `insert into sidelight.ingest_receipt (digest) values (gen_random_uuid())
   on conflict do nothing returning digest`,
  `create table sidelight.span_20261124 (like sidelight.span including all excluding indexes)`,
  `alter table sidelight.span attach partition sidelight.span_20261124
   for values from ('2026-11-24 00:00:00+00') to ('2026-11-25 00:00:00+00')`,
  `insert into sidelight.span (attributes, events, links, trace_id, span_id, parent_span_id,
   start_time, start_ns, end_time, end_ns, duration_ns, service_id, operation_id, resource_id,
   scope_id, flags, kind, status, name, status_message, trace_state, dropped_attributes_count,
   dropped_events_count, dropped_links_count)
   values (null, null, null, gen_random_uuid(), 1, null, '2026-11-24 12:00:00+00', 0, null, null,
   null, 1, 1, 1, 1, 0, 2, 0, null, null, null, null, null, null)`,
  `insert into sidelight.sidecar (id, host, version, roles)
   values (gen_random_uuid(), 'pod', '0.1.0', '{ingest}')`,
  `update sidelight.sidecar set heartbeat_at = clock_timestamp(), drained_at = null,
   oldest_undrained_at = null`,
]

t.test('the statements of earlier collectors still work', async (t) => {
  const pool = await openDatabase(t)
  for (const statement of STATEMENTS_OF_0_1) await pool.query(statement)
  const { rows } = await pool.query('select name, kind from sidelight.spans')
  t.same(rows, [{ name: 'GET /', kind: 'server' }])
})
