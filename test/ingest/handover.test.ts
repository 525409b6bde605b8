import { existsSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BadData } from '../../collector/errors'
import { digestOf } from '../../collector/ingest/digest'
import type { Message } from '../../collector/ingest/contract'
import { handOver } from '../helpers/handed-over'
import { until } from '../helpers/until'
import { readableLog, startHandover } from './handovers'
import { controlledWrites, temporaryFolder, TIMEOUT_MS, translated } from './writes'

t.test('what lies there at the start is stored, the oldest first, and deleted', async (t) => {
  const folder = temporaryFolder(t)
  const bodies = Array.from({ length: 12 }, (_, number) => Buffer.from(`body ${number}`))
  for (const [at, body] of bodies.entries()) handOver(folder, { body, ageMs: (at + 1) * 1_000 })
  const arrivals: number[] = []
  const translate = ({ receivedMs }: Message) => {
    arrivals.push(receivedMs)
    return translated()
  }
  const { inbox, digests, counters } = await startHandover(t, { folder, pipeline: { translate } })
  t.equal(inbox.state().files, 12)
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
  t.same(readdirSync(folder), [])
  const inOrder = bodies.reverse().map((body) => digestOf('traces', null, body))
  t.same([...digests].sort(), [...inOrder].sort(), 'with the digest of the same body when sent')
  t.ok(
    digests.every((digest, at) => inOrder.indexOf(digest) <= at + 3),
    'each overtakes no more than the three that are taken with it',
  )
  t.ok(Math.min(...arrivals) <= Date.now() - 12_000, 'and the time at which it was written')
  t.match(await counters.handedOverFiles.get(), {
    values: [{ labels: { outcome: 'stored' }, value: 12 }],
  })
})

t.test('what is left later is found, in a folder that is made again too', async (t) => {
  const { folder, inbox, digests } = await startHandover(t)
  handOver(folder, { body: Buffer.from('first') })
  await until(() => digests.length === 1, TIMEOUT_MS, 'the first file')
  rmSync(folder, { recursive: true })
  handOver(folder, { body: Buffer.from('second') })
  await until(() => digests.length === 2, TIMEOUT_MS, 'a file in the new folder')
  rmSync(folder, { recursive: true })
  await until(() => existsSync(folder), TIMEOUT_MS, 'a folder made by the collector')
  handOver(folder, { body: Buffer.from('third') })
  await until(() => digests.length === 3 && inbox.state().files === 0, TIMEOUT_MS, 'the third')
})

t.test('a file is deleted when it is committed, not before', async (t) => {
  const { write, writes } = controlledWrites()
  const { folder, inbox, admission } = await startHandover(t, { pipeline: { write } })
  const name = handOver(folder, { body: Buffer.from('a body'), triedAgoMs: 0 })
  await until(() => writes.length === 1, TIMEOUT_MS, 'a write')
  t.ok(existsSync(join(folder, name)))
  t.equal(admission.usedBytes(), 2 * 'a body'.length, 'its memory is that of requests')
  t.equal(inbox.state().files, 1)
  writes[0]?.store()
  await until(() => !existsSync(join(folder, name)), TIMEOUT_MS, 'the deletion')
  await until(() => admission.usedBytes() === 0, TIMEOUT_MS, 'its memory')
})

t.test('while Postgres is away files stay where they are and never go to the spool', async (t) => {
  const { write, writes } = controlledWrites()
  let open: () => void = () => undefined
  const probe = () => new Promise<void>((resolve) => (open = resolve))
  const { folder, inbox, spool, pipeline } = await startHandover(t, { pipeline: { write, probe } })
  const name = handOver(folder, { body: Buffer.from('a body'), ageMs: 60_000, triedAgoMs: 60_000 })
  await until(() => inbox.state().files === 1, TIMEOUT_MS, 'a file that is known')
  t.ok(existsSync(join(folder, name)))
  open()
  await until(() => writes.length === 1, TIMEOUT_MS, 'a write')
  await pipeline.stop(0)
  t.equal(spool.state().records, 0, 'a transaction under way at a stop leaves it too')
  await until(() => inbox.state().files === 1, TIMEOUT_MS, 'a file that was given back')
  t.ok(existsSync(join(folder, name)))
})

t.test('a file that is refused for now is tried again', async (t) => {
  let why: string | null = 'the embedded database is at its cap'
  const { folder, inbox, digests } = await startHandover(t, { pipeline: { refusal: () => why } })
  handOver(folder, { body: Buffer.from('a body') })
  await until(() => inbox.state().files === 1, TIMEOUT_MS, 'a file that is known')
  t.equal(digests.length, 0)
  why = null
  await until(() => digests.length === 1, TIMEOUT_MS, 'a second try')
})

t.test('there are few at once, and a thousand are all taken', async (t) => {
  const { write, writes } = controlledWrites()
  const folder = temporaryFolder(t)
  for (let number = 0; number < 1_000; number++) {
    handOver(folder, { body: Buffer.from(`body ${number}`), ageMs: number })
  }
  const { inbox } = await startHandover(t, { folder, pipeline: { write } })
  t.equal(inbox.state().files, 1_000)
  const digests = new Set<string>()
  let most = 0
  let stored = 0
  while (stored < 1_000) {
    await until(() => writes.length > 0, TIMEOUT_MS, 'a write')
    for (const { group, store } of writes.splice(0)) {
      most = Math.max(most, group.length)
      stored += group.length
      for (const { digest } of group) digests.add(digest)
      store()
    }
  }
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
  t.equal(digests.size, 1_000)
  t.ok(most <= 4)
})

