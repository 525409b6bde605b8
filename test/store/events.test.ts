import type { Pool } from 'pg'
import t from 'tap'
import type { GroupRequest } from '../../collector/store/group'
import { isolateRows } from '../../collector/translate/origin'
import { type LogRecordInput, logs } from '../helpers/otlp-logs'
import { MAJORS } from '../helpers/postgres'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { translatedRequest } from '../helpers/rows'
import { createLogTranslator } from '../helpers/translator'
import { never, openDatabase, openWriter, repeated, stored } from './database'
import { NOON_NS, readLetters, RECEIVED_MS } from './letters'

const SECOND_NS = 1_000_000_000n
const DAY_NS = 86_400_000_000_000n
const YEAR_MS = 365 * 86_400_000

const translator = createLogTranslator({ retentionMs: YEAR_MS, maxAheadMs: YEAR_MS })

/** A request to `/v1/logs` on its way to Postgres. */
function translated(records: readonly LogRecordInput[], service = 'shop'): GroupRequest {
  const body = logs({ service, records })
  const translate = (bytes: Uint8Array) =>
    translator.translate(bytes, { receivedMs: RECEIVED_MS, tenant: null })
  return translatedRequest(body, translate(body), {
    signal: 'logs',
    retranslate: (copy, rows) => translate(isolateRows('logs', body, copy, rows)),
  })
}

/** What an event of each kind carries. */
const KINDS: readonly [
  name: string,
  attributes: (place: number) => Record<string, string | number>,
][] = [
  [
    'sidelight.webhook.delivery',
    (place) => ({
      'webhook.id': `w-${Math.floor(place / KINDS.length) % 3}`,
      ...outcomeOf(place),
      ...tookOf(place),
    }),
  ],
  [
    'sidelight.rule.execution',
    (place) => ({
      'rule.id': 'r',
      'rule.affected_count': place,
      ...outcomeOf(place),
      ...tookOf(place),
    }),
  ],
  [
    'sidelight.webhook.registration',
    (place) => ({ 'webhook.id': `w-${Math.floor(place / KINDS.length) % 3}`, 'webhook.url': 'u' }),
  ],
  ['sidelight.rule.registration', () => ({ 'rule.id': 'r' })],
  [
    'sidelight.rate_limit',
    (place) => ({
      'rate_limit.identifier': 'u',
      'rate_limit.key_type': 'user',
      'rate_limit.limit': place,
    }),
  ],
  [
    'sidelight.api.request',
    (place) => ({
      'api.resource': 'orders',
      'http.response.status_code': place % 4 === 0 ? 503 : 200,
      ...tookOf(place),
    }),
  ],
  [
    'sidelight.business',
    (place) => ({ 'business.event': 'e', 'sidelight.cost_usd': place / 8, ...outcomeOf(place) }),
  ],
  [
    'sidelight.cost',
    (place) => ({
      'user.id': `u-${Math.floor(place / KINDS.length) % 2}`,
      'sidelight.cost_usd': place / 16,
    }),
  ],
  ['sidelight.audit', () => ({ 'webhook.id': 'w' })],
]

function outcomeOf(place: number) {
  return { 'sidelight.outcome': place % 5 === 0 ? 'failed' : 'succeeded' }
}

function tookOf(place: number) {
  return { 'sidelight.duration_ms': (place % 7) * 1.5 }
}

/** So many log records, events of every kind among them, over two hours; those of another seed at other times. */
function requestOf(seed: number, count: number, fields: LogRecordInput = {}): GroupRequest {
  const records = Array.from({ length: count }, (_, index): LogRecordInput => {
    const place = seed * 1_000 + index
    const [eventName, attributes] = KINDS[place % KINDS.length]!
    const timeUnixNano = NOON_NS - BigInt(place % 100) * 73n * SECOND_NS + BigInt(place)
    return { timeUnixNano, eventName, attributes: attributes(place), body: 'well', ...fields }
  })
  return translated(records)
}

