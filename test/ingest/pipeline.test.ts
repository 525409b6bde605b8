import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import type { WriteGroup } from '../../collector/store/group'
import { createCounters } from '../../collector/telemetry/counters'
import { until } from '../helpers/until'
import { controlledWrites, send, startPipeline, TIMEOUT_MS, translated } from './writes'

t.test('a request is acknowledged once its transaction is committed, not before', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write })
  const sent = send(pipeline)
  await until(() => writes.length === 1, TIMEOUT_MS, 'a write')
  await nextTurn()
  t.equal(sent.isAnswered, false)
  t.equal(sent.releases, 0)
  writes[0]?.store()
  t.same(await sent.answer, { rejected: 0, message: '' })
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
})

t.test('what queues up during a transaction is written together by the next', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write })
  const first = send(pipeline, 'first')
  const queued = ['a', 'b', 'c'].map((body) => send(pipeline, body))
  t.equal(writes.length, 1)
  t.equal(writes[0]?.group.length, 1)
  writes[0]?.store()
  await first.answer
  await until(() => writes.length === 2, TIMEOUT_MS, 'a second write')
  t.equal(writes[1]?.group.length, 3)
  t.equal(new Set(writes[1]?.group.map(({ digest }) => digest)).size, 3)
  writes[1]?.store()
  await Promise.all(queued.map(({ answer }) => answer))
  t.equal(writes.length, 2)
})

t.test('as many transactions run at once as there are writers', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write, writers: 2 })
  const sent = ['a', 'b', 'c'].map((body) => send(pipeline, body))
  t.equal(writes.length, 2)
  writes[1]?.store()
  await until(() => writes.length === 3, TIMEOUT_MS, 'a third write')
  for (const { store } of writes) store()
  await Promise.all(sent.map(({ answer }) => answer))
})

t.test('a repeated request is a success like its first', async (t) => {
  const write: WriteGroup = () => Promise.resolve([{ kind: 'repeated' }])
  const translate = () => translated({ accepted: 2, rejected: 1, rejection: '1 span has no id' })
  const pipeline = await startPipeline(t, { write, translate })
  t.same(await send(pipeline).answer, { rejected: 1, message: '1 span has no id' })
})

t.test('a request whose receipt another transaction holds is tried again', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write })
  const sent = send(pipeline)
  writes[0]?.resolve([{ kind: 'blocked' }])
  await until(() => writes.length === 2, TIMEOUT_MS, 'a second write')
  t.equal(sent.isAnswered, false)
  t.equal(sent.releases, 0)
  t.equal(writes[1]?.group[0]?.digest, writes[0]?.group[0]?.digest)
  writes[1]?.resolve([{ kind: 'repeated' }])
  t.same(await sent.answer, { rejected: 0, message: '' })
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
})

t.test('a request that stays blocked is refused at its deadline', async (t) => {
  const write: WriteGroup = async (group) => {
    await nextTurn()
    return group.map(() => ({ kind: 'blocked' }))
  }
  const pipeline = await startPipeline(t, { write, ackDeadlineMs: 50 })
  const sent = send(pipeline)
  await t.rejects(sent.answer, Unavailable)
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
})

t.test(
  'with Postgres away everything is refused at once, until the probe finds it back',
  async (t) => {
    const { write, writes } = controlledWrites()
    let isAway = false
    let probes = 0
    const probe = () => {
      probes++
      return isAway ? Promise.reject(new Error('connection refused')) : Promise.resolve()
    }
    const pipeline = await startPipeline(t, { write, probe })
    const inFlight = send(pipeline, 'in flight')
    const queued = send(pipeline, 'queued')
    isAway = true
    writes[0]?.reject(new Unavailable('the connection broke'))
    await t.rejects(inFlight.answer, Unavailable)
    await t.rejects(queued.answer, Unavailable)
    await until(() => inFlight.releases === 1 && queued.releases === 1, TIMEOUT_MS, 'the releases')
    const late = send(pipeline, 'late')
    await t.rejects(late.answer, Unavailable)
    t.equal(late.releases, 1)
    t.equal(writes.length, 1)
    t.type(pipeline.refusal(), 'string')
    await until(() => probes >= 3, TIMEOUT_MS, 'a repeated probe')
    isAway = false
    await until(() => pipeline.refusal() === null, TIMEOUT_MS, 'a usable pipeline')
    const sent = send(pipeline, 'after')
    writes[1]?.store()
    t.same(await sent.answer, { rejected: 0, message: '' })
  },
)

t.test('nothing is written before the first probe succeeded', async (t) => {
  const { write, writes } = controlledWrites()
  let open: () => void = () => undefined
  const probe = () => new Promise<void>((resolve) => (open = resolve))
  const starting = startPipeline(t, { write, probe })
  await nextTurn()
  t.equal(writes.length, 0)
  open()
  const pipeline = await starting
  const sent = send(pipeline)
  writes[0]?.store()
  await sent.answer
})

