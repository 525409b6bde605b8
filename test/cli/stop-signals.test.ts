import { EventEmitter } from 'node:events'
import t from 'tap'
import { watchStopSignals, whenAborted } from '../../collector/cli/stop-signals'

function watch() {
  const source = new EventEmitter()
  let nowMs = 1_000
  const signals = watchStopSignals(source, () => nowMs)
  return {
    ...signals,
    sendAfter(pauseMs: number, name: NodeJS.Signals) {
      nowMs += pauseMs
      return source.emit(name)
    },
  }
}

t.test('the first signal is to stop, and every later one finds a listener', (t) => {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const { stop, hurry, sendAfter } = watch()
    t.notOk(stop.aborted)
    t.ok(sendAfter(60_000, name))
    t.equal(stop.reason, name)
    for (const pauseMs of [0, 10, 480]) t.ok(sendAfter(pauseMs, name))
    t.notOk(hurry.aborted, 'echoes hurry nobody')
    t.ok(sendAfter(10, name))
    t.ok(hurry.aborted)
    t.ok(sendAfter(10, name))
  }
  t.end()
})

t.test('a later signal of the other kind hurries as well, and leaves the reason', (t) => {
  const { stop, hurry, sendAfter } = watch()
  sendAfter(0, 'SIGINT')
  sendAfter(499, 'SIGTERM')
  t.notOk(hurry.aborted)
  sendAfter(1, 'SIGTERM')
  t.ok(hurry.aborted)
  t.equal(stop.reason, 'SIGINT')
  t.end()
})

t.test('what was asked for before somebody waits for it is not missed', async (t) => {
  const { stop, hurry, sendAfter } = watch()
  const hurried = whenAborted(hurry)
  sendAfter(0, 'SIGTERM')
  await whenAborted(stop)
  sendAfter(1_000, 'SIGTERM')
  await hurried
  t.pass('both came')
})