/** Postgres refuses log records of this text. */
async function curse(pool: Pool): Promise<void> {
  await pool.query(`alter table sidelight.log_record
    add constraint no_curse check (body is distinct from 'curse')`)
}

async function readOne<T extends object>(pool: Pool, statement: string): Promise<T> {
  const { rows } = await pool.query<T>(statement)
  return rows[0]!
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major} the events that are stored add up:`, async (t) => {
    const isRight = async (pool: Pool, records: number) => {
      const { count } = await readOne<{ count: number }>(
        pool,
        'select count(*)::int as count from sidelight.log_record',
      )
      t.equal(count, records)
      t.ok((await countEvents(pool)) > records / 4)
      t.same(await eventDifferences(pool), [])
    }

    t.test('requests of a group are merged, and repeats add nothing', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf(1, 90)], never), [stored], 'receipts first')
      const group = [requestOf(2, 90), requestOf(3, 90), requestOf(2, 90)]
      t.same(await writer.write(group, never), [stored, stored, repeated], 'at once')
      t.same(await writer.write(group, never), [repeated, repeated, repeated])
      t.same(await writer.write([requestOf(3, 90), requestOf(4, 90)], never), [repeated, stored])
      await isRight(pool, 360)
      const same = Array.from({ length: 3 }, (_, place) =>
        translated([{ ...delivery('w'), timeUnixNano: NOON_NS + BigInt(place) }]),
      )
      t.same(await writer.write(same, never), [stored, stored, stored])
      const { rows } = await pool.query(
        `select event_count, last_failure_ns from sidelight.event_rollup
         join sidelight.catalogue on catalogue.id = catalogue_id where subject = 'w'`,
      )
      t.same(
        rows,
        [{ event_count: '3', last_failure_ns: String(NOON_NS + 2n) }],
        'one row of three',
      )
    })

    t.test('what Postgres refuses is not counted, until it is sent again', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await curse(pool)
      const texts = ['well', 'curse', 'well', 'curse']
      const some = translated(
        texts.map((body, place) => ({
          ...delivery(`of ${body}`),
          body,
          timeUnixNano: NOON_NS + BigInt(place),
        })),
      )
      const all = requestOf(9, 18, { body: 'curse' })
      const results = await writer.write([requestOf(1, 90), some, requestOf(2, 90), all], never)
      t.match(results, [stored, { poison: { length: 2 } }, stored, { poison: { length: 18 } }])
      t.same(await writer.write([some], never), [repeated])
      await isRight(pool, 182)
      const subjects = async () => {
        const { rows } = await pool.query<{ subject: string; events: number }>(
          `select subject, sum(event_count)::int as events from sidelight.event_rollup
           join sidelight.catalogue on catalogue.id = catalogue_id
           where subject like 'of %' group by subject order by subject`,
        )
        return rows.map(({ subject, events }) => [subject, events])
      }
      t.same(await subjects(), [['of well', 2]])
      await pool.query('alter table sidelight.log_record drop constraint no_curse')
      const letters = await readLetters(pool)
      t.equal(letters.length, 20)
      for (const { body } of letters) {
        t.same(await writer.write([sentAgain(body)], never), [stored])
        t.same(await writer.write([sentAgain(body)], never), [repeated])
      }
      t.same(await subjects(), [
        ['of curse', 2],
        ['of well', 2],
      ])
      await isRight(pool, 202)
    })

    t.test('partitions that are missing are made, also of months ago', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf(1, 90)], never), [stored])
      const { name } = await readOne<{ name: string }>(
        pool,
        `select tableoid::regclass::text as name from sidelight.event limit 1`,
      )
      await pool.query(`drop table ${name}; drop table sidelight.event_rollup_202603`)
      await pool.query('delete from sidelight.log_record')
      const late = requestOf(3, 90, { timeUnixNano: NOON_NS - 60n * DAY_NS })
      t.same(await writer.write([requestOf(2, 90), late], never), [stored, stored])
      await isRight(pool, 180)
    })

    t.test(
      'events of a subject that Postgres refuses are log records and nothing more',
      async (t) => {
        const pool = await openDatabase(t, { major })
        const writer = openWriter(t, pool)
        await pool.query(
          `alter table sidelight.catalogue add constraint no_w_1 check (subject <> 'w-1')`,
        )
        t.same(await writer.write([requestOf(1, 90), requestOf(2, 90)], never), [stored, stored])
        const differences = await eventDifferences(pool)
        t.ok(differences.length > 0)
        t.ok(differences.every(({ told }) => told === null))
        t.same(await readLetters(pool), [])
      },
    )
  })
}

function delivery(id: string): LogRecordInput {
  const attributes = { 'webhook.id': id, 'sidelight.outcome': 'failed' }
  return { eventName: 'sidelight.webhook.delivery', attributes, timeUnixNano: NOON_NS }
}

function sentAgain(body: Buffer): GroupRequest {
  const answer = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
  return translatedRequest(body, answer, { signal: 'logs' })
}

t.test('a row has what its log record has', async (t) => {
  const pool = await openDatabase(t)
  const traceId = '0a'.repeat(16)
  const attributes = {
    'business.event': 'checkout "1"',
    'sidelight.outcome': 'failed',
    'sidelight.duration_ms': 1.5,
    'sidelight.cost_usd': 0.1,
    nested: { list: [1, 'ü\0', 1e100] },
  }
  const fields = { timeUnixNano: NOON_NS + 1_007n, traceId, spanId: 'f0'.repeat(8), attributes }
  const request = translated([{ eventName: 'sidelight.business', ...fields }])
  t.same(await openWriter(t, pool).write([request], never), [stored])
  const { rows } = await pool.query(
    `select event.time = log.time and event.time_ns = log.time_ns and event.trace_id = log.trace_id
       and event.span_id = log.span_id and event.service_id = log.service_id
       and event.attributes::text = log.attributes::text as is_same,
       outcome, duration_ns, amount, tenant, kind, subject, detail
     from sidelight.event join sidelight.catalogue on catalogue.id = catalogue_id,
       sidelight.log_record as log`,
  )
  t.same(rows, [
    {
      is_same: true,
      outcome: 'failed',
      duration_ns: '1500000',
      amount: 0.1,
      tenant: '',
      kind: 'business',
      subject: 'checkout "1"',
      detail: 'failed',
    },
  ])
})

/** A row whose count is off by one, say, after it. */
const FAULTS: Readonly<Record<string, string>> = {
  'an event counted twice': 'update sidelight.event_rollup set event_count = event_count + 1',
  'one not counted': 'update sidelight.event_rollup set event_count = event_count - 1',
  'one that did not fail': 'update sidelight.event_rollup set failed_count = failed_count + 1',
  'an amount': 'update sidelight.event_rollup set amount = amount + 0.01',
  'a duration': 'update sidelight.event_rollup set duration_sum_ns = duration_sum_ns + 1',
  'a time':
    'update sidelight.event_rollup set registered_ns = coalesce(registered_ns, 0) + 4000000000000000000',
  'a minute that is gone': 'delete from sidelight.event_rollup',
  'a row that is gone': 'delete from sidelight.event',
  'another outcome': `update sidelight.event set outcome = 'lost'`,
}

t.test('a recount differs by whatever is off by one', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  t.same(await openWriter(t, pool).write([requestOf(1, 90)], never), [stored])
  t.same(await eventDifferences(pool), [])
  for (const [title, fault] of Object.entries(FAULTS)) {
    const table = fault.includes('event_rollup') ? 'event_rollup' : 'event'
    await pool.query('begin')
    const { rowCount } = await pool.query(
      `${fault} where (tableoid, ctid) = (select tableoid, ctid from sidelight.${table} limit 1)`,
    )
    t.equal(rowCount, 1, title)
    t.not((await eventDifferences(pool)).length, 0, `${title} is found`)
    await pool.query('rollback')
  }
})
