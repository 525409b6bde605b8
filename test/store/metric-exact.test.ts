import t from 'tap'
import { add, greatest, least, narrow, subtract } from '../../collector/store/queries/metric/exact'
import { createRandom } from '../helpers/random'

const BEYOND = 2n ** 53n + 1n

t.test('integers are added and subtracted without losing a digit', (t) => {
  t.equal(add(Number.MAX_SAFE_INTEGER, 2), BEYOND)
  t.equal(subtract(BEYOND, 2), Number.MAX_SAFE_INTEGER)
  t.equal(subtract(-Number.MAX_SAFE_INTEGER, 2), -BEYOND)
  t.equal(subtract(2n ** 63n - 1n, 2n ** 63n - 2n), 1)
  const random = createRandom(7)
  const integer = () =>
    BigInt.asIntN(64, random.bytes(8).readBigInt64BE() >> BigInt(random.below(60)))
  for (let n = 0; n < 2000; n++) {
    const [a, b] = [integer(), integer()]
    t.ok(
      BigInt(add(narrow(a), narrow(b))) === a + b &&
        BigInt(subtract(narrow(a), narrow(b))) === a - b,
    )
  }
  t.end()
})

t.test('a fraction makes the sum a double, and a double stays one', (t) => {
  t.equal(add(BEYOND, 0.5), 2 ** 53)
  t.equal(add(0.1, 0.2), 0.1 + 0.2)
  t.equal(add(1e300, 1), 1e300)
  t.equal(add(Infinity, BEYOND), Infinity)
  t.end()
})

t.test('NaN is the least and the greatest only of nothing else', (t) => {
  t.equal(least(NaN, 3), 3)
  t.equal(least(3, NaN), 3)
  t.equal(greatest(NaN, BEYOND), BEYOND)
  t.equal(greatest(BEYOND, 2 ** 53), BEYOND)
  t.ok(Number.isNaN(least(NaN, NaN)))
  t.end()
})
