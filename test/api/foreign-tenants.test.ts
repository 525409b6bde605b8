import t from 'tap'
import { refresh, type SeedEvent, store } from '../store/seed-events'
import { buildEvents } from './events'
import { ACME_ADMIN, bearer, READ } from './server'

const PATHS = [
  '/v1/monitoring/metrics?',
  '/api/v1/monitoring/metrics?',
  '/api/v1/costs?',
  '/api/v1/business-events?',
  '/api/admin/observability/alerts?',
]
const FOREIGN = 'other-mark'
const HOSTILE = [
  "' or '1'='1",
  "'; drop table sidelight.event; --",
  '$1',
  '\u0000',
  '\ud83d\ude00'.repeat(200),
  '1e9',
  '{}',
]

/** Of another tenant: fails, runs against its limit and costs something, so that every answer has something to tell. */
function foreign(kind: SeedEvent['kind'], outcome: SeedEvent['outcome'], detail = ''): SeedEvent[] {
  return Array.from({ length: 12 }, (_, at) => ({
    kind,
    subject: FOREIGN,
    detail,
    tenant: 'other',
    outcome,
    atNs: BigInt(Date.now() - 60_000 + at) * 1_000_000n,
    amount: 95,
  }))
}

t.setTimeout(120_000)

t.test('a token of a tenant is told nothing of others, whatever it asks', async (t) => {
  const { app, pool } = await buildEvents(t)
  await store(pool, [
    ...foreign('webhook', 'failed'),
    ...foreign('rule', 'failed'),
    ...foreign('business', 'failed', 'failed'),
    ...foreign('cost', 'succeeded', FOREIGN),
  ])
  await refresh(pool)
  const ask = (url: string, token: string) => app.inject({ url, headers: bearer(token) })
  for (const path of PATHS.slice(0, 4)) {
    t.match((await ask(path, READ)).body, FOREIGN, `${path} has something to tell`)
  }
  for (const path of PATHS) {
    for (const asked of [
      '',
      'tenant=other',
      'org_id=other',
      'tenant=other&tenant=acme',
      'tenant=',
    ]) {
      const { statusCode, body } = await ask(path + asked, ACME_ADMIN)
      t.ok(statusCode < 500, `${path}${asked} ${statusCode}`)
      t.notMatch(body, FOREIGN)
      t.notMatch(body, /"(?:total_deliveries|totalUsd|total_triggers|critical_webhooks)":[1-9]/)
    }
  }
})

t.test('whatever is in a parameter is a value, and never a failure', async (t) => {
  const { app, pool } = await buildEvents(t)
  await store(pool, foreign('webhook', 'failed'))
  const names = [
    'tenant',
    'org_id',
    'webhook_id',
    'type',
    'limit',
    'groupBy',
    'cursor',
    'since',
    'userId',
    'name',
  ]
  for (const path of PATHS.slice(1, 4)) {
    for (const name of names) {
      for (const value of HOSTILE) {
        const url = `${path}${name}=${encodeURIComponent(value)}`
        const { statusCode, body } = await app.inject({ url, headers: bearer(READ) })
        if (statusCode >= 500) t.fail(`${url} ${statusCode} ${body}`)
      }
    }
  }
  const { rows } = await pool.query('select count(*)::int as count from sidelight.event')
  t.same(rows, [{ count: 12 }])
})
