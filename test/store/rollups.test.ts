import { Client, type Pool } from 'pg'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import type { GroupRequest } from '../../collector/store/group'
import { closeGate, installGates, openGate, waitingAt } from '../helpers/commit-gate'
import { type SpanInput, traces } from '../helpers/otlp'
import { MAJORS } from '../helpers/postgres'
import { rollupDifferences } from '../helpers/recount'
import { until } from '../helpers/until'
import { countSpans, never, openDatabase, openWriter, repeated, stored } from './database'
import { curse, NOON_NS, spansOf, translated } from './letters'

const MINUTE_NS = 60_000_000_000n
const DAY_NS = 86_400_000_000_000n
/** After so many spans they repeat. */
const EVERY_KIND = 2 * 3 * 5 * 6 * 7
const ROUTES = ['GET /a', 'GET /b', 'GET /c']

/** A request of so many spans of every kind, over three minutes; those of another seed have other ids. */
function requestOf(seed: number, count: number, fields: SpanInput = {}): GroupRequest {
  const names = Array.from({ length: count }, (_, place) => `${ROUTES[place % 3]}`)
  let place = seed * EVERY_KIND
  return translated(
    traces(
      spansOf(names, () => {
        place++
        return {
          spanId: place.toString(16).padStart(16, '0'),
          kind: place % 6,
          status: { code: place % 7 === 0 ? 2 : 0 },
          attributes: { 'http.response.status_code': place % 5 === 0 ? 503 : 200 },
          endTimeUnixNano: NOON_NS + MINUTE_NS * BigInt(place % 3) + BigInt(place),
          ...(place % 2 === 0 ? { parentSpanId: '0e'.repeat(8) } : {}),
          ...fields,
        }
      }),
    ),
  )
}

/** Calls of stored spans without a candidate, and candidates without such a span. */
async function edgeDifferences(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `select * from (
       select trace_id, parent_span_id, service_id, duration_ns, count(*) as copies
       from sidelight.span where kind in (2, 5) and parent_span_id is not null
       group by trace_id, parent_span_id, service_id, duration_ns
     ) as span full join (
       select trace_id, parent_span_id, service_id, duration_ns, count(*) as copies
       from sidelight.edge_candidate group by trace_id, parent_span_id, service_id, duration_ns
     ) as candidate using (trace_id, parent_span_id, service_id, duration_ns, copies)
     where (span is null) <> (candidate is null)`,
  )
  return rows
}

