import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import type { SpoolRef, SpoolRequest } from '../../collector/ingest/spool/spool'
import { runScript } from '../helpers/process'
import {
  countSyncs,
  HOUR_MS,
  KIB,
  MIB,
  NOW_MS,
  openAt,
  request,
  spoolFolder,
  valueOf,
} from './spools'

const FILL = join(__dirname, '../helpers/spool-fill-child.ts')

t.test('every field of a request comes back as it was', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  const requests: SpoolRequest[] = [
    request('plain'),
    request('', { signal: 'metrics', tenant: '' }),
    request('in doubt', { signal: 'logs', tenant: 'Größe \u{1f4a1}\0', isInDoubt: true }),
    request('', { body: randomBytes(5 * MIB), digest: 'ffffffff-ffff-ffff-ffff-fffffffffffe' }),
    request('later', { receivedMs: NOW_MS + 0.5 }),
  ]
  for (const each of requests) await spool.append(each)
  const found = await spool.next(64 * MIB)
  t.equal(found.length, requests.length)
  for (const [i, { request: read }] of found.entries()) {
    const { body, ...rest } = requests[i] ?? request('')
    t.strictSame({ ...read, body: null }, { ...rest, body: null })
    t.ok(Buffer.compare(read.body, body) === 0)
  }
})

t.test('what is appended while a sync is under way shares the next one', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  const sent = Array.from({ length: 1000 }, (_, i) => spool.append(request(String(i))))
  t.equal(new Set((await Promise.all(sent)).map(({ offset }) => offset)).size, 1000)
  t.ok((await countSyncs(spool)) <= 2)
  t.strictSame(
    await spool.drain(),
    Array.from({ length: 1000 }, (_, i) => String(i)),
  )
})

t.test('records are handed out once, in order, as many as are asked for', async (t) => {
  const spool = await openAt(t, spoolFolder(t), { segmentBytes: 4 * KIB })
  const body = 'x'.repeat(1000)
  for (let i = 0; i < 10; i++) await spool.append(request(`${i}${body}`))
  const bytes = (await spool.next(1))[0]?.ref.bytes ?? 0
  const batches = [await spool.next(3 * bytes), await spool.next(3 * bytes), await spool.next(MIB)]
  t.strictSame(
    batches.map((batch) => batch.map(({ request }) => String.fromCharCode(request.body[0] ?? 0))),
    [
      ['1', '2', '3'],
      ['4', '5', '6'],
      ['7', '8', '9'],
    ],
  )
  t.strictSame(await spool.next(MIB), [])
  await spool.append(request('new'))
  t.strictSame(await spool.drain(), ['new'])
})

t.test('a record larger than a segment has one of its own', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder, { segmentBytes: 4 * KIB })
  const sizes = [1000, 10_000, 1000, 1000, 20_000, 1000]
  const refs = await Promise.all(sizes.map((size) => spool.append(request('x'.repeat(size)))))
  t.strictSame(
    refs.map(({ segment }) => segment),
    [1, 2, 3, 3, 4, 5],
  )
  t.strictSame(
    (await spool.drain()).map(({ length }) => length),
    sizes,
  )
})

t.test('a held record is handed out once it is released, wherever the reading is', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  const early = await spool.append(request('early'), { isHeld: true })
  const late = await spool.append(request('late'), { isHeld: true })
  await spool.append(request('free'))
  spool.release([early])
  t.strictSame(await spool.drain(), ['early', 'free'], 'released before the reading came by')
  spool.release([late])
  t.strictSame(await spool.drain(), ['late'], 'released after it')
  spool.release([late, late])
  t.strictSame(await spool.drain(), ['late'])
})

t.test('what is put back comes first, oldest first, and nothing that is settled', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  for (const body of ['a', 'b', 'c', 'd', 'e']) await spool.append(request(body))
  const [a, b, c] = await spool.next(192)
  if (!a || !b || !c) throw new Error('three were to be handed out')
  spool.release([c.ref, b.ref, a.ref])
  await spool.settle([b.ref])
  spool.release([b.ref])
  t.strictSame(await spool.drain(), ['a', 'c', 'd', 'e'])
})

t.test('a held record that is settled is never handed out', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  const held = await spool.append(request('held'), { isHeld: true })
  await spool.append(request('free'))
  await spool.settle([held])
  t.strictSame(await spool.drain(), ['free'])
  t.equal(spool.state().records, 1)
})

t.test('segments of which nothing is left are deleted, the others stay', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder, { segmentBytes: 4 * KIB })
  for (let i = 0; i < 12; i++) await spool.append(request('x'.repeat(1000)))
  const segments = () => readdirSync(folder).filter((name) => name.endsWith('.seg'))
  t.strictSame(segments(), ['00000001.seg', '00000002.seg', '00000003.seg', '00000004.seg'])
  const all = await spool.next(MIB)
  await spool.settle(all.filter(({ ref }) => ref.segment !== 2).map(({ ref }) => ref))
  t.strictSame(segments(), ['00000002.seg', '00000004.seg'], 'the last one is appended to')
  await spool.close()
  t.strictSame(segments(), ['00000002.seg'])
})

t.test('state counts what is kept and knows the oldest of it', async (t) => {
  const spool = await openAt(t, spoolFolder(t))
  t.strictSame(spool.state(), {
    records: 0,
    bytes: 0,
    oldestReceivedMs: null,
    oldestOnDiskMs: null,
  })
  const big = 'x'.repeat(100 * KIB)
  const old = await spool.append(request(big, { receivedMs: NOW_MS - 5000 }))
  await spool.append(request(big, { receivedMs: NOW_MS - 3000 }))
  t.match(spool.state(), { records: 2, oldestReceivedMs: NOW_MS - 5000 })
  t.ok(spool.state().bytes > 200 * KIB)
  t.equal(await valueOf(spool, 'sidelight_spool_records'), 2)
  t.equal(await valueOf(spool, 'sidelight_spool_oldest_seconds'), 5)
  await spool.settle([old, old])
  t.match(spool.state(), { records: 1, oldestReceivedMs: NOW_MS - 3000 })
})

