import t from 'tap'
import { type Blocks, createSpaceReader } from '../../../collector/telemetry/host/space'
import { statfsOfAll } from './fixture'

t.test('used, free for everybody and reserved add up to the size', async (t) => {
  t.strictSame(await createSpaceReader(statfsOfAll)('/'), {
    usedBytes: 700 * 4096,
    freeBytes: 250 * 4096,
    reservedBytes: 50 * 4096,
  })
})

t.test('a filesystem that cannot be measured is null, and measured again', async (t) => {
  let calls = 0
  const read = createSpaceReader(() =>
    ++calls === 1 ? Promise.reject(new Error('gone')) : statfsOfAll(),
  )
  t.equal(await read('/'), null)
  t.match(await read('/'), { freeBytes: 250 * 4096 })
})

t.test('a filesystem that hangs is given up, and not asked again before it answered', async (t) => {
  const asked: string[] = []
  let answer: (blocks: Blocks) => void = () => undefined
  const read = createSpaceReader((path) => {
    asked.push(path)
    return path === '/hung' ? new Promise<Blocks>((done) => (answer = done)) : statfsOfAll()
  }, 1)
  // The limit is no reason for the process to stay.
  const stay = setInterval(() => undefined, 1000)
  t.teardown(() => clearInterval(stay))
  t.equal(await read('/hung'), null)
  t.equal(await read('/hung'), null)
  t.match(await read('/well'), { freeBytes: 250 * 4096 })
  t.strictSame(asked, ['/hung', '/well'])
  answer(await statfsOfAll())
  await new Promise(setImmediate)
  const again = read('/hung')
  answer(await statfsOfAll())
  t.match(await again, { freeBytes: 250 * 4096 })
})

t.test('the root of this machine has a size', async (t) => {
  const space = await createSpaceReader(undefined, 60_000)('/')
  t.ok(space !== null && space.usedBytes > 0 && space.freeBytes >= 0 && space.reservedBytes >= 0)
})
