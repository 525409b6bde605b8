import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import type { SpoolRef } from '../../collector/ingest/spool/spool'
import { runScript } from '../helpers/process'
import { until } from '../helpers/until'
import { KIB, MIB, openAt, request, spoolFolder, type TestSpool, textOf, valueOf } from './spools'

const CHILD = join(__dirname, '../helpers/spool-child.ts')
const SEGMENT = '00000001.seg'
const MARKS = '00000001.done'
const HEADER_BYTES = 64

interface Written {
  readonly folder: string
  readonly refs: readonly SpoolRef[]
  readonly bytes: Buffer
}

/** The segment a closed spool leaves with these records. */
async function write(t: Test, bodies: readonly string[]): Promise<Written> {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const refs = await Promise.all(bodies.map((body) => spool.append(request(body))))
  await spool.close()
  return { folder, refs, bytes: readFileSync(join(folder, SEGMENT)) }
}

/** A spool on a folder with this segment. */
async function reopen(t: Test, segment: Uint8Array, marks?: Uint8Array): Promise<OnFolder> {
  const folder = spoolFolder(t)
  mkdirSync(folder)
  writeFileSync(join(folder, SEGMENT), segment)
  if (marks !== undefined) writeFileSync(join(folder, MARKS), marks)
  return { folder, spool: await openAt(t, folder) }
}

interface OnFolder {
  readonly folder: string
  readonly spool: TestSpool
}

function flip(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ 0x10
  return flipped
}

function quarantined(folder: string): string[] {
  return readdirSync(join(folder, 'quarantine'))
}

t.test('what was not settled is there after a restart, what was is not', async (t) => {
  const folder = spoolFolder(t)
  const first = await openAt(t, folder, { segmentBytes: 4 * KIB })
  const refs: SpoolRef[] = []
  for (let i = 0; i < 10; i++) refs.push(await first.append(request(`${i} ${'x'.repeat(1000)}`)))
  await first.settle(refs.filter((_, i) => i < 4 || i === 7))
  const left = first.state()
  await first.close()

  const second = await openAt(t, folder)
  t.strictSame(second.state(), left)
  t.equal(second.state().records, 5)
  t.strictSame(
    (await second.drain()).map((body) => Number(body.split(' ')[0])),
    [4, 5, 6, 8, 9],
  )
  const { segment } = await second.append(request('next'))
  t.equal(segment, 5, 'it begins a segment of its own')
})

t.test(
  'what was handed out before a restart is in doubt after it, what was not is not',
  async (t) => {
    const folder = spoolFolder(t)
    const before = await openAt(t, folder)
    const bytes = (await before.append(request('0'))).bytes
    for (const body of ['1', '2', '3']) await before.append(request(body))
    const handedOut = await before.next(3 * bytes)
    await before.settle(handedOut.slice(0, 1).map(({ ref }) => ref))
    before.release(handedOut.map(({ ref }) => ref))
    await before.close()
    const after = await openAt(t, folder)
    await after.append(request('4'))
    t.strictSame(
      (await after.next(MIB)).map(({ request }) => [textOf(request), request.isInDoubt]),
      [
        ['1', true],
        ['2', true],
        ['3', false],
        ['4', false],
      ],
    )
  },
)

t.test('every request that was acknowledged before a kill is there after it', async (t) => {
  for (const bodyBytes of [200, 60_000]) {
    const folder = spoolFolder(t)
    const child = runScript(t, CHILD, [folder, String(bodyBytes)])
    await until(() => child.output().length > 20_000, 60_000, 'requests to be appended')
    await child.end('SIGKILL')
    const acknowledged = child.output().match(/^[\d-]{36}$/gm) ?? []
    t.ok(acknowledged.length > 100)

    const spool = await openAt(t, folder, { maxBytes: 1024 * MIB })
    const found = new Set<string>()
    for (;;) {
      const batch = await spool.next(MIB)
      if (batch.length === 0) break
      for (const { request } of batch) found.add(request.digest)
    }
    t.strictSame(
      acknowledged.filter((digest) => !found.has(digest)),
      [],
    )
  }
})

