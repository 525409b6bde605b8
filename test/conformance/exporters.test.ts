import t, { type Test } from 'tap'
import { type Way, WAYS } from './export'
import { kindOf, list, newService } from './message'
import { rebuildRequest } from './rebuild'
import {
  AggregationTemporality,
  exportLogs,
  exportMetrics,
  exportSpans,
  makeLogs,
  makeMetrics,
  makeSpans,
} from './sdk'
import { startSidelight } from './sidelight'
import { canonicalItem, readStored } from './stored'
import type { Message, Signal } from './target'

const starting = startSidelight(t)

t.test('spans of the official exporters become the same rows in every form', async (t) => {
  const spans = await makeSpans()
  const [trace] = await sameInEveryForm(t, 'traces', spans.length, (way, service) =>
    starting.then((receiver) => exportSpans(receiver, way, service, spans)),
  )
  t.match(trace, [
    { name: 'child', kind: 3, status: { code: 2 } },
    { name: 'root', kind: 2 },
  ])
})

t.test('log records of the official exporters become the same rows in every form', async (t) => {
  const records = await makeLogs()
  const [first] = await sameInEveryForm(t, 'logs', records.length, (way, service) =>
    starting.then((receiver) => exportLogs(receiver, way, service, records)),
  )
  t.match(first?.at(-1), { body: { stringValue: 'in a span' }, severityNumber: 17 })
})

for (const temporality of ['DELTA', 'CUMULATIVE'] as const) {
  t.test(`${temporality.toLowerCase()} metrics become the same rows in every form`, async (t) => {
    const collections = await makeMetrics(AggregationTemporality[temporality])
    const points = collections
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .reduce((count, { dataPoints }) => count + dataPoints.length, 0)
    const [metrics = []] = await sameInEveryForm(t, 'metrics', points, async (way, service) => {
      for (const collected of collections) {
        await exportMetrics(await starting, way, service, collected)
      }
    })
    const sums = metrics
      .map(({ sum }) => sum as Message | undefined)
      .filter((sum) => sum?.['isMonotonic'])
    const values = sums.flatMap((sum) =>
      list(sum?.['dataPoints']).map(({ asDouble, asInt }) => Number(asInt ?? asDouble)),
    )
    t.same(values, temporality === 'DELTA' ? [1_000, 2_000] : [1_000, 3_000])
    t.same([...new Set(metrics.map(kindOf))].sort(), [
      'exponentialHistogram',
      'gauge',
      'histogram',
      'sum',
    ])
  })
}

/** Sends in each form for a service of its own; what is stored differs in nothing else. Returns the items of each form. */
async function sameInEveryForm(
  t: Test,
  signal: Signal,
  count: number,
  exportAs: (way: Way, service: string) => Promise<void>,
): Promise<Message[][]> {
  const stored = []
  for (const way of WAYS) {
    const service = newService()
    await exportAs(way, service)
    stored.push(await readStored(await starting, signal, service, count))
  }
  const [first, ...others] = stored.map((items) => rebuildRequest(signal, 'the same', items))
  for (const [i, other] of others.entries()) t.strictSame(other, first, `as ${WAYS[i + 1]}`)
  return stored.map((items) => items.map(({ item }) => canonicalItem(signal, item)))
}
