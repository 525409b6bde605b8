import t from 'tap'
import { MAX_CHARACTERS, Recent } from '../../instrumentation/libraries/recent'

t.test('what was used of late is kept, the rest is forgotten', async (t) => {
  const recent = new Recent<number>(2)
  for (const [value, key] of ['a', 'b', 'c', 'd'].entries()) recent.set(key, value)
  t.equal(recent.get('a'), 0)
  recent.set('e', 4)
  t.equal(recent.get('a'), 0)
  t.equal(recent.get('b'), undefined)
})

t.test('long keys are bounded by their characters', async (t) => {
  const recent = new Recent<number>(500)
  const length = 16_384
  const keyOf = (value: number): string => `${value}`.padEnd(length)
  for (let value = 0; value < 1_000; value++) recent.set(keyOf(value), value)
  const kept = Array.from({ length: 1_000 }, (_, value) => keyOf(value)).filter(
    (key) => recent.get(key) !== undefined,
  )
  t.equal(recent.get(keyOf(999)), 999)
  t.ok(kept.length * length <= 2 * MAX_CHARACTERS, `${kept.length} are kept`)
})