async function countRollups(pool: Pool): Promise<{ rows: number; spans: number }> {
  const { rows } = await pool.query<{ rows: number; spans: number }>(
    `select count(*)::int as rows, coalesce(sum(span_count), 0)::int as spans
     from sidelight.span_rollup`,
  )
  return rows[0]!
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major} what was stored adds up:`, async (t) => {
    const isRight = async (pool: Pool, spans: number) => {
      t.equal(await countSpans(pool), spans)
      t.equal((await countRollups(pool)).spans, spans)
      t.same(await rollupDifferences(pool), [], 'the rollups')
      t.same(await edgeDifferences(pool), [], 'the candidates of edges')
    }

    t.test('requests of a group are merged', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf(1, 40)], never), [stored], 'receipts first')
      const { rows: alone } = await countRollups(pool)
      const group = [requestOf(2, 40), requestOf(3, 40), requestOf(4, 40)]
      t.same(await writer.write(group, never), [stored, stored, stored], 'at once')
      const { rows } = await countRollups(pool)
      t.equal(rows, 2 * alone)
      await isRight(pool, 160)
    })

    t.test('repeats add nothing', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const group = [requestOf(1, 10), requestOf(2, 10), requestOf(1, 10)]
      t.same(await writer.write(group, never), [stored, stored, repeated])
      t.same(await writer.write(group, never), [repeated, repeated, repeated])
      const partial = [requestOf(2, 10), requestOf(3, 10)]
      t.same(await writer.write(partial, never), [repeated, stored])
      await isRight(pool, 30)
    })

    t.test('what Postgres refuses is not counted', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await curse(pool)
      const bad = translated(
        traces(
          spansOf(['ill', 'well', 'ill', 'well', 'alone'], (name) => ({
            kind: 2,
            parentSpanId: '0e'.repeat(8),
            status: { code: 2, message: name === 'well' ? '' : 'curse' },
          })),
        ),
      )
      const all = requestOf(9, 4, { status: { message: 'curse' } })
      const results = await writer.write([requestOf(1, 10), bad, requestOf(2, 10), all], never)
      t.match(results, [stored, { poison: { length: 3 } }, stored, { poison: { length: 4 } }])
      t.same(await writer.write([bad], never), [repeated])
      await isRight(pool, 22)
    })

    t.test('a partition that is missing is made, also of months ago', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf(1, 10)], never), [stored])
      await pool.query('drop table sidelight.span_rollup_202603')
      await pool.query('delete from sidelight.span; delete from sidelight.edge_candidate')
      const late = {
        startTimeUnixNano: NOON_NS - 60n * DAY_NS,
        endTimeUnixNano: NOON_NS - 59n * DAY_NS,
      }
      const group = [requestOf(2, 10), requestOf(3, 10, late)]
      t.same(await writer.write(group, never), [stored, stored])
      await isRight(pool, 20)
    })

    t.test('what has no place any more is left out, alone', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const drop = (table: string) =>
        pool.query(`insert into sidelight.retention (table_name, dropped_before) values ($1, $2)`, [
          table,
          '2026-02-01',
        ])
      const start = NOON_NS - 60n * DAY_NS
      const late = { startTimeUnixNano: start, endTimeUnixNano: start + 1_000n }
      const across = { startTimeUnixNano: start, endTimeUnixNano: NOON_NS }
      await drop('span')
      t.match(await writer.write([requestOf(1, 10), requestOf(2, 10, late)], never), [
        stored,
        { poison: { length: 10 } },
      ])
      t.match(await writer.write([requestOf(3, 10, across)], never), [{ poison: { length: 10 } }])
      await isRight(pool, 10)
      await pool.query(
        'delete from sidelight.retention; drop table if exists sidelight.span_rollup_202601',
      )
      await drop('span_rollup')
      const group = [requestOf(4, 10), requestOf(5, 10, late)]
      t.same(await openWriter(t, pool).write(group, never), [stored, stored])
      t.equal(await countSpans(pool), 30)
      t.equal((await countRollups(pool)).spans, 20, 'of a month that was dropped nothing is told')
    })

    t.test('spans of an operation that Postgres refuses are not counted', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await pool.query(
        `alter table sidelight.operation add constraint no_b check (name <> 'GET /b')`,
      )
      t.match(await writer.write([requestOf(1, 30)], never), [{ poison: { length: 10 } }])
      await isRight(pool, 20)
    })

    t.test('a transaction that was given up in COMMIT adds once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf(1, 10)], never), [stored])
      const gatekeeper = new Client({ connectionString: pool.options.connectionString })
      await gatekeeper.connect()
      t.teardown(() => gatekeeper.end())
      await installGates(gatekeeper)
      await closeGate(gatekeeper, 'commit')
      const abort = new AbortController()
      const failed = t.rejects(writer.write([requestOf(2, 10)], abort.signal), Unavailable)
      const arrived = async () => (await waitingAt(gatekeeper, 'commit')).length > 0
      await until(arrived, 10_000, 'the transaction to reach its commit')
      abort.abort()
      await failed
      await openGate(gatekeeper, 'commit')
      await until(async () => (await countSpans(pool)) === 20, 10_000, 'the commit')
      t.same(await writer.write([requestOf(2, 10), requestOf(3, 10)], never), [repeated, stored])
      await isRight(pool, 30)
    })
  })
}
