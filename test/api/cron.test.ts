import t from 'tap'
import { until } from '../helpers/until'
import { countWaiting } from '../store/database'
import { MINUTE_NS, nowNs, store } from '../store/seed-events'
import { ask, send } from './answer'
import { buildEvents } from './events'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const PATH = '/api/cron/refresh-monitoring-views'
const SECRETS = ['scheduler-secret-0123456789', 'scheduler-secret-next-0123']

interface Refreshed {
  readonly asOf: string
  readonly monitoringAsOf: string
  readonly observabilityAsOf: string
}

t.test('a call brings what applications told into the views at once', async (t) => {
  const { app, pool } = await buildEvents(t)
  const count = async () => {
    const { rows } = await pool.query<{ n: number }>(
      'select coalesce(sum(total_deliveries), 0)::int as n from sidelight.mv_webhook_performance',
    )
    return rows[0]?.n
  }
  const atNs = nowNs() - 2n * MINUTE_NS
  const delivery = { kind: 'webhook', subject: 'w', outcome: 'succeeded', atNs } as const
  await store(pool, [delivery])
  t.equal(await count(), 0)
  const startedMs = Date.now()
  const got = await ask<Refreshed>(app, PATH, PATH)
  t.equal(await count(), 1)
  const [asOf, monitoring, observability] = [
    got.asOf,
    got.monitoringAsOf,
    got.observabilityAsOf,
  ].map(Date.parse) as [number, number, number]
  t.equal(asOf, Math.min(monitoring, observability))
  t.ok(Math.abs(asOf - startedMs) < 60_000, 'it is fresh as of now')
  await store(pool, [delivery])
  await send(app, PATH, PATH)
  t.equal(await count(), 2)
})

t.test('a scheduler proves itself by its secret, which opens nothing else', async (t) => {
  let calls = 0
  const { app } = buildApi(t, {
    cronSecrets: SECRETS,
    queries: {
      refreshViews: () => {
        calls += 1
        return Promise.resolve({ monitoringMs: NOW_MS, observabilityMs: NOW_MS + 1 })
      },
    },
  })
  const statusOf = async (method: 'GET' | 'POST', url: string, token: string | null) =>
    (await app.inject({ method, url, headers: token === null ? {} : bearer(token) })).statusCode
  for (const method of ['GET', 'POST'] as const) {
    for (const token of [...SECRETS, ADMIN]) t.equal(await statusOf(method, PATH, token), 200)
    t.equal(await statusOf(method, PATH, null), 401, 'no token')
    t.equal(await statusOf(method, PATH, 'scheduler-secret-9876543210'), 401, 'another secret')
    for (const token of [READ, INGEST]) t.equal(await statusOf(method, PATH, token), 403)
  }
  t.equal(calls, 6)
  const elsewhere = ['/api/v1/costs', '/api/admin/observability/alerts', '/metrics']
  for (const url of elsewhere) t.equal(await statusOf('GET', url, SECRETS[0] ?? ''), 401, url)
  const { headers } = await app.inject({ url: PATH })
  t.match(headers['www-authenticate'], /^Bearer/)
})

t.test('however many call at once, two connections wait at most', async (t) => {
  const { app, pool } = await buildEvents(t)
  const atNs = nowNs() - 2n * MINUTE_NS
  const other = await pool.connect()
  t.teardown(() => Promise.resolve(other.release(true)))
  await other.query('begin')
  await other.query('select sidelight.refresh_monitoring_views()')
  const call = async () => (await app.inject({ url: PATH, headers: bearer(ADMIN) })).statusCode
  const first = call()
  await until(async () => (await countWaiting(pool)) === 1, 10_000, 'the first one to wait')
  const calls = Array.from({ length: 50 }, call)
  await store(pool, [{ kind: 'webhook', subject: 'w', outcome: 'succeeded', atNs }])
  t.equal(await countWaiting(pool), 1)
  t.ok(pool.totalCount <= 3, `${pool.totalCount} connections`)
  await other.query('commit')
  t.same(new Set(await Promise.all([first, ...calls])), new Set([200]))
  const { rows } = await pool.query('select webhook_id from sidelight.mv_webhook_performance')
  t.same(rows, [{ webhook_id: 'w' }], 'and each is told of what was there when it called')
})

t.test('what a scheduler sends along does not matter', async (t) => {
  const { app } = buildApi(t, {
    queries: {
      refreshViews: () => Promise.resolve({ monitoringMs: NOW_MS, observabilityMs: NOW_MS }),
    },
  })
  for (const [type, payload] of [
    ['application/json', ''],
    ['application/json', '{'],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['text/odd', '\0'],
  ] as const) {
    const headers = { ...bearer(ADMIN), 'content-type': type }
    const { statusCode } = await app.inject({ method: 'POST', url: PATH, headers, payload })
    t.equal(statusCode, 200, `${type} ${payload}`)
  }
})

t.test('an admin token of a tenant refreshes nothing of others', async (t) => {
  const { app } = buildApi(t)
  for (const method of ['GET', 'POST'] as const) {
    const { statusCode } = await app.inject({ method, url: PATH, headers: bearer(ACME_ADMIN) })
    t.equal(statusCode, 403)
  }
})

t.test('without a secret, only an admin token opens it', async (t) => {
  const { app } = buildApi(t)
  const statusOf = async (authorization: string) =>
    (await app.inject({ url: PATH, headers: { authorization } })).statusCode
  t.equal(await statusOf(`Bearer ${ADMIN}`), 200)
  for (const text of ['Bearer ', 'Bearer undefined', 'Bearer null']) {
    t.equal(await statusOf(text), 401, text)
  }
})
