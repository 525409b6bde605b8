import t from 'tap'
import { SEVERITY } from '../../collector/translate/error-throw'
import { MAJORS } from '../helpers/postgres'
import { requestOf, uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import {
  countSpans,
  countWaiting,
  never,
  openDatabase,
  openPool,
  openWriter,
  repeated,
  stored,
} from './database'
import { figures, MINUTE_NS, NOON_NS, readErrors, requestWith, throwOf } from './throws'

const warning = { severity: SEVERITY.warning }

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('a throw that two requests tell of counts once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const group = [requestWith('a', [throwOf('t1')]), requestWith('b', [throwOf('t1')])]
      t.same(await writer.write(group, never), [stored, stored], 'of one group')
      t.same(await readErrors(pool), [figures('fault', 1)])
      t.same(await writer.write([requestWith('c', [throwOf('t1')])], never), [stored])
      t.same(await readErrors(pool), [figures('fault', 1)], 'and of another')
      t.same(await writer.write([requestWith('d', [throwOf('t2')])], never), [stored])
      t.same(await readErrors(pool), [figures('fault', 2)], 'another trace is another throw')
      t.equal(await countSpans(pool), 4)
    })

    t.test('a repeated request adds nothing', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const group = [requestWith('a', [throwOf('t1'), throwOf('t1', 'other')])]
      t.same(await writer.write(group, never), [stored])
      t.same(await writer.write(group, never), [repeated])
      const later = [requestWith('a', [throwOf('t3')]), requestWith('b', [throwOf('t2')])]
      t.same(await writer.write(later, never), [repeated, stored])
      const byThrows = (await readErrors(pool)).sort((a, b) => a.throws - b.throws)
      t.same(byThrows, [figures('other', 1), figures('fault', 2)])
    })

    t.test('one that turns out to be an error is counted as severe, once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const first = throwOf('t1', 'fault', { ...warning, isHandled: true })
      await writer.write([requestWith('a', [first])], never)
      t.same(await readErrors(pool), [figures('fault', 1, { severe: 0, unhandled: 0 })])
      const worse = { ...throwOf('t1'), hash: uuidOf('another hash') }
      await writer.write([requestWith('b', [worse])], never)
      const raised = [figures('fault', 1, { unhandled: 0 })]
      t.same(await readErrors(pool), raised, 'by the hash it was counted by')
      await writer.write([requestWith('c', [worse]), requestWith('d', [first])], never)
      t.same(await readErrors(pool), raised)
      const together = [
        requestWith('e', [throwOf('t2', 'fault', warning)]),
        requestWith('f', [throwOf('t2')]),
      ]
      await writer.write(together, never)
      t.same(await readErrors(pool), [figures('fault', 2, { unhandled: 1 })])
    })

    t.test('one that turns out to be fatal is kept as such, and counted once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const severities = async () => {
        const { rows } = await pool.query<{ severity: number }>(
          'select severity from sidelight.error_occurrence order by severity',
        )
        return rows.map(({ severity }) => severity)
      }
      const others = [throwOf('t2'), throwOf('t1', 'other')]
      await writer.write([requestWith('a', [throwOf('t1'), ...others])], never)
      // Whoever tells of it now knows its cause as well.
      const cause = uuidOf('cause')
      const alone = [throwOf('t1').innermost, cause]
      const fatal = throwOf('t1', 'fault', { severity: SEVERITY.fatal, innermost: cause, alone })
      await writer.write([requestWith('b', [fatal])], never)
      t.strictSame(await severities(), [SEVERITY.error, SEVERITY.error, SEVERITY.fatal])
      await writer.write([requestWith('c', [throwOf('t1')])], never)
      t.strictSame(await severities(), [SEVERITY.error, SEVERITY.error, SEVERITY.fatal])
      const counted = await readErrors(pool)
      t.strictSame(counted.map(({ throws, severe }) => [throws, severe]).sort(), [
        [1, 1],
        [2, 2],
      ])
    })

    t.test('rows say when, where, by whom and in which release', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const thrown = throwOf('t1', 'fault', {
        timeNs: NOON_NS - 1n,
        minute: Number(NOON_NS / MINUTE_NS),
        userHash: -5n,
        occurrence: {
          message: 'quote \' " \\ tab \t nul \0 half \ud800 emoji 😀',
          exceptions: [{ class: 'E\0', code: 'E1', message: '\ud800', frames: [] }],
        },
      })
      const other = throwOf('t2', 'fault', {
        timeNs: NOON_NS + 5n,
        userHash: 9n,
        occurrence: null,
      })
      t.same(await writer.write([requestWith('a', [thrown, other])], never), [stored])
      const { rows: rollups } = await pool.query('select * from sidelight.error_rollup')
      t.same(rollups, [
        {
          bucket: new Date(Number(NOON_NS / 1_000_000n)),
          level: 0,
          error_hash: uuidOf('fault'),
          service_id: '7',
          operation_id: '8',
          release: '1.0.0',
          occurrence_count: '2',
          severe_count: '2',
          unhandled_count: '2',
          first_ns: String(NOON_NS - 1n),
          last_ns: String(NOON_NS + 5n),
          user_hashes: ['-5', '9'],
        },
      ])
      const { rows } = await pool.query(
        `select extract(epoch from time)::numeric * 1000000 as micros, o.*,
           id = encode(substr(sha256(uuid_send($1::uuid) || uuid_send($2::uuid)), 1, 16), 'hex')::uuid as is_id
         from sidelight.error_occurrence o`,
        [thrown.scope, thrown.innermost],
      )
      t.match(rows, [
        {
          micros: String((NOON_NS - 1_000n) / 1_000n) + '.000000',
          time_ns: 999,
          is_id: true,
          error_hash: uuidOf('fault'),
          service_id: '7',
          operation_id: '8',
          resource_id: '9',
          trace_id: uuidOf('').replace(/.*/, '0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a'),
          span_id: '255',
          severity: 17,
          is_handled: false,
          is_incomplete: false,
          source: 'exception_event',
          release: '1.0.0',
          class: 'TypeError',
          code: null,
          message: 'quote \' " \\ tab \t nul \uFFFD half \uFFFD emoji 😀',
          user_id: 'u1',
          correlation_id: null,
          request_id: null,
          http_method: 'GET',
          http_path: '/cart',
          exceptions: [{ class: 'E\uFFFD', code: 'E1', message: '\uFFFD', frames: [] }],
          attributes: { 'http.route': '/cart' },
        },
      ])
      t.equal(rows.length, 1)
    })

    t.test('a throw that another transaction holds blocks its request only', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await writer.write([requestOf('warm', 1)], never)
      const held = throwOf('held')
      const holder = await pool.connect()
      await holder.query('begin')
      await holder.query(
        'insert into sidelight.error_seen (scope, innermost, error_hash, severity) values ($1, $2, $3, 17)',
        [held.scope, held.innermost, held.hash],
      )
      const group = [
        requestWith('a', [throwOf('free')]),
        requestWith('b', [held, throwOf('free')]),
        requestOf('c', 1),
      ]
      t.same(await writer.write(group, never), [stored, { kind: 'blocked' }, stored])
      t.same(await readErrors(pool), [figures('fault', 1)])
      const waiting = writer.write(group, never)
      await until(
        async () => (await countWaiting(pool)) === 1,
        10_000,
        'the throw to be waited for',
      )
      await holder.query('rollback')
      holder.release()
      t.same(await waiting, [repeated, stored, repeated])
      t.same(await readErrors(pool), [figures('fault', 2)])
    })

    t.test('two writers with throws in common wait for each other and count once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writers = [
        openWriter(t, pool),
        openWriter(t, openPool(t, pool.options.connectionString ?? '')),
      ]
      await Promise.all(writers.map((writer, i) => writer.write([requestOf(`w${i}`, 1)], never)))
      const traces = Array.from({ length: 60 }, (_, i) => `t${i}`)
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, round) => {
          const order = round % 2 === 0 ? traces : [...traces].reverse()
          const throws = order.map((trace) => throwOf(trace))
          return writers[round % 2]!.write([requestWith(`r${round}`, throws)], never)
        }),
      )
      t.same(results, Array(20).fill([stored]))
      t.same(await readErrors(pool), [figures('fault', 60)])
      const { rows } = await pool.query(
        'select deadlocks from pg_stat_database where datname = current_database()',
      )
      t.same(rows, [{ deadlocks: '0' }])
    })

    t.test('days and months are made as throws need them, also of a year ago', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const old = throwOf('t1', 'fault', { timeNs: NOON_NS - 400n * 1_440n * MINUTE_NS })
      const midnight = NOON_NS + 720n * MINUTE_NS
      const across = throwOf('t2', 'fault', {
        timeNs: midnight - 1n,
        minute: Number(midnight / MINUTE_NS),
      })
      t.same(await writer.write([requestWith('a', [old, across])], never), [stored])
      t.same(await readErrors(pool), [figures('fault', 2)])
      await pool.query(`drop table sidelight.error_rollup_202603; truncate sidelight.error_occurrence;
        insert into sidelight.retention values ('error_occurrence', '2026-03-01')`)
      const again = [requestWith('b', [throwOf('t3'), { ...old, scope: uuidOf('t4') }])]
      await pool.query('drop table sidelight.error_occurrence_20250128')
      t.same(await writer.write(again, never), [stored])
      t.match(await readErrors(pool), [{ throws: 3, occurrences: 1 }], 'what has no day has no row')
    })

    t.test('5,000 throws of a request are counted', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await writer.write([requestOf('warm', 1)], never)
      const throws = Array.from({ length: 5_000 }, (_, i) => throwOf(`t${i}`, `fault ${i % 1_000}`))
      t.same(await writer.write([requestWith('a', throws)], never), [stored])
      const errors = await readErrors(pool)
      t.equal(errors.length, 1_000)
      t.ok(errors.every(({ throws, occurrences, seen }) => throws + occurrences + seen === 15))
    })
  })
}
