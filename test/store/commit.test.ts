import { Client } from 'pg'
import t, { type Test } from 'tap'
import { Unavailable } from '../../collector/errors'
import { closeGate, installGates, openGate, waitingAt } from '../helpers/commit-gate'
import { requestOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { countSpans, never, openDatabase, openWriter, repeated, stored } from './database'

/**
 * A writer whose transactions wait in COMMIT, after the rows were copied, until the gate opens. It has stored a span, so that
 * they are sent in one round trip.
 */
async function openAtGate(t: Test) {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  t.same(await writer.write([requestOf('warm', 1)], never), [stored])
  const gatekeeper = new Client({ connectionString: pool.options.connectionString })
  await gatekeeper.connect()
  t.teardown(() => gatekeeper.end())
  await installGates(gatekeeper)
  await closeGate(gatekeeper, 'commit')
  const arrived = async () => (await waitingAt(gatekeeper, 'commit'))[0]
  return {
    pool,
    gatekeeper,
    writer,
    backend: () => until(arrived, 10_000, 'the transaction to reach its commit'),
  }
}

t.test('a connection given up in COMMIT is in doubt, and its receipt settles it', async (t) => {
  const { pool, gatekeeper, writer, backend } = await openAtGate(t)
  const abort = new AbortController()
  const group = [requestOf('a', 3)]
  const failed = t.rejects(writer.write(group, abort.signal), Unavailable)
  await backend()
  abort.abort()
  await failed
  await openGate(gatekeeper, 'commit')
  await until(async () => (await countSpans(pool)) === 4, 10_000, 'the commit nobody heard of')
  t.same(await writer.write(group, never), [repeated])
  t.equal(await countSpans(pool), 4)
})

t.test(
  'a backend killed in COMMIT has stored nothing, and the group is stored after it',
  async (t) => {
    const { pool, gatekeeper, writer, backend } = await openAtGate(t)
    const group = [requestOf('a', 3), requestOf('b', 1)]
    const failed = t.rejects(writer.write(group, never), Unavailable)
    await gatekeeper.query('select pg_terminate_backend($1)', [await backend()])
    await failed
    await openGate(gatekeeper, 'commit')
    t.equal(await countSpans(pool), 1)
    t.same(await writer.write(group, never), [stored, stored])
    t.equal(await countSpans(pool), 5)
  },
)
