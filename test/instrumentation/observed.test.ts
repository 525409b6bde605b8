import t from 'tap'
import { observe } from '../../instrumentation/api/observed'

const EXPECTED = new TypeError('expected')

function raise(): never {
  throw EXPECTED
}

t.test('what can be awaited settles as it would unobserved, and is told of once', async (t) => {
  let told: unknown[] = []
  const settle = (made: unknown): unknown =>
    observe(
      () => made,
      (isFailed, thrown) => {
        told.push(isFailed ? thrown : 'done')
        raise()
      },
    )
  // It is all that `await` asks for.
  const bare = { then: (resolve: (value: number) => void) => void resolve(5) }
  const twice = { then: (resolve: (value: number) => void) => (resolve(6), resolve(7)) }
  const refusing = { then: (_: unknown, reject: (error: Error) => void) => reject(EXPECTED) }
  t.equal(await settle(bare), 5)
  t.equal(await settle(twice), 6)
  t.equal(await settle(Promise.resolve(8)), 8)
  t.strictSame(told, ['done', 'done', 'done'])
  told = []
  await t.rejects(async () => settle(refusing), EXPECTED)
  await t.rejects(async () => settle({ then: raise }), EXPECTED)
  await t.rejects(async () => settle({ then: raise, catch: raise }), EXPECTED)
  await t.rejects(async () => settle(Promise.reject(EXPECTED)), EXPECTED)
  t.strictSame(told, [EXPECTED, EXPECTED, EXPECTED, EXPECTED])
})

t.test('what a library promises keeps the methods of the library', async (t) => {
  class Chained extends Promise<number> {
    double(): Promise<number> {
      return this.then((value) => value * 2)
    }
  }
  const query = {
    ran: 0,
    then: (resolve: () => void) => (query.ran++, resolve(), query),
    catch: raise,
  }
  const made = observe(
    () => new Chained((resolve) => resolve(4)),
    () => undefined,
  )
  t.equal(await made.double(), 8)
  const observed = observe(
    () => query,
    () => undefined,
  )
  t.equal(observed, query)
  t.equal(query.ran, 1)
})

t.test('what cannot be awaited is returned as it is', (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const generators = [(function* () {})(), (async function* () {})()]
  const unreadable = Object.defineProperty({}, 'then', { get: raise })
  for (const made of [proxy, unreadable, ...generators, undefined, raise]) {
    const told: unknown[] = []
    const result = observe(
      () => made,
      (isFailed) => told.push(isFailed),
    )
    t.ok(Object.is(result, made))
    t.strictSame(told, [false])
  }
  t.end()
})
