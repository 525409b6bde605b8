import type { Pool } from 'pg'
import { readConditions } from './monitoring/conditions'
import { readRateLimits } from './monitoring/rate-limits'
import { createRefresh } from '../refresh'
import { readRules } from './monitoring/rules'
import { readWebhooks } from './monitoring/webhooks'
import { readTogether } from './read'

/** A question about webhooks, rules and rate limits. */
export interface MonitoredQuestion {
  /** Null for all. */
  readonly tenant: string | null
  readonly parts: readonly ('webhook' | 'rule' | 'rate_limit' | 'alerts')[]
  readonly limit: number
  /** Only this webhook; null for all. */
  readonly webhookId: string | null
}

/** The questions about what applications tell of themselves, asked of `pool`. */
export function createMonitoringQueries(pool: Pool) {
  return {
    readMonitored: (question: MonitoredQuestion) => readMonitored(pool, question),
    readConditions: (question: Parameters<typeof readConditions>[1]) =>
      readConditions(pool, question),
    refreshViews: createRefresh(pool),
  }
}

async function readMonitored(
  pool: Pool,
  { tenant, parts, limit, webhookId: id }: MonitoredQuestion,
) {
  return readTogether(pool, 'what is monitored', async (reading) => ({
    ...(parts.includes('webhook') && {
      webhooks: await readWebhooks(reading, tenant, { limit, id }),
    }),
    ...(parts.includes('rule') && { rules: await readRules(reading, tenant, limit) }),
    ...(parts.includes('rate_limit') && {
      rate_limits: await readRateLimits(reading, tenant, limit),
    }),
  }))
}
