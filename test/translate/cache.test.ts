import t from 'tap'
import { ByteCache, type CacheKey } from '../../collector/translate/cache'
import { IdSet } from '../../collector/translate/id-set'

const CONTEXT = { first: 1, second: 2, third: 3 }

/** The key lies somewhere within its bytes, as in a body. */
function keyOf(content: Uint8Array, context = CONTEXT, before = 3): CacheKey {
  const bytes = Buffer.concat([Buffer.alloc(before, 0xaa), content, Buffer.alloc(5, 0xbb)])
  return { ...context, bytes, start: before, end: before + content.length }
}

t.test('a key is found again wherever it lies, and no other is taken for it', (t) => {
  for (let length = 0; length <= 70; length++) {
    const content = Uint8Array.from({ length }, (_, index) => 0xf0 - index)
    const cache = new ByteCache<string>(8)
    cache.add(keyOf(content), 'value')
    t.equal(cache.find(keyOf(content)), 'value', `${length} bytes`)
    // What followed is looked at first: itself.
    t.equal(cache.find(keyOf(content, CONTEXT, 6)), 'value', `${length} bytes elsewhere`)
    for (let at = 0; at < length; at++) {
      const other = Uint8Array.from(content)
      other[at] = 0x0f
      t.equal(cache.find(keyOf(other)), undefined, `byte ${at} of ${length} is another`)
    }
    t.equal(cache.find(keyOf(Buffer.concat([content, Buffer.alloc(1)]))), undefined, 'a zero more')
    for (const name of ['first', 'second', 'third'] as const) {
      t.equal(cache.find(keyOf(content, { ...CONTEXT, [name]: 9 })), undefined, `another ${name}`)
    }
  }
  t.end()
})

t.test('what repeats in order is found, and so is what comes out of it', (t) => {
  const cache = new ByteCache<number>(64)
  const contents = Array.from({ length: 20 }, (_, index) => Buffer.from(`content ${index % 20}`))
  for (const [index, content] of contents.entries()) cache.add(keyOf(content), index)
  const order = [...contents.keys(), ...contents.keys(), 3, 1, 4, 1, 5, 9, 2, 6, ...contents.keys()]
  for (const index of order) t.equal(cache.find(keyOf(contents[index] ?? Buffer.of())), index)
  t.end()
})

t.test('an id is new once, also where many share a slot, and when the set has grown', (t) => {
  const ids = new IdSet()
  const known = new Set<number>()
  for (let round = 0; round < 3; round++) {
    for (let index = 1; index <= 20_000; index++) {
      // Every second one ends in the same twelve bits.
      const id = index % 2 === 0 ? (index << 12) | 7 : Math.imul(index, 0x9e37_79b1) | 0
      if (ids.add(id) === known.has(id)) t.fail(`${id} in round ${round}`)
      known.add(id)
    }
    ids.clear()
    known.clear()
  }
  t.equal(ids.add(5), true, 'after it was cleared')
  t.equal(ids.add(5), false)
  t.equal(ids.add(0), false, 'that of a free slot is never new')
  t.end()
})
