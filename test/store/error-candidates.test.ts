import type { Pool } from 'pg'
import t from 'tap'
import { judgeCandidates } from '../../collector/store/error-candidates'
import type { Leadership } from '../../collector/store/leadership'
import { MAJORS } from '../helpers/postgres'
import { uuidOf } from '../helpers/rows'
import { never, openDatabase, openWriter, stored } from './database'
import { takeLead } from './leadership'
import { figures, readErrors, requestWith, throwOf } from './throws'

interface Candidate {
  readonly trace: string
  readonly fault?: string
  readonly ago?: string
  readonly addedAgo?: string
  readonly severity?: number
  readonly occurrence?: object | null
  readonly userHash?: number
}

async function addCandidate(pool: Pool, candidate: Candidate): Promise<void> {
  const { trace, fault = 'fault', ago = '2 minutes', addedAgo = '61 seconds' } = candidate
  const { severity = 17, occurrence = OCCURRENCE, userHash = null } = candidate
  await pool.query(
    `insert into sidelight.error_candidate (bucket, added_at, scope, innermost, error_hash, service_id, operation_id, release,
       severity, is_handled, time_ns, user_hash, occurrence)
     values (date_trunc('minute', now() - $1::interval), clock_timestamp() - $2::interval, $3, $4, $5, 7, 8, '1.0', $6, true,
       (extract(epoch from date_trunc('minute', now() - $1::interval)) * 1000000000)::bigint + 1234567, $7, $8)`,
    [
      ago,
      addedAgo,
      uuidOf(trace),
      uuidOf(`innermost ${fault}`),
      uuidOf(fault),
      severity,
      userHash,
      occurrence === null ? null : JSON.stringify(occurrence),
    ],
  )
}

const OCCURRENCE = {
  resource_id: 9,
  trace_id: '0a'.repeat(16),
  span_id: 255,
  is_incomplete: false,
  source: 'span_status',
  class: 'GET /cart',
  message: '',
  exceptions: [{ class: 'GET /cart', code: null, message: '', frames: [] }],
  attributes: { 'http.route': '/cart' },
}

async function judge(leadership: Leadership): Promise<{ counted: number; dropped: number }> {
  const sums = { counted: 0, dropped: 0 }
  await judgeCandidates(leadership, (counted, dropped) => {
    sums.counted += counted
    sums.dropped += dropped
  })
  return sums
}

async function countCandidates(pool: Pool): Promise<number> {
  return (await pool.query('select from sidelight.error_candidate')).rowCount ?? -1
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('a failure counts after a minute, unless its trace has an exception', async (t) => {
      const pool = await openDatabase(t, { major })
      const leadership = await takeLead(t, pool)
      const writer = openWriter(t, pool)
      const told = [requestWith('a', [throwOf('explained', 'thrown')])]
      t.same(await writer.write(told, never), [stored])
      await addCandidate(pool, { trace: 'explained' })
      await addCandidate(pool, { trace: 'alone', userHash: 5 })
      await addCandidate(pool, { trace: 'alone', userHash: 6 })
      await addCandidate(pool, { trace: 'early', addedAgo: '50 seconds' })
      t.same(await judge(leadership), { counted: 1, dropped: 2 })
      t.equal(await countCandidates(pool), 1, 'what came just now waits')
      const one = figures('fault', 1, { unhandled: 0 })
      const byHash = (await readErrors(pool)).sort((a, b) => a.unhandled - b.unhandled)
      t.same(byHash, [one, figures('thrown', 1)])
      const { rows } = await pool.query(
        `select r.bucket = date_trunc('minute', o.time) as is_minute, o.time_ns, o.id = encode(substr(sha256(
           uuid_send($1::uuid) || uuid_send($2::uuid)), 1, 16), 'hex')::uuid as is_id,
           extract(microseconds from o.time)::int % 60000000 as micros, o.release, o.severity, o.is_handled, o.source,
           o.resource_id::int, o.span_id::int, o.class, o.exceptions, o.attributes, o.stack_trace, r.user_hashes, r.release as same
         from sidelight.error_occurrence o join sidelight.error_rollup r using (error_hash) where error_hash = $3`,
        [uuidOf('alone'), uuidOf('innermost fault'), uuidOf('fault')],
      )
      t.match(rows, [
        {
          is_minute: true,
          time_ns: 567,
          is_id: true,
          micros: 1_234,
          release: '1.0',
          same: '1.0',
          severity: 17,
          is_handled: true,
          source: 'span_status',
          resource_id: 9,
          span_id: 255,
          class: 'GET /cart',
          exceptions: [{ class: 'GET /cart' }],
          attributes: { 'http.route': '/cart' },
          stack_trace: null,
        },
      ])
      await pool.query(
        `update sidelight.error_candidate set added_at = added_at - interval '1 minute'`,
      )
      t.same(await judge(leadership), { counted: 1, dropped: 0 })
      t.same(await judge(leadership), { counted: 0, dropped: 0 })
    })

    t.test('each failure of a trace counts once, whenever it comes', async (t) => {
      const pool = await openDatabase(t, { major })
      const leadership = await takeLead(t, pool)
      await addCandidate(pool, { trace: 't', fault: 'a' })
      t.same(await judge(leadership), { counted: 1, dropped: 0 })
      await addCandidate(pool, { trace: 't', fault: 'a' })
      await addCandidate(pool, { trace: 't', fault: 'b', severity: 13, occurrence: null })
      t.same(await judge(leadership), { counted: 1, dropped: 1 })
      const about = (await readErrors(pool)).sort((a, b) => b.severe - a.severe)
      t.same(about, [
        figures('a', 1, { unhandled: 0 }),
        figures('b', 1, { unhandled: 0, severe: 0, occurrences: 0 }),
      ])
    })
  })
}

