import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { traces } from '../helpers/otlp'
import { NOON_MICROS, request, requestOf } from '../helpers/rows'
import {
  countSpans,
  names,
  never,
  openDatabase,
  openPool,
  openWriter,
  stored,
  type Test,
} from './database'
import { curse, namesIn, readLetters, spansOf, translated } from './letters'

t.test('a large group is cut short by a refusal without harm to the connection', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  const writer = openWriter(t, pool)
  const attributes = JSON.stringify({ text: 'x'.repeat(2_000) })
  const many = (seed: string) =>
    request(
      seed,
      Array.from({ length: 1_000 }, (_, i) => ({ name: `${seed}-${i}`, attributes })),
    )
  const group = [request('bad', [{ attributes: '{' }]), many('a'), many('b'), many('c')]
  t.match(await writer.write(group, never), [
    { kind: 'stored', poison: [{ row: 0 }] },
    stored,
    stored,
    stored,
  ])
  t.equal(await countSpans(pool), 3_000)
})

t.test('rows whose day was not announced are refused when no partition takes them', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const liar = request('liar', [{ name: 'today' }, { name: 'far', startMicros: NOON_MICROS * 2n }])
  const announced = liar.translated.copies.map((copy) => ({ ...copy, days: copy.days.slice(0, 1) }))
  const group = [{ ...liar, translated: { ...liar.translated, copies: announced } }]
  t.match(await writer.write(group, never), [
    { kind: 'stored', poison: [{ row: 1, sqlstate: '23514' }] },
  ])
  t.same(await names(pool), ['today'])
})

t.test(
  'a request refused in its thousands has few letters, and all of it is in them',
  async (t) => {
    const pool = await openDatabase(t)
    const writer = openWriter(t, pool)
    await curse(pool)
    const names = Array.from({ length: 3_000 }, (_, i) => `span ${i}`)
    const hopeless = translated(
      traces(spansOf(names, () => ({ spanId: '01'.repeat(8), status: { message: 'curse' } }))),
    )
    const [result, other] = await writer.write([hopeless, requestOf('y', 3)], never)
    t.equal(result?.kind === 'stored' && result.poison.length, 3_000)
    t.same(other, stored)
    const letters = await readLetters(pool)
    t.same(letters.flatMap(namesIn), names)
    t.equal(letters.length, 500)
    t.match(letters.at(-1)?.message, /and 2500 more items of its request/)
  },
)

t.test('a request refused in its thousands takes no time from the search in another', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  await curse(pool)
  const cursed = (names: readonly string[]) =>
    translated(
      traces(
        spansOf(names, (name) => ({
          spanId: '01'.repeat(8),
          status: { message: name === 'well' ? '' : 'curse' },
        })),
      ),
    )
  const hopeless = cursed(Array.from({ length: 1_000 }, (_, i) => `span ${i}`))
  const mixed = cursed(['well', 'ill', 'well', 'well'])
  const [, other] = await writer.write([hopeless, mixed], never)
  t.match(other, { kind: 'stored', poison: [{ row: 1 }] })
  t.equal(await countSpans(pool), 3)
})

t.test('however many rows of a request are too old, the others are stored', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const old = { startMicros: NOON_MICROS - 90n * 86_400_000_000n }
  const rows = Array.from({ length: 3_000 }, (_, i) => (i % 2 === 0 ? { name: 'young' } : old))
  const mixed = request('mixed', rows)
  const copies = mixed.translated.copies.map((copy) => ({ ...copy, days: copy.days.slice(0, 1) }))
  const group = [{ ...mixed, translated: { ...mixed.translated, copies } }, requestOf('y', 3)]
  const [result, other] = await writer.write(group, never)
  t.equal(result?.kind === 'stored' && result.poison.length, 1_500)
  t.same(other, stored)
  t.equal(await countSpans(pool), 1_503)
})

t.test('a large resource is not kept once an item', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  await curse(pool)
  const names = Array.from({ length: 40 }, (_, i) => `span ${i}`)
  const input = spansOf(names, () => ({ spanId: '01'.repeat(8), status: { message: 'curse' } }))
  const resource = { attributes: { large: 'x'.repeat(1024 * 1024) } }
  await writer.write([translated(traces({ ...input, resource }))], never)
  const letters = await readLetters(pool)
  t.same(letters.flatMap(namesIn), names)
  t.ok(letters.length < 12, `${letters.length} letters`)
})

t.test('rows that cannot be read are found among those of other days', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const broken = request('broken', [{ name: 'a' }, {}, { startMicros: NOON_MICROS * 2n }])
  const copies = broken.translated.copies.map((copy) => ({ ...copy, days: copy.days.slice(0, 1) }))
  const [copy] = copies
  copy?.bytes.fill(0x7f, copy.offsets[1], copy.offsets[2])
  const group = [{ ...broken, translated: { ...broken.translated, copies } }]
  t.match(await writer.write(group, never), [
    {
      poison: [
        { row: 1, sqlstate: '22P04' },
        { row: 2, sqlstate: '23514' },
      ],
    },
  ])
  t.equal(await countSpans(pool), 1)
  t.same(
    (await readLetters(pool)).map(({ body }) => body.toString()),
    ['broken 1', 'broken 2'],
  )
})

t.test('far from Postgres, a search for poison ends long before it is overdue', async (t) => {
  const pool = await openDatabase(t)
  await curse(pool)
  const far = openPool(t, await openLongWay(t, pool.options.connectionString ?? ''), 1)
  const writer = openWriter(t, far)
  const names = Array.from({ length: 600 }, (_, i) => `span ${i}`)
  const hopeless = translated(
    traces(spansOf(names, () => ({ spanId: '01'.repeat(8), status: { message: 'curse' } }))),
  )
  const startedAt = performance.now()
  const [result, other] = await writer.write([hopeless, requestOf('y', 3)], never)
  t.ok(performance.now() - startedAt < 7_000, 'of the 10 s a transaction has')
  t.equal(result?.kind === 'stored' && result.poison.length, 600)
  t.same(other, stored)
})

const DELAY_MS = 5

/** A way to Postgres on which all takes a while to arrive. */
async function openLongWay(t: Test, connectionString: string): Promise<string> {
  const url = new URL(connectionString)
  const target = { host: url.hostname, port: Number(url.port), noDelay: true }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (caller) => {
    const callee = connect(target)
    const pass = (from: Socket, to: Socket) => {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), DELAY_MS))
      from.on('close', () => to.destroy())
    }
    pass(caller, callee)
    pass(callee, caller)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return url.href
}
