import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import type { Message } from '../../collector/ingest/contract'
import type { SpoolRequest } from '../../collector/ingest/spool/spool'
import type { WriteGroup } from '../../collector/store/group'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import {
  createPipeline,
  storingWrites,
  temporaryFolder,
  temporarySpool,
  TIMEOUT_MS,
  translated,
} from './writes'

const HOUR_MS = 3_600_000

function record(seed: string, fields: Partial<SpoolRequest> = {}): SpoolRequest {
  return {
    digest: uuidOf(seed),
    signal: 'traces',
    tenant: null,
    receivedMs: Date.now(),
    body: Buffer.from(seed),
    isInDoubt: false,
    ...fields,
  }
}

t.test('what an earlier process left is stored by its digest and arrival time', async (t) => {
  const folder = temporaryFolder(t)
  const before = await temporarySpool(t, { folder })
  const left = record('left', { tenant: 'acme', receivedMs: Date.now() - 5 * HOUR_MS })
  await before.append(left)
  await before.close()
  const { digests, write } = storingWrites()
  const messages: Message[] = []
  const translate = (message: Message) => {
    messages.push(message)
    return translated()
  }
  const spool = await temporarySpool(t, { folder })
  await createPipeline(t, { write, translate, spool })
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.same(digests, [left.digest])
  const [message] = messages
  t.same(
    { ...message, body: Buffer.from(message?.body ?? '').toString() },
    { ...left, body: 'left' },
  )
})

t.test('only what is in doubt and older than its receipt is dead', async (t) => {
  const spool = await temporarySpool(t)
  const receivedMs = Date.now() - 25 * HOUR_MS
  const others = [record('sure'), record('in doubt', { isInDoubt: true })]
  const old = [
    record('old but sure', { receivedMs }),
    record('old', { receivedMs, isInDoubt: true }),
  ]
  // At once, since nothing is taken beside records that old.
  await Promise.all([...others, ...old].map((request) => spool.append(request)))
  const { digests, write } = storingWrites()
  const { buried } = await createPipeline(t, { write, spool })
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.same(digests, ['sure', 'in doubt', 'old but sure'].map(uuidOf))
  t.same(
    buried.map(([request]) => request.digest),
    [uuidOf('old')],
  )
})

t.test('what cannot be read any more is dead, and what has nothing to store is done', async (t) => {
  const spool = await temporarySpool(t)
  for (const seed of ['damaged', 'empty', 'good']) await spool.append(record(seed))
  const { digests, write } = storingWrites()
  const translate = ({ body }: Message) => {
    const text = Buffer.from(body).toString()
    if (text === 'damaged') throw new BadData('the bytes end too soon')
    return translated({ accepted: text === 'empty' ? 0 : 1 })
  }
  const { buried } = await createPipeline(t, { write, translate, spool })
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.same(digests, [uuidOf('good')])
  t.same(
    buried.map(([request, message]) => [request.digest, message]),
    [[uuidOf('damaged'), 'the bytes end too soon']],
  )
})

t.test('a request that fails by a fault of ours is dead alone', async (t) => {
  const spool = await temporarySpool(t)
  for (const seed of ['a', 'cursed', 'b']) await spool.append(record(seed))
  const { digests, write: store } = storingWrites()
  const write: WriteGroup = (group, signal) =>
    group.some(({ digest }) => digest === uuidOf('cursed'))
      ? Promise.reject(new TypeError('a bug'))
      : store(group, signal)
  const { buried } = await createPipeline(t, { write, spool })
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.same(digests, [uuidOf('a'), uuidOf('b')])
  t.same(
    buried.map(([request, message]) => [request.digest, message]),
    [[uuidOf('cursed'), 'a bug']],
  )
})

t.test('what cannot be buried now is kept', async (t) => {
  const spool = await temporarySpool(t)
  await spool.append(record('damaged'))
  const { write } = storingWrites()
  let graves = 0
  const bury = () => (++graves === 1 ? Promise.reject(new Error('no room')) : Promise.resolve(true))
  const translate = () => {
    throw new BadData('damaged')
  }
  await createPipeline(t, { write, translate, bury, spool })
  await until(() => graves === 1, TIMEOUT_MS, 'a first try')
  t.equal(spool.state().records, 1)
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  t.equal(graves, 2)
})

t.test('a request Postgres fails at whenever it comes does not hold up the others', async (t) => {
  const spool = await temporarySpool(t)
  for (const seed of ['cursed', 'a', 'b']) await spool.append(record(seed))
  const { digests, write: store } = storingWrites()
  const write: WriteGroup = (group, signal) =>
    group.some(({ digest }) => digest === uuidOf('cursed'))
      ? Promise.reject(new Unavailable('the connection was lost'))
      : store(group, signal)
  await createPipeline(t, { write, spool })
  await until(() => spool.state().records === 1, TIMEOUT_MS, 'the others to be stored')
  t.same(digests, [uuidOf('a'), uuidOf('b')])
})

t.test(
  'what a failed transaction of the drain leaves in doubt is not stored blindly',
  async (t) => {
    const spool = await temporarySpool(t)
    await spool.append(record('sure', { receivedMs: Date.now() - HOUR_MS }))
    const { digests, write: store } = storingWrites()
    let isLost = false
    const write: WriteGroup = (group, signal) => {
      if (isLost) return store(group, signal)
      isLost = true
      return Promise.reject(new Unavailable('the connection was lost in COMMIT'))
    }
    const { buried } = await createPipeline(t, { write, spool, receiptWindowMs: 0 })
    await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
    t.same(digests, [])
    t.same(
      buried.map(([request]) => request.digest),
      [uuidOf('sure')],
    )
  },
)

t.test('that what was stored cannot be marked is said once', async (t) => {
  const folder = temporaryFolder(t)
  const spool = await temporarySpool(t, { folder })
  for (let i = 0; i < 3; i++) await spool.append(record(`${i}`, { body: Buffer.alloc(1_500_000) }))
  mkdirSync(join(folder, 'spool', '00000001.done'))
  const messages: string[] = []
  const log = pino(
    {},
    { write: (line: string) => messages.push((JSON.parse(line) as { msg: string }).msg) },
  )
  const { digests, write } = storingWrites()
  await createPipeline(t, { write, spool, log })
  await until(() => digests.length === 3, TIMEOUT_MS, 'three transactions')
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  const told = messages.filter((message) => !message.startsWith('the database'))
  t.same(told, ['cannot mark what was stored; tried again later'])
})
