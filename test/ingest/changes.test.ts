import t from 'tap'
import { createCounters } from '../../collector/telemetry/counters'
import { controlledWrites, send, startPipeline, translated } from './writes'

t.test('what was changed in a request to keep it is counted by reason', async (t) => {
  const counters = createCounters()
  const translate = () =>
    translated({
      accepted: 0,
      repairedStrings: 1,
      unassociated: 7,
      correlationsLeftOut: 8,
      throwsLeftOut: 9,
      eventsLeftOut: 10,
      truncatedAttributes: { count: 2, length: 3 },
      overflowed: {
        operation: 4,
        resource: 5,
        scope: 6,
        metric_series: 0,
        error_group_hash: 7,
        release: 0,
        catalogue: 11,
      },
    })
  const { pipeline } = await startPipeline(t, { ...controlledWrites(), counters, translate })
  await Promise.all([send(pipeline).answer, send(pipeline).answer])
  const lines = (await counters.registry.metrics()).split('\n')
  for (const line of [
    'sidelight_repaired_strings_total 2',
    'sidelight_unassociated_log_records_total 14',
    'sidelight_correlations_left_out_total 16',
    'sidelight_throws_left_out_total 18',
    'sidelight_events_left_out_total 20',
    'sidelight_truncated_attributes_total{reason="count"} 4',
    'sidelight_truncated_attributes_total{reason="length"} 6',
    'sidelight_overflowed_total{dictionary="operation"} 8',
    'sidelight_overflowed_total{dictionary="resource"} 10',
    'sidelight_overflowed_total{dictionary="scope"} 12',
    'sidelight_overflowed_total{dictionary="error_group_hash"} 14',
    'sidelight_overflowed_total{dictionary="catalogue"} 22',
  ]) {
    t.ok(lines.includes(line), line)
  }
})
