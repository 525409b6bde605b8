import { createBusinessQueries } from '../../collector/store/queries/business'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { createMonitoringQueries } from '../../collector/store/queries/monitoring'
import type { Test } from '../store/database'
import { openEvents } from '../store/seed-events'
import { buildApi } from './server'

/** An API over a database that events are stored in by `store` of `seed-events`. */
export async function buildEvents(t: Test, overrides: Parameters<typeof buildApi>[1] = {}) {
  const pool = await openEvents(t)
  const { app } = buildApi(t, {
    now: Date.now,
    correlationAttributes: ['correlation.id', 'request.id'],
    ...overrides,
    queries: {
      ...createMonitoringQueries(pool),
      ...createBusinessQueries(pool),
      ...createErrorQueries(pool),
      ...createFigureQueries(pool),
    },
  })
  return { app, pool }
}
