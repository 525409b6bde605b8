import type { Client } from 'pg'
import type { RunningCollector } from '../helpers/collector'
import { ask } from './ask'
import {
  BUSINESS_EVENTS,
  fillMonitoring,
  RATE_LIMITS,
  RULES,
  TOUCHED,
  touchWebhooks,
  USERS,
  WEBHOOKS,
} from './monitoring-fill'
import { type Figure, quantile, spread } from './report'

/** Asked before time is taken: connections and code that are new take three times as long. */
const WARMING = 5
const QUESTIONS = 40
const REFRESHES = 20
const MONTH = `hours=${30 * 24}`
/** Most that one answer lists. */
const LISTED = 1000

/** A question, and how much of it comes back at least. */
interface Asked {
  readonly name: string
  readonly path: string
  readonly found: (answer: Answer) => number
  readonly least: number
  /** Of a month of costs or business events. */
  readonly isLong?: true
}

interface Answer {
  readonly webhooks?: {
    readonly summary: { readonly total_webhooks: number }
    readonly webhooks: unknown[]
  }
  readonly rules?: { readonly rules: unknown[] }
  readonly rate_limits?: unknown[]
  readonly alerts?: { readonly total: number }
  readonly costs?: unknown[]
  readonly series?: unknown[]
}

const METRICS = '/v1/monitoring/metrics?type='

const ASKED: readonly Asked[] = [
  {
    name: 'metrics, all',
    path: `${METRICS}all`,
    found: ({ webhooks }) => webhooks?.webhooks.length ?? 0,
    least: LISTED,
  },
  {
    name: 'metrics, webhooks',
    path: `${METRICS}webhook`,
    found: ({ webhooks }) =>
      webhooks?.summary.total_webhooks === WEBHOOKS ? webhooks.webhooks.length : 0,
    least: LISTED,
  },
  {
    name: 'metrics, rules',
    path: `${METRICS}rule`,
    found: ({ rules }) => rules?.rules.length ?? 0,
    least: RULES,
  },
  {
    name: 'metrics, rate limits',
    path: `${METRICS}rate_limit`,
    found: ({ rate_limits }) => rate_limits?.length ?? 0,
    least: RATE_LIMITS,
  },
  {
    name: 'metrics, alerts',
    path: `${METRICS}alerts`,
    found: ({ alerts }) => alerts?.total ?? 0,
    least: 310,
  },
  {
    name: 'alerts',
    path: '/api/admin/observability/alerts',
    // A list and nothing around it.
    found: (answer) =>
      Array.isArray(answer) ? new Set(answer.map(({ type }: { type: string }) => type)).size : 0,
    least: 6,
  },
  {
    name: 'costs, 30 days by user',
    path: `/api/v1/costs?${MONTH}&limit=${USERS}`,
    found: ({ costs }) => costs?.length ?? 0,
    least: USERS,
    isLong: true,
  },
  {
    name: 'costs, 30 days by day',
    path: `/api/v1/costs?${MONTH}&groupBy=day`,
    found: ({ costs }) => costs?.length ?? 0,
    least: 30,
    isLong: true,
  },
  {
    name: 'business series, 30 days by the day',
    path: `/api/v1/business-events/series?${MONTH}&step=1d&limit=100`,
    found: ({ series }) => series?.length ?? 0,
    least: 3 * BUSINESS_EVENTS,
    isLong: true,
  },
  {
    name: 'business series, 30 days by the hour',
    path: `/api/v1/business-events/series?${MONTH}&step=1h&limit=100`,
    found: ({ series }) => series?.length ?? 0,
    least: 3 * BUSINESS_EVENTS,
    isLong: true,
  },
]

/** Answers about 10,000 webhooks, 500 rules and 30 days of costs and business events, and what a refresh takes. */
export async function benchMonitoring(
  client: Client,
  url: string,
  start: () => Promise<RunningCollector>,
): Promise<Figure[]> {
  await fillMonitoring(client, url)
  const collector = await start()
  const answers: Figure[] = []
  for (const asked of ASKED) answers.push(...(await timeAnswers(collector, asked)))
  await collector.end('SIGTERM')
  // Deliveries that succeed end what there was to be told of.
  const refreshes = [
    ...(await timeRefreshes(client, 'nothing to do', () => Promise.resolve())),
    ...(await timeRefreshes(client, `${TOUCHED.toLocaleString('en')} webhooks touched`, (round) =>
      touchWebhooks(client, round),
    )),
  ]
  return [...answers, ...refreshes]
}

async function timeAnswers(
  collector: RunningCollector,
  { name, path, found, least, isLong }: Asked,
): Promise<Figure[]> {
  const all: number[] = []
  for (let asked = 0; asked < WARMING; asked++) await ask(collector, path)
  for (let asked = 0; asked < QUESTIONS; asked++) {
    const { answer, millis } = await ask<Answer>(collector, path)
    const count = found(answer)
    if (count < least) throw new Error(`${name} came back with ${count}, not ${least}`)
    all.push(millis)
  }
  process.stderr.write(`monitoring: ${name}: ${quantile(all, 0.5).toFixed(1)} ms\n`)
  return spread(
    `monitoring: ${name}`,
    all,
    isLong ? { floor: 1000, aim: 300 } : { floor: 100, aim: 50 },
  )
}

/** `prepare` and the refresh are one transaction; the refresh alone is timed. */
async function timeRefreshes(
  client: Client,
  name: string,
  prepare: (round: number) => Promise<void>,
): Promise<Figure[]> {
  const all: number[] = []
  for (let round = 0; round < REFRESHES; round++) {
    await client.query('begin')
    await prepare(round)
    const startedAt = process.hrtime.bigint()
    await client.query('select sidelight.refresh_monitoring_views()')
    all.push(Number(process.hrtime.bigint() - startedAt) / 1e6)
    await client.query('commit')
  }
  process.stderr.write(`monitoring: refresh, ${name}: ${quantile(all, 0.5).toFixed(1)} ms\n`)
  return spread(`monitoring: refresh, ${name}`, all, { floor: 1000, aim: 200 })
}