t.test('failures of months ago have a place, and those of dropped days none', async (t) => {
  const pool = await openDatabase(t)
  const leadership = await takeLead(t, pool)
  await pool.query(
    `insert into sidelight.retention values ('error_occurrence', (now() - interval '30 days')::date),
       ('error_rollup', date_trunc('month', now() - interval '200 days'))`,
  )
  for (const ago of ['2 minutes', '20 days', '100 days', '300 days']) {
    await addCandidate(pool, { trace: ago, ago })
  }
  t.same(await judge(leadership), { counted: 4, dropped: 0 })
  t.same(await readErrors(pool), [figures('fault', 3, { unhandled: 0, occurrences: 2, seen: 4 })])
  t.equal(await countCandidates(pool), 0)
})

t.test('an occurrence that is no row keeps no failure from being counted', async (t) => {
  const pool = await openDatabase(t)
  const leadership = await takeLead(t, pool)
  await addCandidate(pool, { trace: 'a' })
  await addCandidate(pool, { trace: 'b', occurrence: { ...OCCURRENCE, source: null } })
  t.same(await judge(leadership), { counted: 2, dropped: 0 })
  t.match(await readErrors(pool), [{ throws: 2, occurrences: 0 }])
})

t.test('many are judged in several statements', async (t) => {
  const pool = await openDatabase(t)
  const leadership = await takeLead(t, pool)
  await addCandidate(pool, { trace: 'first' })
  await pool.query(
    `insert into sidelight.error_candidate
     select bucket, added_at, md5(n::text)::uuid, innermost, error_hash, service_id, operation_id, release, severity,
       is_handled, time_ns, user_hash, occurrence
     from sidelight.error_candidate, generate_series(1, 11999) as n`,
  )
  const statements: number[] = []
  await judgeCandidates(leadership, (counted) => statements.push(counted))
  t.same(statements, [5_000, 5_000, 2_000])
  t.same(await readErrors(pool), [figures('fault', 12_000, { unhandled: 0 })])
})

t.test('two leaders, and ingest beside them, count each failure once', async (t) => {
  const pool = await openDatabase(t)
  // No lease fences them here: what is left when one is taken over in the middle.
  const leader = { query: pool.query.bind(pool), pool, signal: never } as unknown as Leadership
  const writer = openWriter(t, pool)
  for (let round = 0; round < 10; round++) {
    const traces = Array.from({ length: 20 }, (_, n) => `${round} ${n}`)
    for (const trace of traces) await addCandidate(pool, { trace })
    const thrown = traces.map((trace) => throwOf(trace, 'fault', { isHandled: true }))
    const [first, second, written] = await Promise.all([
      judge(leader),
      judge(leader),
      writer.write([requestWith(`r${round}`, thrown)], never),
    ])
    t.same(written, [stored])
    t.equal(first.counted + second.counted + first.dropped + second.dropped, 20)
  }
  t.match(await readErrors(pool), [{ throws: 200, severe: 200, seen: 200, occurrences: 200 }])
})
