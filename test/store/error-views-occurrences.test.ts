import type { Pool } from 'pg'
import t from 'tap'
import { openDatabase, openPool } from './database'
import { insertRollups, openThrows, throwAtRandom, uuidOf } from './seed-throws'

async function insertOccurrence(pool: Pool, columns: Readonly<Record<string, unknown>>) {
  const row = {
    time: '2026-11-24T10:00:00Z',
    id: uuidOf(900),
    error_hash: uuidOf(1),
    service_id: 1,
    operation_id: 2,
    resource_id: 1,
    severity: 17,
    is_handled: false,
    is_incomplete: false,
    time_ns: 0,
    source: 'log_exception',
    release: '1.0.0',
    class: 'Error1',
    message: 'no 42',
    exceptions: '[]',
    ...columns,
  }
  const names = Object.keys(row)
  await pool.query(
    `insert into sidelight.error_occurrence (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  )
}

t.test('throws are shown with their group, what they say and where they happened', async (t) => {
  const pool = await openThrows(t)
  await insertOccurrence(pool, {
    stack_trace: 'Error1: no 42\n    at a (a.js:1:1)',
    attributes: '{"order.id": "o1", "time": "forged"}',
    trace_id: '5b8efff7-9803-8103-d269-b633813fc60c',
    span_id: '-2',
    user_id: 'u1',
    request_id: 'r1',
    correlation_id: 'c1',
    http_method: 'GET',
    http_path: '/',
  })
  await insertOccurrence(pool, {
    id: uuidOf(901),
    time: '2026-11-24T11:00:00Z',
    error_hash: uuidOf(5),
    stack_trace: 'the last one',
    severity: 13,
    is_handled: true,
  })
  const { rows } = await pool.query('select * from sidelight.error_occurrences order by id')
  t.same(rows, [
    {
      id: uuidOf(900),
      aggregation_id: uuidOf(1),
      error_type: 'Error1',
      error_message: 'no 42',
      stack_trace: 'Error1: no 42\n    at a (a.js:1:1)',
      correlation_id: 'c1',
      request_id: 'r1',
      user_id: 'u1',
      module: 'orders',
      http_method: 'GET',
      http_path: '/',
      metadata: {
        'order.id': 'o1',
        time: '2026-11-24T10:00:00+00:00',
        'service.name': 'till',
        'deployment.environment.name': 'production',
        'service.version': '1.0.0',
        operation: 'GET /',
        severity: 'error',
        is_handled: false,
        trace_id: '5b8efff798038103d269b633813fc60c',
        span_id: 'fffffffffffffffe',
      },
    },
    {
      id: uuidOf(901),
      aggregation_id: uuidOf(1),
      error_type: 'Error1',
      error_message: 'no 42',
      stack_trace: 'the last one',
      correlation_id: null,
      request_id: null,
      user_id: null,
      module: 'orders',
      http_method: null,
      http_path: null,
      metadata: {
        time: '2026-11-24T11:00:00+00:00',
        'service.name': 'till',
        'deployment.environment.name': 'production',
        'service.version': '1.0.0',
        operation: 'GET /',
        severity: 'warning',
        is_handled: true,
      },
    },
  ])
  const last = await pool.query(
    'select last_stack_trace, last_correlation_id from sidelight.error_aggregation where id = $1',
    [uuidOf(1)],
  )
  t.same(last.rows, [{ last_stack_trace: 'the last one', last_correlation_id: 'c1' }])
})

t.test('the relations of the requirements have the columns they name', async (t) => {
  const pool = await openDatabase(t)
  const columnsOf = async (view: string) => {
    const { fields } = await pool.query(`select * from sidelight.${view} limit 0`)
    return fields.map(({ name }) => name).join(', ')
  }
  t.equal(
    await columnsOf('error_aggregation'),
    'id, error_type, error_code, error_message, error_hash, module, operation, occurrence_count, first_seen_at, ' +
      'last_seen_at, last_stack_trace, last_correlation_id, resolved, resolved_at, resolved_by, resolution_notes',
  )
  t.equal(
    await columnsOf('error_occurrences'),
    'id, aggregation_id, error_type, error_message, stack_trace, correlation_id, request_id, user_id, module, ' +
      'http_method, http_path, metadata',
  )
  t.equal(
    await columnsOf('error_summary'),
    'hour, module, error_type, error_groups, total_occurrences, unresolved_groups',
  )
})

t.test('a reader reads errors through the views alone', async (t) => {
  const pool = await openThrows(t)
  await insertRollups(pool, throwAtRandom(20))
  const reader = await openPool(t, pool.options.connectionString ?? '', 1).connect()
  t.teardown(() => Promise.resolve(reader.release(true)))
  await reader.query('set role sidelight_reader')
  for (const view of ['errors', 'error_aggregation', 'error_occurrences', 'error_summary']) {
    t.ok(((await reader.query(`select * from sidelight.${view}`)).rowCount ?? 0) >= 0, view)
  }
  for (const table of ['error_group', 'error_rollup', 'error_occurrence']) {
    await t.rejects(reader.query(`select * from sidelight.${table}`), { code: '42501' })
  }
})
