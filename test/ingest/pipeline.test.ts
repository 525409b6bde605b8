import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import type { WriteGroup } from '../../collector/store/group'
import { createCounters } from '../../collector/telemetry/counters'
import { until } from '../helpers/until'
import {
  controlledWrites,
  createPipeline,
  send,
  startPipeline,
  TIMEOUT_MS,
  translated,
} from './writes'

t.test('a request is acknowledged once its transaction is committed, not before', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline, spool } = await startPipeline(t, { write })
  const sent = send(pipeline)
  await until(() => writes.length === 1, TIMEOUT_MS, 'a write')
  await nextTurn()
  t.equal(sent.isAnswered, false)
  t.equal(sent.releases, 0)
  writes[0]?.store()
  t.same(await sent.answer, { rejected: 0, message: '' })
  await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
  t.equal(spool.state().records, 0)
})

t.test('what queues up during a transaction is written together by the next', async (t) => {
  const { write, writes } = controlledWrites()
  const { pipeline } = await startPipeline(t, { write })
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
  const { pipeline } = await startPipeline(t, { write, writers: 2 })
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
  const { pipeline } = await startPipeline(t, { write, translate })
  t.same(await send(pipeline).answer, { rejected: 1, message: '1 span has no id' })
})

t.test('nothing is written before the first probe succeeded', async (t) => {
  const { write, writes } = controlledWrites()
  let open: () => void = () => undefined
  const probe = () => new Promise<void>((resolve) => (open = resolve))
  const { pipeline, spool } = await createPipeline(t, { write, probe })
  t.same(await send(pipeline).answer, { rejected: 0, message: '' })
  t.equal(spool.state().records, 1)
  t.equal(writes.length, 0)
  open()
  await until(() => writes.length === 1, TIMEOUT_MS, 'a write')
  writes[0]?.store()
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
})

t.test(
  'a fault of the collector itself is answered as worth sending again and does not close the door',
  async (t) => {
    const { write, writes } = controlledWrites()
    const { pipeline } = await startPipeline(t, { write })
    const sent = send(pipeline)
    writes[0]?.reject(new TypeError('a bug'))
    await t.rejects(sent.answer, Unavailable)
    await until(() => sent.releases === 1, TIMEOUT_MS, 'the release')
    t.equal(pipeline.away(), null)
  },
)

t.test('rows Postgres refuses are told with those the translator refused', async (t) => {
  const about = { table: 'span', sqlstate: '22021', message: 'invalid byte sequence' }
  const poison = [
    { ...about, row: 1, isKept: true },
    { ...about, row: 2, isKept: false },
  ]
  const counters = createCounters()
  const write: WriteGroup = () => Promise.resolve([{ kind: 'stored', poison }])
  const translate = () => translated({ accepted: 3, rejected: 2, rejection: '2 have no id' })
  const { pipeline } = await startPipeline(t, { write, translate, counters })
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
  const { pipeline } = await startPipeline(t, { write, translate })
  const sent = send(pipeline)
  await t.rejects(sent.answer, BadData)
  t.equal(sent.releases, 1)
  t.equal(writes.length, 0)
})

t.test('a request of which nothing is accepted is answered without a transaction', async (t) => {
  const { write, writes } = controlledWrites()
  const translate = () => translated({ accepted: 0, rejected: 2, rejection: '2 have no id' })
  const { pipeline } = await startPipeline(t, { write, translate })
  const sent = send(pipeline)
  t.same(await sent.answer, { rejected: 2, message: '2 have no id' })
  t.equal(sent.releases, 1)
  t.equal(writes.length, 0)
})

t.test('while nothing may be written into a usable Postgres, requests are refused', async (t) => {
  const { write, writes } = controlledWrites()
  const refusal = () => 'the embedded database is at its cap'
  const { pipeline, spool } = await startPipeline(t, { write, refusal })
  const sent = send(pipeline)
  await t.rejects(sent.answer, { name: 'Unavailable', message: /at its cap/ })
  t.equal(sent.releases, 1)
  t.equal(writes.length + spool.state().records, 0)
})

t.test('the memory of a request comes back once it is committed, and only then', async (t) => {
  const rows = Buffer.from('rows')
  const [copy] = translated().copies
  const translate = () => translated({ copies: [{ ...copy!, bytes: rows }] })
  const body = Buffer.from('protobuf')
  const { write, writes } = controlledWrites()
  const back: string[] = []
  const giveBack = (bytes: Uint8Array) => back.push(Buffer.from(bytes).toString())
  const decode = () => body
  const { pipeline } = await startPipeline(t, { write, decode, translate, giveBack })
  const stored = send(pipeline, 'JSON')
  t.same(back, ['JSON'], 'nobody reads what it was translated from')
  writes[0]?.store()
  await until(() => stored.releases === 1, TIMEOUT_MS, 'the release')
  t.same(back, ['JSON', 'protobuf', 'rows'])

  const lost = send(pipeline, 'more JSON')
  writes[1]?.reject(new Unavailable('the connection is lost'))
  await until(() => lost.releases === 1, TIMEOUT_MS, 'the release')
  t.same(back.slice(3), ['more JSON'], 'a connection that is lost may still read it')
})