t.test('a file whose reading finds no memory waits until there is some', async (t) => {
  let room = 0
  const admit = () => ({
    growTo: () => room > 0,
    lend: (bytes: number) => Buffer.alloc(bytes),
    release: () => undefined,
  })
  const { folder, inbox, digests } = await startHandover(t, { admit })
  handOver(folder, { body: Buffer.from('a body') })
  await until(() => inbox.state().files === 1, TIMEOUT_MS, 'a file that is known')
  room = 1
  await until(() => digests.length === 1, TIMEOUT_MS, 'a second try')
})

t.test('what of it is refused item by item is counted as of requests', async (t) => {
  const translate = () => translated({ accepted: 2, rejected: 1, rejection: 'one has no id' })
  const { folder, inbox, digests } = await startHandover(t, { pipeline: { translate } })
  handOver(folder, { body: Buffer.from('three'), items: 3 })
  await until(() => digests.length === 1, TIMEOUT_MS, 'a write')
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
  handOver(folder, { body: Buffer.from('four'), items: 4 })
  await until(
    () => existsSync(join(folder, 'refused')),
    TIMEOUT_MS,
    'a file refused for the item that is missing',
  )
  t.equal(digests.length, 1)
})

t.test('a fault in one file is told, and costs only that file', async (t) => {
  const { lines, log } = readableLog()
  const translate = ({ body }: Message) => {
    if (body.length === 3) throw new TypeError('a bug')
    if (body.length === 4) throw new BadData('not a trace')
    return translated()
  }
  const { folder, digests, counters } = await startHandover(t, { log, pipeline: { translate } })
  for (const body of ['bug', 'junk', 'sound']) handOver(folder, { body: Buffer.from(body) })
  await until(
    async () => {
      const { values } = await counters.handedOverFiles.get()
      const countOf = (outcome: string) =>
        values.find(({ labels }) => labels.outcome === outcome)?.value
      return countOf('stored') === 1 && countOf('refused') === 2
    },
    TIMEOUT_MS,
    'the count',
  )
  t.equal(digests.length, 1)
  t.equal(readdirSync(join(folder, 'refused')).length, 2)
  // Which of the two is refused first, nobody knows.
  const errors = lines.filter((line) => line.includes('"level":50'))
  t.equal(errors.length, 2)
  for (const what of [/a bug/, /refused and put aside/]) {
    t.equal(errors.filter((line) => what.test(line)).length, 1, String(what))
  }
})

t.test('other names are left alone, and what was never finished goes after an hour', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of [
    '.tmp-old',
    '.tmp-new',
    'notes.txt',
    'traces-1-xyz.otlp',
    'spans-1-ab.otlp',
  ]) {
    writeFileSync(join(folder, name), 'text')
  }
  const old = Date.now() / 1_000 - 3_700
  utimesSync(join(folder, '.tmp-old'), old, old)
  const { inbox, digests } = await startHandover(t, { folder })
  t.equal(inbox.state().files, 0)
  handOver(folder, { body: Buffer.from('a body') })
  await until(() => digests.length === 1, TIMEOUT_MS, 'a write')
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'the deletion')
  t.same(readdirSync(folder).sort(), [
    '.tmp-new',
    'notes.txt',
    'spans-1-ab.otlp',
    'traces-1-xyz.otlp',
  ])
})

t.test('who takes a file that another one took finds nothing to do', async (t) => {
  const { folder, inbox, digests, counters } = await startHandover(t, {
    pipeline: { probe: () => new Promise(() => undefined) },
  })
  const name = handOver(folder, { body: Buffer.from('a body') })
  await until(() => inbox.state().files === 1, TIMEOUT_MS, 'a file that is known')
  renameSync(join(folder, name), join(folder, 'taken'))
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'a file that is forgotten')
  t.equal(digests.length, 0)
  t.match((await counters.handedOverFiles.get()).values, [])
})

t.test('a stop takes what was left just before it, for as long as it is given', async (t) => {
  const { folder, handover, inbox, digests } = await startHandover(t)
  for (let number = 0; number < 9; number++) handOver(folder, { body: Buffer.from(`${number}`) })
  await handover.drain(TIMEOUT_MS)
  await handover.stop()
  t.equal(digests.length, 9)
  t.same(readdirSync(folder), [])
  t.equal(inbox.state().files, 0)

  const { write, writes } = controlledWrites()
  const slow = await startHandover(t, { pipeline: { write } })
  const name = handOver(slow.folder, { body: Buffer.from('a body'), triedAgoMs: 0 })
  await slow.handover.drain(50)
  t.ok(existsSync(join(slow.folder, name)), 'what takes longer stays')
  await until(() => writes.length === 1, TIMEOUT_MS, 'its write')
  writes[0]?.store()
})
