import { spawnSync } from 'node:child_process'
import t from 'tap'
import { fakeFigures, figuresOf } from '../api/figures'
import { ADMIN, bearer, buildApi } from '../api/server'

t.test('promtool finds nothing wrong with the numbers for Prometheus', async (t) => {
  const { readFigures } = fakeFigures(() => [
    figuresOf([1, 30, 700], { errorCount: 1, adjustedErrorCount: 1.5 }),
    figuresOf([90_000], { operation: 'POST "/x"\\\n{}', module: 'Größe', tenant: 'acme' }),
    figuresOf([], { service: 'of unknown durations', count: 7, adjustedCount: 7 }),
  ])
  const { app } = buildApi(t, { queries: { readFigures } })
  const url = '/api/admin/observability/metrics/prometheus'
  const { body } = await app.inject({ url, headers: bearer(ADMIN) })
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body })
  t.strictSame([status, String(stdout), String(stderr)], [0, '', ''])
})
