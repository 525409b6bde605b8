import t from 'tap'
import { createCounters } from '../../collector/telemetry/counters'

t.test('every number of the collector has its prefix and an explanation', async (t) => {
  const { registry } = createCounters()
  const metrics = await registry.getMetricsAsJSON()
  for (const { name, help } of metrics) {
    t.match(name, /^sidelight_[a-z0-9_]+$/)
    t.match(help, /\w+/, name)
  }
})

t.test('collectors in one process count apart', async (t) => {
  const first = createCounters()
  const second = createCounters()
  first.items.inc({ signal: 'traces', outcome: 'stored' }, 3)
  t.match(
    await first.registry.metrics(),
    /^sidelight_items_total\{signal="traces",outcome="stored"\} 3$/m,
  )
  t.notMatch(await second.registry.metrics(), /outcome="stored"/)
})
