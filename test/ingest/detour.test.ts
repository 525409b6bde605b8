import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { digestOf } from '../../collector/ingest/digest'
import type { WriteGroup } from '../../collector/store/group'
import { until } from '../helpers/until'
import {
  controlledWrites,
  createPipeline,
  send,
  startPipeline,
  storingWrites,
  temporarySpool,
  TIMEOUT_MS,
} from './writes'

const OK = { rejected: 0, message: '' }
const SECOND_MS = 1_000

/** A probe that fails while told to. */
function switchedProbe() {
  const state = { isAway: false, probes: 0 }
  const probe = () => {
    state.probes++
    return state.isAway ? Promise.reject(new Error('connection refused')) : Promise.resolve()
  }
  return { state, probe }
}

t.test(
  'with Postgres away everything is acknowledged from the disk, and stored in order when it is back',
  async (t) => {
    const { digests, write } = storingWrites()
    const { state, probe } = switchedProbe()
    state.isAway = true
    const { pipeline, spool } = await createPipeline(t, { write, probe })
    const bodies = ['a', 'b', 'c', 'd']
    for (const body of bodies) {
      const sent = send(pipeline, body)
      t.same(await sent.answer, OK)
      t.equal(sent.releases, 1)
    }
    t.equal(spool.state().records, 4)
    t.same(digests, [])
    await until(() => state.probes >= 3, TIMEOUT_MS, 'a repeated probe')
    state.isAway = false
    await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
    t.same(
      digests,
      bodies.map((body) => digestOf('traces', null, Buffer.from(body))),
    )
  },
)

t.test('a lost connection sends what it was storing, and what queued, to the disk', async (t) => {
  const { write, writes } = controlledWrites()
  const { state, probe } = switchedProbe()
  const { pipeline, spool } = await startPipeline(t, { write, probe })
  const inFlight = send(pipeline, 'in flight')
  const queued = send(pipeline, 'queued')
  state.isAway = true
  writes[0]?.reject(new Unavailable('the connection broke'))
  t.same(await inFlight.answer, OK)
  t.same(await queued.answer, OK)
  await until(() => inFlight.releases === 1 && queued.releases === 1, TIMEOUT_MS, 'the releases')
  const records = await spool.next(1_000)
  t.same(
    new Map(records.map(({ request }) => [request.digest, request.isInDoubt])),
    new Map([
      [writes[0]?.group[0]?.digest, true],
      [digestOf('traces', null, Buffer.from('queued')), false],
    ]),
    'only what was in a transaction is in doubt',
  )
})

t.test('with Postgres away and a full spool requests are refused', async (t) => {
  const { write } = storingWrites()
  const { state, probe } = switchedProbe()
  state.isAway = true
  const spool = await temporarySpool(t, { maxBytes: 4_000 })
  const { pipeline } = await createPipeline(t, { write, probe, spool })
  await send(pipeline, 'x'.repeat(3_000)).answer
  const sent = send(pipeline, 'y'.repeat(3_000))
  await t.rejects(sent.answer, { name: 'Unavailable', message: /spool/ })
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
  state.isAway = false
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.same(await send(pipeline, 'y'.repeat(3_000)).answer, OK)
})

t.test('a request that waits past its deadline is kept on disk and not written live', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline, spool } = await startPipeline(t, { write, ackDeadlineMs: 200 })
  const first = send(pipeline, 'first', { receivedMs: Date.now() + 60_000 })
  const waiting = send(pipeline, 'waiting')
  t.same(await waiting.answer, OK)
  await until(() => waiting.releases === 1, TIMEOUT_MS, 'the release')
  t.equal(spool.state().records, 1)
  t.equal(writes.length, 1, 'Postgres is slow: nothing more is sent to it')
  writes[0]?.store()
  await first.answer
  await until(() => writes.length === 2, TIMEOUT_MS, 'the spool being stored')
  t.same(
    writes[1]?.group.map(({ digest }) => digest),
    [digestOf('traces', null, Buffer.from('waiting'))],
  )
  writes[1]?.store()
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
})

t.test(
  'a request acknowledged from the disk while its transaction went on is not stored again',
  async (t) => {
    const { write, writes } = controlledWrites()
    const { pipeline, spool } = await startPipeline(t, { write, ackDeadlineMs: 20 })
    const sent = send(pipeline)
    t.same(await sent.answer, OK)
    t.equal(sent.releases, 0, 'its bytes are in the transaction')
    t.equal(spool.state().records, 1)
    t.equal(writes[0]?.signal.aborted, false)
    writes[0]?.store()
    await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
    await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
    t.equal(writes.length, 1)
  },
)

t.test(
  'what was acknowledged from the disk is stored again when its transaction failed',
  async (t) => {
    const { write, writes } = controlledWrites()
    const { pipeline, spool } = await startPipeline(t, { write, ackDeadlineMs: 20 })
    t.same(await send(pipeline).answer, OK)
    writes[0]?.reject(new Unavailable('the connection broke'))
    await until(() => writes.length === 2, TIMEOUT_MS, 'the spool being stored')
    t.equal(writes[1]?.group[0]?.digest, writes[0]?.group[0]?.digest)
    writes[1]?.resolve([{ kind: 'repeated' }])
    await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  },
)