t.test('a segment that ends anywhere in its last record keeps the ones before', async (t) => {
  const { bytes, refs } = await write(t, ['first', 'second', 'the third and last one'])
  const last = refs[2] ?? { offset: 0, bytes: 0 }
  const recordBytes = 16 + 30 + 'the third and last one'.length
  for (let cutAt = 0; cutAt < last.bytes; cutAt++) {
    const { folder, spool } = await reopen(t, bytes.subarray(0, last.offset + cutAt))
    const isWhole = cutAt >= recordBytes
    const bodies = ['first', 'second', ...(isWhole ? ['the third and last one'] : [])]
    t.strictSame(await spool.drain(), bodies, `${cutAt} bytes of it`)
    t.equal(await valueOf(spool, 'sidelight_spool_cut_bytes_total'), isWhole ? 0 : cutAt)
    if (!isWhole) t.equal(readFileSync(join(folder, SEGMENT)).length, last.offset)
    await spool.close()
  }
})

t.test('an end that is blank is cut: the file grew before its content was written', async (t) => {
  const { bytes } = await write(t, ['kept'])
  const { spool } = await reopen(t, Buffer.concat([bytes, Buffer.alloc(10_000)]))
  t.strictSame(await spool.drain(), ['kept'])
  t.equal(await valueOf(spool, 'sidelight_spool_cut_bytes_total'), 10_000)
  t.match(spool.lines, [/^warn cut 10000 bytes off spool segment 00000001: /, /^info /])
})

t.test(
  'a byte flipped anywhere in a record costs that record alone, and it is kept aside',
  async (t) => {
    const { bytes, refs } = await write(t, ['first', 'the second, damaged one', 'third'])
    const damaged = refs[1] ?? { offset: 0, bytes: 0 }
    const recordBytes = 16 + 30 + 'the second, damaged one'.length
    for (let at = 0; at < recordBytes; at++) {
      const flipped = flip(bytes, damaged.offset + at)
      const { folder, spool } = await reopen(t, flipped)
      t.equal(spool.state().records, 2)
      t.strictSame(await spool.drain(), ['first', 'third'], `byte ${at}`)
      const [name = ''] = quarantined(folder)
      t.equal(name, `00000001-${damaged.offset}.bin`)
      t.strictSame(
        readFileSync(join(folder, 'quarantine', name)),
        flipped.subarray(damaged.offset, damaged.offset + damaged.bytes),
      )
      t.equal(await valueOf(spool, 'sidelight_spool_quarantined_bytes_total'), damaged.bytes)
      await spool.close()
    }
  },
)

t.test('damage is reported once, however often the spool is opened', async (t) => {
  const { bytes, refs } = await write(t, ['first', 'second', 'third'])
  const { folder, spool } = await reopen(t, flip(bytes, (refs[1]?.offset ?? 0) + 20))
  t.match(spool.lines[0], /^error passed over 64 damaged bytes at 128 of spool segment 00000001/)
  await spool.close()
  const again = await openAt(t, folder)
  t.strictSame(again.lines, ['info the spool holds requests that wait for Postgres'])
  t.equal(again.state().records, 2)
})

t.test('a damaged last record is kept aside, for it may have been acknowledged', async (t) => {
  const { bytes, refs } = await write(t, ['first', 'last'])
  for (const at of [0, 20]) {
    const { folder, spool } = await reopen(t, flip(bytes, (refs[1]?.offset ?? 0) + at))
    t.strictSame(await spool.drain(), ['first'])
    t.strictSame(quarantined(folder), ['00000001-128.bin'])
  }
})

t.test('neighbouring damaged records are passed over together', async (t) => {
  const { bytes, refs } = await write(t, ['a', 'b', 'c', 'd'])
  const twice = flip(flip(bytes, (refs[1]?.offset ?? 0) + 20), refs[2]?.offset ?? 0)
  const { folder, spool } = await reopen(t, twice)
  t.strictSame(await spool.drain(), ['a', 'd'])
  t.strictSame(quarantined(folder), ['00000001-128.bin'])
})

t.test('the bytes of a record inside of a body are not taken for a record', async (t) => {
  const { bytes, refs } = await write(t, ['first', 'second'])
  const record = bytes.subarray(refs[1]?.offset ?? 0)
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const body = Buffer.concat([Buffer.alloc(18 + HEADER_BYTES), record, record])
  const { offset } = await spool.append(request('', { body }))
  await spool.append(request('after'))
  await spool.close()
  const { spool: damaged } = await reopen(t, flip(readFileSync(join(folder, SEGMENT)), offset))
  t.strictSame(await damaged.drain(), ['after'])
})

t.test('a damaged head of a segment costs none of its records', async (t) => {
  const { bytes } = await write(t, ['first', 'second'])
  const { folder, spool } = await reopen(t, flip(bytes, 3))
  t.strictSame(await spool.drain(), ['first', 'second'])
  t.strictSame(quarantined(folder), ['00000001-0.bin'])
})

