import { Client } from 'pg'
import t, { type Test } from 'tap'
import { type Signal, SIGNALS } from '../../collector/translate/rows'
import { bySignal } from '../../collector/otlp/signal'
import {
  type Entry,
  itemIdOf,
  LEDGER_GAUGE,
  LEDGER_HISTOGRAM,
  type Ledger,
  settle,
  type Settlement,
} from '../helpers/ledger'
import { withDatabase } from '../helpers/postgres'

const ITEMS_PER_REQUEST = 4
const NOTHING: Settlement = { stored: 0, lost: 0, duplicated: 0 }

type Outcomes = Readonly<Record<number, Entry['outcome']>>

interface Case {
  readonly title: string
  /** What is stored, by requests, of the items' places in them. */
  readonly stored: Readonly<Record<number, readonly number[]>>
  readonly outcomes: Outcomes
  readonly settled: Settlement
}

const CASES: readonly Case[] = [
  {
    title: 'what is acknowledged and stored once is neither lost nor duplicated',
    stored: { 0: [0, 1, 2, 3], 1: [0, 1, 2, 3] },
    outcomes: { 0: 'acknowledged', 1: 'acknowledged' },
    settled: { stored: 8, lost: 0, duplicated: 0 },
  },
  {
    title: 'one item missing of an acknowledged request is one item lost',
    stored: { 0: [0, 1, 3] },
    outcomes: { 0: 'acknowledged' },
    settled: { stored: 3, lost: 1, duplicated: 0 },
  },
  {
    title: 'an acknowledged request of which nothing is stored is lost as a whole',
    stored: { 0: [0, 1, 2, 3] },
    outcomes: { 0: 'acknowledged', 7: 'acknowledged' },
    settled: { stored: 4, lost: 4, duplicated: 0 },
  },
  {
    title: 'each further copy of an item is a duplicate, acknowledged or not',
    stored: { 0: [0, 1, 2, 3, 3, 3], 1: [0, 0] },
    outcomes: { 0: 'acknowledged', 1: 'timed out' },
    settled: { stored: 5, lost: 0, duplicated: 3 },
  },
  {
    title: 'a copy of one item does not make up for the loss of its neighbour',
    stored: { 0: [0, 1, 2, 2] },
    outcomes: { 0: 'acknowledged' },
    settled: { stored: 3, lost: 1, duplicated: 1 },
  },
  {
    title: 'what was not acknowledged may be stored or not',
    stored: { 0: [0, 1, 2, 3] },
    outcomes: { 0: 'failed', 1: 'timed out' },
    settled: { stored: 4, lost: 0, duplicated: 0 },
  },
]

for (const { title, stored, outcomes, settled } of CASES) {
  t.test(title, async (t) => {
    const client = await openDatabase(t)
    for (const signal of SIGNALS) {
      await client.query('begin')
      for (const [request, places] of Object.entries(stored)) {
        await store(client, signal, 1, Number(request), places)
      }
      const found = await settle(client, [ledger(1, signal, outcomes)])
      t.same(found, { ...bySignal(() => NOTHING), [signal]: settled }, signal)
      await client.query('rollback')
    }
  })
}

t.test('clients are told apart, and items of others are ignored', async (t) => {
  const client = await openDatabase(t)
  for (const signal of SIGNALS) {
    await store(client, signal, 1, 0, [0, 1, 2, 3])
    await store(client, signal, 3, 0, [0, 0])
    const ledgers = [1, 2].map((number) => ledger(number, signal, { 0: 'acknowledged' }))
    t.match(await settle(client, ledgers), { [signal]: { stored: 4, lost: 4, duplicated: 0 } })
  }
})

t.test('what is stored as one signal does not make up for the same of another', async (t) => {
  const client = await openDatabase(t)
  await store(client, 'logs', 1, 0, [0, 1, 2, 3])
  t.same(await settle(client, [ledger(1, 'traces', { 0: 'acknowledged' })]), {
    traces: { stored: 0, lost: 4, duplicated: 0 },
    logs: { stored: 4, lost: 0, duplicated: 0 },
    metrics: NOTHING,
  })
})