t.test('a slow transaction sends new requests to the disk until it ends', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline, spool } = await startPipeline(t, { write, writers: 2, ackDeadlineMs: 200 })
  await send(pipeline, 'slow').answer
  await until(() => pipeline.away(), TIMEOUT_MS, 'the transaction to count as slow')
  t.equal(pipeline.away(), 'Postgres is slow')
  t.same(await send(pipeline, 'meanwhile').answer, OK)
  t.equal(writes.length, 1)
  writes[0]?.store()
  await until(() => writes.length === 2, TIMEOUT_MS, 'the spool being stored')
  t.equal(pipeline.away(), null)
  writes[1]?.store()
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
})

t.test('a transaction that is overdue is aborted, and Postgres counts as away', async (t) => {
  const { write, writes } = controlledWrites()
  const { state, probe } = switchedProbe()
  const { pipeline } = await startPipeline(t, { write, ackDeadlineMs: 20, overdueMs: 40, probe })
  state.isAway = true
  const sent = send(pipeline)
  t.same(await sent.answer, OK)
  await until(() => writes[0]?.signal.aborted, TIMEOUT_MS, 'the abort')
  t.equal(sent.releases, 0)
  writes[0]?.reject(new Unavailable('the connection was destroyed'))
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
  await until(() => state.probes > 2, TIMEOUT_MS, 'a repeated probe')
  t.equal(pipeline.away(), 'connection refused')
})

t.test('a request another transaction blocks is kept, and those behind it go first', async (t) => {
  const blocked = digestOf('traces', null, Buffer.from('blocked'))
  const digests: string[] = []
  let isBlocked = true
  const write: WriteGroup = async (group) => {
    await nextTurn()
    return group.map(({ digest }) => {
      if (digest === blocked && isBlocked) return { kind: 'blocked' }
      digests.push(digest)
      return { kind: 'stored', poison: [] }
    })
  }
  const { pipeline, spool } = await startPipeline(t, { write })
  t.same(await send(pipeline, 'blocked').answer, OK)
  t.equal(spool.state().records, 1)
  t.same(await send(pipeline, 'behind').answer, OK)
  t.same(digests, [digestOf('traces', null, Buffer.from('behind'))])
  isBlocked = false
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.equal(digests[1], blocked)
})

t.test('what Postgres answers and cannot store is kept, and stored when it can', async (t) => {
  const { digests, write: store } = storingWrites()
  let tries = 0
  const write: WriteGroup = (group, signal) =>
    ++tries <= 4 ? Promise.reject(new Unavailable('no space left')) : store(group, signal)
  const { pipeline, spool } = await startPipeline(t, { write })
  const bodies = ['a', 'b', 'c']
  for (const body of bodies) t.same(await send(pipeline, body).answer, OK)
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.equal(new Set(digests).size, bodies.length)
})

t.test('stopping refuses what comes and finishes what is under way', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline } = await startPipeline(t, { write })
  const inFlight = send(pipeline, 'in flight')
  const queued = send(pipeline, 'queued')
  const stopped = pipeline.stop(TIMEOUT_MS)
  const late = send(pipeline, 'late')
  await t.rejects(late.answer, Unavailable)
  t.equal(late.releases, 1)
  writes[0]?.store()
  await until(() => writes.length === 2, TIMEOUT_MS, 'a second write')
  writes[1]?.store()
  await stopped
  t.same(pipeline.remains(), { unanswered: 0, spooled: 0 })
  t.ok(inFlight.isAnswered)
  t.ok(queued.isAnswered)
})

t.test('a stop keeps on disk what Postgres does not store in time', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline } = await startPipeline(t, { write })
  const sent = ['a', 'b', 'c'].map((body) => send(pipeline, body))
  const stopped = pipeline.stop(SECOND_MS + 100)
  for (const { answer } of sent) t.same(await answer, OK)
  await stopped
  t.same(pipeline.remains(), { unanswered: 0, spooled: 3 })
  t.equal(writes[0]?.signal.aborted, true)
  writes[0]?.reject(new Unavailable('the connection was destroyed'))
})

t.test('a stop stores what the spool has as long as there is time', async (t) => {
  const { digests, write } = storingWrites()
  const { state, probe } = switchedProbe()
  state.isAway = true
  const { pipeline } = await createPipeline(t, { write, probe })
  for (const body of ['a', 'b']) await send(pipeline, body).answer
  state.isAway = false
  await until(() => pipeline.away() === null, TIMEOUT_MS, 'a usable pipeline')
  await pipeline.stop(TIMEOUT_MS)
  t.same(pipeline.remains(), { unanswered: 0, spooled: 0 })
  t.equal(digests.length, 2)
})

t.test('a stop that can keep nothing says how many got no answer', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline } = await startPipeline(t, { write })
  const sent = ['a', 'b', 'c'].map((body) => send(pipeline, body))
  await pipeline.stop(0)
  t.match(pipeline.remains(), { unanswered: 3 })
  writes[0]?.store()
  await Promise.all(sent.map(({ answer }) => answer))
})
