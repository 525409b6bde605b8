import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { timeLimit } from '../collector/time-limit'
import { until } from './helpers/until'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('a time limit beside a signal is kept while somebody listens', async (t) => {
  let aborted = 0
  const listen = (ms: number, signal?: AbortSignal) =>
    timeLimit(ms, signal).addEventListener('abort', () => void aborted++)
  listen(100, new AbortController().signal)
  listen(100)
  collectGarbage()
  await until(() => aborted === 2, 10_000, 'both limits')
  t.equal(aborted, 2)
})

t.test('a time limit ends with its signal', async (t) => {
  const stopped = new AbortController()
  const limit = timeLimit(60_000, stopped.signal)
  t.notOk(limit.aborted)
  stopped.abort()
  t.ok(limit.aborted)
})