t.test('a file without any record is kept aside whole', async (t) => {
  const garbage = Buffer.alloc(10_000, 'no record here')
  const { folder, spool } = await reopen(t, garbage)
  t.strictSame(spool.state(), {
    records: 0,
    bytes: 0,
    oldestReceivedMs: null,
    oldestOnDiskMs: null,
  })
  const [head, rest] = ['00000001-0.bin', '00000001-64.bin'].map((name) =>
    readFileSync(join(folder, 'quarantine', name)),
  )
  t.strictSame(Buffer.concat([head ?? '', rest ?? ''] as Buffer[]), garbage)
  t.equal((await spool.append(request('next'))).segment, 2, 'its number is not used again')
})

t.test('damage that comes up while the spool is read costs that record alone', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const refs = await Promise.all(['a', 'b', 'c', 'd'].map((body) => spool.append(request(body))))
  const [a, , c] = await spool.next(MIB)
  if (!a || !c) throw new Error('all were to be handed out')
  spool.release([a.ref, c.ref])
  const file = join(folder, SEGMENT)
  writeFileSync(file, flip(readFileSync(file), a.ref.offset + 20))
  t.strictSame(await spool.drain(), ['c'], 'one that was put back')
  t.equal(spool.state().records, 3)

  await Promise.all(['e', 'f', 'g'].map((body) => spool.append(request(body))))
  writeFileSync(file, flip(readFileSync(file), (refs[3]?.offset ?? 0) + 2 * HEADER_BYTES))
  t.strictSame(await spool.drain(), ['e', 'g'], 'one that was not read yet')
  t.equal(spool.state().records, 5)
  t.equal(quarantined(folder).length, 2)
})

t.test('a torn or damaged mark counts as none, and marking goes on behind it', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const refs = await Promise.all(['a', 'b', 'c'].map((body) => spool.append(request(body))))
  await spool.settle(refs.slice(0, 2))
  await spool.close()
  const segment = readFileSync(join(folder, SEGMENT))
  const marks = readFileSync(join(folder, MARKS))
  for (let bytes = 0; bytes <= marks.length; bytes++) {
    const torn = await reopen(t, segment, marks.subarray(0, bytes))
    const expected = ['a', 'b', 'c'].slice(Math.floor(bytes / 8))
    const all = await torn.spool.next(MIB)
    t.equal(all.length, expected.length, `${bytes} bytes of marks`)
    await torn.spool.settle(all.slice(0, -1).map(({ ref }) => ref))
    await torn.spool.close()
    const again = await openAt(t, torn.folder)
    t.strictSame(await again.drain(), ['c'])
    await again.close()
  }
  t.strictSame(await (await reopen(t, segment, flip(marks, 1))).spool.drain(), ['a', 'c'])
})

t.test('a segment another version wrote is left alone and reported', async (t) => {
  const { bytes } = await write(t, ['first'])
  const later = Buffer.from(bytes)
  later.writeUInt32LE(2, 8)
  later.writeUInt32LE(crc32(later.subarray(0, 12)), 12)
  const { folder, spool } = await reopen(t, later)
  t.match(spool.lines, [/^error left spool segment 00000001 alone: another version/])
  t.match(spool.state(), { records: 0, bytes: later.length })
  t.strictSame(await spool.drain(), [])
  await spool.settle([await spool.append(request('next'))])
  await spool.close()
  t.strictSame(readFileSync(join(folder, SEGMENT)), later)
})

t.test('a segment that was hardly begun is removed', async (t) => {
  const { bytes } = await write(t, ['first'])
  for (const length of [0, 5, HEADER_BYTES]) {
    const { folder, spool } = await reopen(t, bytes.subarray(0, length))
    t.strictSame(readdirSync(folder), ['owner'])
    t.equal(spool.state().bytes, 0)
  }
})

t.test('marks whose segment is gone are removed and its number is not used again', async (t) => {
  const { folder } = await write(t, ['first'])
  const other = spoolFolder(t)
  cpSync(folder, other, { recursive: true })
  writeFileSync(join(other, '00000007.done'), Buffer.alloc(8))
  const spool = await openAt(t, other)
  t.notOk(readdirSync(other).includes('00000007.done'))
  t.equal((await spool.append(request('next'))).segment, 8)
})

t.test('a segment that is gone does not keep back the ones after it', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder, { segmentBytes: KIB })
  for (const body of ['a', 'b']) await spool.append(request(body.repeat(800)))
  truncateSync(join(folder, SEGMENT), 0)
  t.strictSame(await spool.drain(), ['b'.repeat(800)])
  t.equal(spool.state().records, 1)
})
