import type { MetricQuestion } from '../../collector/store/queries/metric/question'

const SINCE_MS = Date.parse('2026-03-01T11:00:00Z')
/** Four minutes. */
export const STEPS = { sinceMs: SINCE_MS, untilMs: SINCE_MS + 240_000, stepMs: 60_000, count: 4 }
/** When most streams began. */
export const START = '2026-03-01T09:00:00Z'

export const question: MetricQuestion = {
  name: 'temperature',
  kind: 'gauge',
  unit: '1',
  tenant: null,
  service: null,
  steps: STEPS,
  aggregation: 'avg',
  quantiles: [],
  filters: [],
  groupBy: [],
  maxSeries: 100,
}
export const point = (key: string) => ({ from: 'point' as const, key, label: key })
export const resource = (key: string) => ({
  from: 'resource' as const,
  key,
  label: `resource.${key}`,
})
export const SERVICE = { from: 'service' as const, key: 'service', label: 'service' }

/** ISO, so many minutes into the window. */
export const minute = (n: number) => new Date(SINCE_MS + n * 60_000).toISOString()
