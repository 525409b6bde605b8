import t from 'tap'
import { createCounters } from '../../collector/telemetry/counters'
import { until } from '../helpers/until'
import { ENCODINGS, openDoor, PATHS, TIMEOUT_MS, TYPES } from './door'

t.test('otlp 2, 9: each signal has a path, and what comes there is of that signal', async (t) => {
  const counters = createCounters()
  const door = await openDoor(t, { counters })
  for (const encoding of ENCODINGS) {
    const body = encoding === 'json' ? Buffer.from('{}') : Buffer.alloc(0)
    for (const path of PATHS) {
      const answer = await door.post(body, { encoding, path })
      t.equal(answer.status, 200)
      t.equal(answer.headers['content-type'], TYPES[encoding])
      t.equal(answer.body.toString(), body.toString())
    }
  }
  const signals = ['traces', 'metrics', 'logs']
  t.same(
    door.requests.map(({ signal }) => signal),
    [...signals, ...signals],
  )
  for (const signal of signals) await until200(counters, signal)
})

/** Until a request of the signal is counted. */
async function until200(counters: ReturnType<typeof createCounters>, signal: string) {
  const line = `sidelight_otlp_requests_total{signal="${signal}",encoding="json",status="200"} 1\n`
  await until(
    async () => (await counters.registry.metrics()).includes(line),
    TIMEOUT_MS,
    `a counted request of ${signal}`,
  )
}

t.test('otlp 18: what is rejected is named as the signal names it', async (t) => {
  const door = await openDoor(t, {
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.resolve({ rejected: 3, message: 'why' })
    },
  })
  const names = ['rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords']
  const bodies = []
  for (const [index, path] of PATHS.entries()) {
    const json = await door.post(Buffer.from('{}'), { encoding: 'json', path })
    const expected = { partialSuccess: { [names[index] ?? '']: '3', errorMessage: 'why' } }
    t.strictSame(JSON.parse(json.body.toString()), expected)
    bodies.push((await door.post(Buffer.alloc(0), { path })).body.toString('hex'))
  }
  t.equal(new Set(bodies).size, 1)
})
