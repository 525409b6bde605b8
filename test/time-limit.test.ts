import { getEventListeners, once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { within } from '../collector/time-limit'
import { until } from './helpers/until'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('a limit outlives a collection of garbage', async (t) => {
  let ended = 0
  for (const signal of [undefined, new AbortController().signal]) {
    void within(100, signal, (limit) => once(limit, 'abort')).then(() => ended++)
  }
  collectGarbage()
  await until(() => ended === 2, 10_000, 'both limits')
  t.equal(ended, 2)
})

t.test('a limit ends with its signal, or has ended with it', async (t) => {
  const stopped = new AbortController()
  const ended = within(60_000, stopped.signal, (limit) => once(limit, 'abort'))
  stopped.abort()
  await ended
  t.ok(await within(60_000, stopped.signal, (limit) => Promise.resolve(limit.aborted)))
})

t.test('nothing of a limit stays with a signal that goes on', async (t) => {
  const { signal } = new AbortController()
  t.equal(await within(60_000, signal, () => Promise.resolve('done')), 'done')
  await t.rejects(
    within(60_000, signal, () => Promise.reject(new Error('failed'))),
    { message: 'failed' },
  )
  t.same(getEventListeners(signal, 'abort'), [])
})
