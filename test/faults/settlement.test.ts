import { Client } from 'pg'
import t from 'tap'
import { type Entry, type Ledger, settle, spanIdOf } from '../helpers/ledger'
import { withDatabase } from '../helpers/postgres'

const SPANS_PER_REQUEST = 4

t.test('what is acknowledged and stored once is neither lost nor duplicated', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 3])
  await store(client, 1, 1, [0, 1, 2, 3])
  t.same(await settle(client, [ledger(1, { 0: 'acknowledged', 1: 'acknowledged' })]), {
    stored: 8,
    lost: 0,
    duplicated: 0,
  })
})

t.test('one span missing of an acknowledged request is one span lost', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 3])
  const settled = await settle(client, [ledger(1, { 0: 'acknowledged' })])
  t.same(settled, { stored: 3, lost: 1, duplicated: 0 })
})

t.test('an acknowledged request of which nothing is stored is lost as a whole', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 3])
  const acknowledged = ledger(1, { 0: 'acknowledged', 7: 'acknowledged' })
  t.same(await settle(client, [acknowledged]), { stored: 4, lost: 4, duplicated: 0 })
})

t.test('each further copy of a span is a duplicate, acknowledged or not', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 3, 3, 3])
  await store(client, 1, 1, [0, 0])
  const settled = await settle(client, [ledger(1, { 0: 'acknowledged', 1: 'timed out' })])
  t.same(settled, { stored: 5, lost: 0, duplicated: 3 })
})

t.test('a copy of one span does not make up for the loss of its neighbour', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 2])
  const settled = await settle(client, [ledger(1, { 0: 'acknowledged' })])
  t.same(settled, { stored: 3, lost: 1, duplicated: 1 })
})

t.test('what was not acknowledged may be stored or not', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 3])
  const settled = await settle(client, [ledger(1, { 0: 'failed', 1: 'timed out' })])
  t.same(settled, { stored: 4, lost: 0, duplicated: 0 })
})

t.test('clients are told apart, and spans of others are ignored', async (t) => {
  const client = await openDatabase(t)
  await store(client, 1, 0, [0, 1, 2, 3])
  await store(client, 3, 0, [0, 0])
  const ledgers = [ledger(1, { 0: 'acknowledged' }), ledger(2, { 0: 'acknowledged' })]
  t.same(await settle(client, ledgers), { stored: 4, lost: 4, duplicated: 0 })
})

t.test('no two spans of a client share an id', (t) => {
  t.equal(spanIdOf(1, 0, 0), '0000000100000000')
  t.equal(spanIdOf(1, 0, 1_023), '00000001000003ff')
  t.equal(spanIdOf(1, 1, 0), '0000000100000400')
  t.throws(() => spanIdOf(1, 0, 1_024), /1024 spans/)
  t.throws(() => spanIdOf(1, 1 << 22, 0), /request 4194304/)
  t.end()
})

async function openDatabase(t: { teardown(fn: () => Promise<void>): void }): Promise<Client> {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(
    `create table sidelight.span_all partition of sidelight.span
     for values from (minvalue) to (maxvalue)`,
  )
  return client
}

/** Stores spans of a request, by their places in it. */
async function store(
  client: Client,
  number: number,
  request: number,
  indexes: readonly number[],
): Promise<void> {
  await client.query(
    `insert into sidelight.span (
       trace_id, span_id, start_time, service_id, operation_id, resource_id, scope_id, flags, kind, status
     )
     select gen_random_uuid(), id, now(), 1, 1, 1, 1, 0, 1, 0 from unnest($1::bigint[]) as id`,
    [indexes.map((index) => String(BigInt(`0x${spanIdOf(number, request, index)}`)))],
  )
}

/** A ledger in which the requests ended so. */
function ledger(client: number, outcomes: Readonly<Record<number, Entry['outcome']>>): Ledger {
  const entries = Object.entries(outcomes).map(([request, outcome]) => ({
    request: Number(request),
    sentAtMs: 0,
    tookMs: 1,
    outcome,
  }))
  return { client, spansPerRequest: SPANS_PER_REQUEST, entries: () => entries }
}