t.test('data points of other metrics are ignored, whatever their values', async (t) => {
  const client = await openDatabase(t)
  await client.query(`update sidelight.metric_series set name = 'system.memory.usage'`)
  await store(client, 'metrics', 1, 0, [0, 0, 1, 1])
  t.match(await settle(client, [ledger(1, 'metrics', {})]), { metrics: NOTHING })
})

t.test('no two items of a client share an id, and a JavaScript number holds each', (t) => {
  t.equal(itemIdOf(1, 0, 0), 0x1_0000_0000n)
  t.equal(itemIdOf(1, 0, 1_023), 0x1_0000_03ffn)
  t.equal(itemIdOf(1, 1, 0), 0x1_0000_0400n)
  t.equal(itemIdOf(2 ** 21 - 1, 2 ** 22 - 1, 1_023), BigInt(Number.MAX_SAFE_INTEGER))
  t.throws(() => itemIdOf(1, 0, 1_024), /1024 items/)
  t.throws(() => itemIdOf(1, 1 << 22, 0), /request 4194304/)
  t.throws(() => itemIdOf(1 << 21, 0, 0), /client 2097152/)
  t.end()
})

async function openDatabase(t: Test): Promise<Client> {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  for (const table of ['span', 'log_record', 'metric_point', 'metric_histogram']) {
    await client.query(
      `create table sidelight.${table}_all partition of sidelight.${table}
       for values from (minvalue) to (maxvalue)`,
    )
  }
  await client.query(
    `insert into sidelight.metric_series (
       id, service_id, resource_id, scope_id, name, kind, unit, description, metadata, attributes
     ) values (1, 1, 1, 1, '${LEDGER_GAUGE}', 'gauge', '', '', '{}', '{}'),
       (2, 1, 1, 1, '${LEDGER_HISTOGRAM}', 'histogram', '', '', '{}', '{}')`,
  )
  return client
}

const STORE: Readonly<Record<Signal, readonly string[]>> = {
  traces: [
    `insert into sidelight.span (
       trace_id, span_id, start_time, service_id, operation_id, resource_id, scope_id, flags, kind, status
     )
     select gen_random_uuid(), id, now(), 1, 1, 1, 1, 0, 1, 0 from unnest($1::bigint[]) as id`,
  ],
  logs: [
    `insert into sidelight.log_record (
       time, span_id, service_id, resource_id, scope_id, severity_number
     )
     select now(), id, 1, 1, 1, 9 from unnest($1::bigint[]) as id`,
  ],
  // As the client sends them, the points by turns of a gauge and of a histogram.
  metrics: [
    `insert into sidelight.metric_point (series_id, time, time_ns, value_int)
     select 1, now(), 0, id from unnest($1::bigint[]) as id where id % 2 = 0`,
    `insert into sidelight.metric_histogram (series_id, time, time_ns, count)
     select 2, now(), 0, id from unnest($1::bigint[]) as id where id % 2 = 1`,
  ],
}

/** Stores items of a request, by their places in it. */
async function store(
  client: Client,
  signal: Signal,
  number: number,
  request: number,
  places: readonly number[],
): Promise<void> {
  const ids = places.map((place) => String(itemIdOf(number, request, place)))
  for (const statement of STORE[signal]) await client.query(statement, [ids])
}

/** A ledger in which the requests, all of the signal, ended so. */
function ledger(client: number, signal: Signal, outcomes: Outcomes): Ledger {
  const entries = Object.entries(outcomes).map(([request, outcome]) => ({
    request: Number(request),
    signal,
    sentAtMs: 0,
    tookMs: 1,
    outcome,
  }))
  return { client, itemsPerRequest: ITEMS_PER_REQUEST, entries: () => entries }
}