t.test(
  'a fault of the collector itself is answered as worth sending again and does not close the door',
  async (t) => {
    const { write, writes } = controlledWrites()
    const pipeline = await startPipeline(t, { write })
    const sent = send(pipeline)
    writes[0]?.reject(new TypeError('a bug'))
    await t.rejects(sent.answer, Unavailable)
    await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
    t.equal(pipeline.refusal(), null)
  },
)

t.test('a request that waits past its deadline is refused, let go and never written', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write, ackDeadlineMs: 200 })
  const first = send(pipeline, 'first', { receivedMs: Date.now() + 60_000 })
  const waiting = send(pipeline, 'waiting')
  await t.rejects(waiting.answer, Unavailable)
  t.equal(waiting.releases, 1)
  t.equal(first.isAnswered, false)
  writes[0]?.store()
  await first.answer
  await pipeline.drain(TIMEOUT_MS)
  t.equal(writes.length, 1)
})

t.test('a request that times out in its transaction is let go when that has ended', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write, ackDeadlineMs: 20 })
  const sent = send(pipeline)
  await t.rejects(sent.answer, Unavailable)
  t.equal(sent.releases, 0)
  t.equal(writes[0]?.signal.aborted, false)
  writes[0]?.store()
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
})

t.test('a transaction that is overdue is aborted, and Postgres counts as away', async (t) => {
  const { write, writes } = controlledWrites()
  let isAway = false
  const pipeline = await startPipeline(t, {
    write,
    overdueMs: 20,
    probe: () => (isAway ? Promise.reject(new Error('no answer')) : Promise.resolve()),
  })
  isAway = true
  const sent = send(pipeline)
  await until(() => writes[0]?.signal.aborted, TIMEOUT_MS, 'the abort')
  t.type(pipeline.refusal(), 'string')
  t.equal(sent.releases, 0)
  writes[0]?.reject(new Unavailable('the connection was destroyed'))
  await t.rejects(sent.answer, Unavailable)
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
})

t.test('rows Postgres refuses are told with those the translator refused', async (t) => {
  const about = { table: 'span', sqlstate: '22021', message: 'invalid byte sequence' }
  const poison = [
    { ...about, row: 1, isKept: true },
    { ...about, row: 2, isKept: false },
  ]
  const counters = createCounters()
  const write: WriteGroup = () => Promise.resolve([{ kind: 'stored', poison }])
  const translate = () => translated({ accepted: 3, rejected: 2, rejection: '2 have no id' })
  const pipeline = await startPipeline(t, { write, translate, counters })
  const { rejected, message } = await send(pipeline).answer
  t.equal(rejected, 4)
  t.match(message, /^2 have no id; 2 refused by Postgres.*22021 invalid byte sequence$/)
  t.match(await counters.deadLetters.get(), {
    values: [
      { labels: { reason: 'poison' }, value: 1 },
      { labels: { reason: 'lost' }, value: 1 },
    ],
  })
})

t.test('data that cannot be read is refused without a transaction', async (t) => {
  const { write, writes } = controlledWrites()
  const translate = () => {
    throw new BadData('not a trace')
  }
  const sent = send(await startPipeline(t, { write, translate }))
  await t.rejects(sent.answer, BadData)
  t.equal(sent.releases, 1)
  t.equal(writes.length, 0)
})

t.test('a request of which nothing is accepted is answered without a transaction', async (t) => {
  const { write, writes } = controlledWrites()
  const translate = () => translated({ accepted: 0, rejected: 2, rejection: '2 have no id' })
  const sent = send(await startPipeline(t, { write, translate }))
  t.same(await sent.answer, { rejected: 2, message: '2 have no id' })
  t.equal(sent.releases, 1)
  t.equal(writes.length, 0)
})

t.test('drain answers what is under way and refuses what comes', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write })
  const inFlight = send(pipeline, 'in flight')
  const queued = send(pipeline, 'queued')
  const drained = pipeline.drain(TIMEOUT_MS)
  const late = send(pipeline, 'late')
  await t.rejects(late.answer, Unavailable)
  t.equal(late.releases, 1)
  writes[0]?.store()
  await until(() => writes.length === 2, TIMEOUT_MS, 'a second write')
  writes[1]?.store()
  t.same(await drained, { unanswered: 0 })
  t.ok(inFlight.isAnswered)
  t.ok(queued.isAnswered)
})

t.test('drain gives up at its deadline and says how many it left', async (t) => {
  const { write, writes } = controlledWrites()
  const pipeline = await startPipeline(t, { write })
  const sent = ['a', 'b', 'c'].map((body) => send(pipeline, body))
  t.same(await pipeline.drain(20), { unanswered: 3 })
  writes[0]?.store()
  await until(() => writes.length === 2, TIMEOUT_MS, 'a second write')
  writes[1]?.store()
  await Promise.all(sent.map(({ answer }) => answer))
})