t.test(
  'a full spool refuses, says so once, and takes requests again when there is room',
  async (t) => {
    const spool = await openAt(t, spoolFolder(t), { maxBytes: MIB })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 140 }, () => spool.append(request('x'.repeat(10 * KIB)))),
    )
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    t.ok(refused.length > 35 && refused.length < 45, `${refused.length} refused`)
    t.ok(spool.state().bytes <= MIB)
    const tooMuch = spool.append(request('x'.repeat(10 * KIB)))
    await t.rejects(
      tooMuch,
      new Unavailable('cannot spool the request: the spool is full (1.0 MiB of 1.0 MiB)'),
    )
    t.match(spool.refusal(), /^the spool is full/)
    t.equal(await valueOf(spool, 'sidelight_spool_refusing'), 1)

    await spool.settle((await spool.next(2 * MIB)).map(({ ref }) => ref))
    t.equal(spool.refusal(), null)
    await spool.append(request('x'.repeat(10 * KIB)))
    t.strictSame(
      spool.lines.map((line) => line.replace(/[\d.]+ s$/, 'n s')),
      [
        'error the spool takes nothing: the spool is full (1.0 MiB of 1.0 MiB)',
        'info the spool takes requests again, after n s',
      ],
    )
  },
)

t.test('a request larger than the room that is left is refused alone', async (t) => {
  const spool = await openAt(t, spoolFolder(t), { maxBytes: MIB })
  const large = spool.append(request('x'.repeat(2 * MIB)))
  const small = spool.append(request('small'))
  await t.rejects(
    large,
    new Unavailable('cannot spool the request: the spool is full for a request of 2.0 MiB'),
  )
  await small
  t.equal(spool.refusal(), null)
})

t.test('a spool without room for what is sent is full, until there is room for that', async (t) => {
  const spool = await openAt(t, spoolFolder(t), { maxBytes: 64 * 1024, segmentBytes: 16 * 1024 })
  const refs: SpoolRef[] = []
  while (spool.refusal() === null) {
    const sent = spool.append(request('x'.repeat(4_000)))
    await sent.then((ref) => refs.push(ref)).catch(() => undefined)
  }
  t.match(spool.refusal(), /^the spool is full/)
  t.equal(await valueOf(spool, 'sidelight_spool_refusing'), 1)
  await spool.next(Infinity)
  await spool.settle(refs.slice(0, 4))
  t.equal(spool.refusal(), null)
  await spool.append(request('x'.repeat(4_000)))
})

t.test('a settled segment that is still appended to does not make the spool full', async (t) => {
  const spool = await openAt(t, spoolFolder(t), { maxBytes: MIB, segmentBytes: MIB })
  for (let i = 0; i < 30; i++) {
    await spool.settle([await spool.append(request('x'.repeat(100 * KIB)))])
  }
  t.ok(spool.state().bytes <= MIB)
})

t.test('a spool whose oldest request is too old takes nothing until that is settled', async (t) => {
  let nowMs = NOW_MS
  const spool = await openAt(t, spoolFolder(t), { nowMs: () => nowMs })
  const old = await spool.append(request('old'))
  nowMs += 24 * HOUR_MS
  await spool.settle([await spool.append(request('in time'))])
  nowMs += 360_000
  await t.rejects(spool.append(request('late')), {
    name: 'Unavailable',
    message: /its oldest request has waited for 24\.1 h, and receipts are kept for 24\.0 h$/,
  })
  t.strictSame(await spool.drain(), ['old'], 'what is there stays')
  await spool.settle([old])
  await spool.append(request('again', { receivedMs: nowMs }))
})

t.test('a closed spool lets what is under way end and takes nothing more', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const sent = spool.append(request('under way'))
  const closing = spool.close()
  await t.rejects(spool.append(request('late')), { message: /the spool is closed/ })
  await Promise.all([sent, closing])
  t.strictSame(await (await openAt(t, folder)).drain(), ['under way'])
})

t.test('a spool has one owner', async (t) => {
  const folder = spoolFolder(t)
  const first = await openAt(t, folder)
  await t.rejects(openAt(t, folder), {
    name: 'FolderInUse',
    message: `cannot use ${folder}: another sidelight (pid ${process.pid}) runs on it; set SIDELIGHT_DATA_DIR to another folder`,
  })
  await first.close()
  await openAt(t, folder)
})

t.test('nobody else may read what is spooled', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  await spool.append(request('private'))
  await spool.settle([await spool.append(request('private'))])
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of ['00000001.seg', '00000001.done']) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  }
})

t.test('memory does not grow with the number of records', async (t) => {
  const child = runScript(t, FILL, [spoolFolder(t), '200000'])
  const { records, appendedBytes, openedBytes } = JSON.parse(await child.line()) as FillReport
  t.equal(records, 200_000)
  // An index would take 50 bytes a record at the very least: 10 MB.
  t.ok(appendedBytes < 4 * MIB, `${appendedBytes} bytes more after appending`)
  t.ok(openedBytes < 4 * MIB, `${openedBytes} bytes more after opening again`)
})

interface FillReport {
  readonly records: number
  readonly appendedBytes: number
  readonly openedBytes: number
}
