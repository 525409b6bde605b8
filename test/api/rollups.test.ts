import t from 'tap'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { openDatabase } from '../store/database'
import { seedRollups, type RolledSpan, type RollupLevel } from '../store/seed-rollups'
import { ask } from './answer'
import { ADMIN, bearer, buildApi } from './server'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Noon of today, which whoever reads by Postgres's clock takes for recent. */
const DAY_MS = 24 * HOUR_MS
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * HOUR_MS
const ADMIN_PREFIX = '/api/admin/observability'

/** Requests of two services and a client's call: of three hours, two of which are over. */
const SPANS: RolledSpan[] = [
  { endMs: NOON_MS - 150 * MINUTE_MS, durationMs: 100 },
  { endMs: NOON_MS - 90 * MINUTE_MS, durationMs: 300, isFailed: true },
  { endMs: NOON_MS - 5 * MINUTE_MS, durationMs: 200, adjusted: 2.5 },
  { endMs: NOON_MS - 5 * MINUTE_MS, durationMs: 50, service: 2n },
  { endMs: NOON_MS - 5 * MINUTE_MS, durationMs: 700, service: 2n, isRequest: false },
]

for (const levels of [[0], [1, 2]] as RollupLevel[][]) {
  t.test(`rollups of level ${levels.join()} answer for services and operations`, async (t) => {
    const pool = await openDatabase(t)
    await seedRollups(pool, SPANS, levels)
    const { app } = buildApi(t, { queries: createFigureQueries(pool), now: () => NOON_MS })
    const get = (path: string, query = '') => ask(app, path, `${path}${query}`)
    t.match(await get(`${ADMIN_PREFIX}/performance/stats`, '?hours=3'), {
      stats: [
        { service: 'gateway', operation: 'GET /shop', kind: 'server', count: 3, errorCount: 1 },
        { service: 'orders', operation: 'place order', count: 2, durationMs: { max: 700 } },
      ],
    })
    t.match(await get(`${ADMIN_PREFIX}/performance/top-slow`, '?hours=3&limit=1'), {
      stats: [{ service: 'orders' }],
      truncated: true,
    })
    t.match(await get(`${ADMIN_PREFIX}/performance/trends`, '?hours=3&step=1h&service=gateway'), {
      stepSeconds: 3600,
      trends: [{ count: 1 }, { count: 1, errorRate: 100 }, { count: 1, ratePerSecond: 2.5 / 3600 }],
    })
    t.match(await get('/api/v1/services', '?hours=3'), {
      services: [
        { service: 'gateway', spanCount: 3, count: 3, errorRate: 100 / 4.5 },
        { service: 'orders', spanCount: 2, count: 1, durationMs: { max: 50 } },
      ],
    })
    t.match(await get('/api/v1/operations', '?hours=3&service=orders'), {
      operations: [{ module: 'orders', operation: 'place order', count: 2 }],
    })
    t.match(await get('/api/v1/service-map', '?hours=3'), {
      nodes: [{ service: 'gateway' }, { service: 'orders' }],
      edges: [],
    })
    const { body } = await app.inject({
      url: `${ADMIN_PREFIX}/metrics/prometheus`,
      headers: bearer(ADMIN),
    })
    t.match(body, /sidelight_service_requests_total\{[^}]*service="gateway"\} 5\n/)
    t.match(body, /sidelight_service_request_errors_total\{[^}]*service="gateway"\} 1\n/)
    t.match(body, /_request_duration_seconds_sum\{[^}]*service="gateway"\} 0\.9\n/)
    t.match(body, /sidelight_operation_requests_total\{[^}]*operation="place order"[^}]*\} 1\n/)
  })
}
