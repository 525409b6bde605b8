import t from 'tap'
import { COST_GROUPS } from '../../../collector/api/business-contract'
import type { CostGroups } from '../../../instrumentation/client/index'
import * as client from '../../../instrumentation/client/index'
import type { Name } from '../../../instrumentation/client/routes'
import { differences } from './document'
import { READ_TOKEN, SEEDED, startSeeded } from './seeded'

t.setTimeout(240_000)

t.test('every function answers what a collector has, as the document says', async (t) => {
  const { url, token } = await startSeeded(t)
  Object.assign(process.env, { SIDELIGHT_API_URL: url, SIDELIGHT_API_TOKEN: token })
  const { service, calm, failed, foreign, foreignTenant: tenant } = SEEDED
  const asked = new Set<string>()
  /** The answer, if it is as documented. */
  const check = async <A>(name: Name, answer: Promise<A>): Promise<A> => {
    asked.add(name)
    t.strictSame(await differences(name, await answer), [], name)
    return answer
  }

  await t.test('performance', async (t) => {
    const stats = await check(
      'getPerformanceStats',
      client.getPerformanceStats({ hours: 1, service }),
    )
    const rows = stats.stats.map(({ module, operation, count }) => [module, operation, count])
    t.strictSame(rows.sort(), [
      ['', 'SELECT orders', 1],
      ['billing', 'POST /pay', 1],
      ['cart', 'GET /cart', 1],
      ['cart', 'GET /cart', 1],
    ])
    const hour = await client.getPerformanceStats(1)
    t.equal(hour.stats.length, stats.stats.length + 1, 'hours alone may be given as a number')

    const top = await check(
      'getTopSlowOperations',
      client.getTopSlowOperations({ hours: 1, service, by: 'max', limit: 1 }),
    )
    t.match(top, { stats: [{ operation: 'POST /pay', slowestTraceId: failed }], truncated: true })

    const trends = await check(
      'getPerformanceTrends',
      client.getPerformanceTrends({ hours: 1, service, step: '10m' }),
    )
    t.equal(trends.stepSeconds, 600)
    t.equal(
      trends.trends.reduce((sum, { count }) => sum + count, 0),
      4,
    )

    const slow = await check(
      'getSlowOperations',
      client.getSlowOperations({ service, threshold: 100, tenant: '' }),
    )
    t.strictSame(
      slow.operations.map(({ traceId }) => traceId),
      [failed, calm],
    )
    t.match(slow, { thresholdMs: 100, operations: [{ durationMs: 2_500 }, { durationMs: 120 }] })

    const query = { hours: 1, operation: 'GET /cart', limit: 1 }
    const page = await check('getPerformanceMetrics', client.getPerformanceMetrics(query))
    t.equal(page.metrics.length, 1)
    const cursor = page.nextCursor ?? ''
    const next = await client.getPerformanceMetrics({ ...query, cursor })
    t.strictSame([...page.metrics, ...next.metrics].map(({ traceId }) => traceId).sort(), [
      calm,
      foreign,
    ])
  })

  await t.test('traces', async (t) => {
    const trace = await check('getTrace', client.getTrace(failed))
    t.match(trace, {
      traceId: failed,
      services: [service],
      spans: [{ name: 'POST /pay', durationMs: 2_500 }],
      logs: [{ body: 'card is slow' }],
      occurrences: [{ class: SEEDED.errorClass }],
    })
    const whole = await client.getTrace(calm)
    asked.add('getTraceSpans').add('getTraceTree')
    t.strictSame(await client.getTraceSpans(calm), whole.spans)
    t.match(whole.spans, [
      { name: 'GET /cart', depth: 0 },
      { name: 'SELECT orders', depth: 1 },
    ])
    t.strictSame(await client.getTraceTree(calm), whole.tree)
    t.match(whole.tree, [
      { name: 'GET /cart', children: [{ name: 'SELECT orders', children: [] }] },
    ])
    const uuid = calm.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    t.equal((await client.getTrace(uuid)).traceId, calm, 'an id may be a uuid')

    const slow = await check('getSlowTraces', client.getSlowTraces({ service, threshold: 100 }))
    t.strictSame(
      slow.map(({ traceId, durationMs }) => [traceId, durationMs]),
      [
        [failed, 2_500],
        [calm, 120],
      ],
    )
    const stats = await check('getTraceStats', client.getTraceStats({ hours: 1, service }))
    t.match(stats, { traceCount: 3, requestCount: 3, errorCount: 1, durationMs: { max: 2_500 } })

    const attribute = ['http.route=/cart', 'http.request.method=GET']
    const found = await check(
      'searchTraces',
      client.searchTraces({ hours: 1, service, attribute, tenant: '' }),
    )
    t.strictSame(
      found.traces.map(({ traceId }) => traceId),
      [calm],
      'an attribute may be repeated',
    )
  })

  await t.test('errors, until one is resolved', async (t) => {
    const question = { module: 'billing', unresolvedOnly: true, minOccurrences: 1, hours: 1 }
    const { errors } = await check('getAggregatedErrors', client.getAggregatedErrors(question))
    t.match(errors, [{ class: SEEDED.errorClass, message: 'payment refused', occurrenceCount: 1 }])
    t.equal((await client.getAggregatedErrors({ ...question, minOccurrences: 2 })).errors.length, 0)
    const id = errors[0]?.id ?? ''

    const detail = await check('getErrorDetail', client.getErrorDetail(id))
    t.match(detail, { group: { id }, latest: { traceId: failed }, traceIds: [failed] })
    const { occurrences } = await check(
      'getErrorOccurrences',
      client.getErrorOccurrences(id, { limit: 5 }),
    )
    t.match(occurrences, [{ groupId: id, traceId: failed, requestId: SEEDED.correlationId }])
    const stats = await check('getErrorStats', client.getErrorStats(1))
    t.match(stats, { groupCount: 1, unresolvedCount: 1, byClass: [{ name: SEEDED.errorClass }] })
    const { trend } = await check(
      'getErrorTrend',
      client.getErrorTrend({ hours: 1, id, step: '10m' }),
    )
    t.equal(
      trend.reduce((sum, { occurrenceCount }) => sum + occurrenceCount, 0),
      1,
    )

    const resolved = await check('resolveError', client.resolveError(id, 'ada', 'more funds'))
    t.match(resolved, {
      id,
      state: 'resolved',
      resolution: { by: 'ada', notes: 'more funds', kind: 'now' },
    })
    t.equal((await client.getAggregatedErrors(question)).errors.length, 0)
    const again = await client.resolveError(id, 'bob', undefined, {
      in: 'release',
      release: '1.4.0',
    })
    t.match(again, { resolution: { by: 'bob', kind: 'in_release', release: '1.4.0', notes: null } })
  })

  await t.test('health', async (t) => {
    const health = await check('getSystemHealth', client.getSystemHealth({ hours: 1, service }))
    t.match(health, {
      requests: { count: 3 },
      errors: { errorCount: 1 },
      services: [{ service }, { service }],
    })
    const ofModule = await check('getModuleHealth', client.getModuleHealth('billing', 1))
    t.match(ofModule, { module: 'billing', status: 'insufficient_data', requests: { count: 1 } })
    const sla = await check('getSLAMetrics', client.getSLAMetrics({ hours: 1, service }))
    t.match(sla, { service, requestCount: 3, errorCount: 1, isCompliant: false })
    const alerts = await check('getAlertConditions', client.getAlertConditions(1))
    t.match(alerts[0], { severity: 'critical', service: SEEDED.slowService, message: /6/ })
    t.strictSame(await client.getAlertConditions({ hours: 1, tenant: 'nobody' }), [])
  })

  await t.test('logs, and the story of an id', async (t) => {
    const { logs } = await check('searchLogs', client.searchLogs({ hours: 1, severity: 'warn' }))
    t.match(logs, [{ body: 'card is slow', traceId: failed }])
    const story = await check('getCorrelation', client.getCorrelation(SEEDED.correlationId))
    t.match(story, {
      request: { route: '/pay' },
      traceIds: [failed],
      logs: [{ body: 'card is slow' }],
    })
  })

  await t.test('webhooks, rules, rate limits, alerts', async (t) => {
    const all = await check('getMonitoringMetrics', client.getMonitoringMetrics())
    const webhook = {
      webhook_id: SEEDED.webhook,
      consecutive_failures: 12,
      total_deliveries: 13,
      tenant,
    }
    t.match(all, { webhooks: { summary: { total_webhooks: 1, critical_webhooks: 1 } } })
    t.match(all, { webhooks: { webhooks: [webhook] }, rules: { rules: [{ rule_id: 'win-back' }] } })
    asked
      .add('getWebhookMetrics')
      .add('getRuleMetrics')
      .add('getRateLimitMetrics')
      .add('checkAlerts')
    t.strictSame(await client.getWebhookMetrics(), all.webhooks?.webhooks)
    t.strictSame(await client.getWebhookMetrics(SEEDED.webhook), all.webhooks?.webhooks)
    t.strictSame(await client.getWebhookMetrics('another'), [])
    t.strictSame(await client.getWebhookMetrics(SEEDED.webhook, { tenant: '' }), [])
    t.strictSame(await client.getRuleMetrics(), all.rules?.rules)
    const [limit] = await client.getRateLimitMetrics()
    t.match(limit, { identifier: SEEDED.rateLimited, utilization_pct: 95, status: 'warning' })
    const ofTenant = await client.checkAlerts(tenant)
    t.match(ofTenant, [
      { type: 'webhook_failure', severity: 'critical', resource_id: SEEDED.webhook },
    ])
    t.equal(ofTenant.length, 1)
    const ofNone = (await client.checkAlerts('')).map(({ type }) => type)
    t.ok(ofNone.includes('rate_limit') && !ofNone.includes('webhook_failure'))
    t.strictSame(await client.checkAlerts(), all.alerts?.alerts)
  })

  await t.test('costs and business events', async (t) => {
    const costs = await check('getCosts', client.getCosts({ hours: 24, groupBy: 'user,endpoint' }))
    t.match(costs, {
      totalUsd: 0.25,
      costs: [{ user: SEEDED.user, endpoint: '/pay', costUsd: 0.25 }],
    })
    for (const group of COST_GROUPS) {
      t.equal((await client.getCosts({ groupBy: group })).totalUsd, 0.25, group)
    }
    const every: CostGroups = 'tenant,service,day,endpoint,user'
    t.equal((await client.getCosts({ groupBy: every })).costs.length, 1)
    // @ts-expect-error: the compiler knows what the collector refuses.
    t.equal(await statusOf(client.getCosts({ groupBy: 'user,agent' })), 400)
    const { events } = await check('getBusinessEvents', client.getBusinessEvents({ name: 'order' }))
    t.match(events, [{ name: 'order', status: 'completed', userId: SEEDED.user, costUsd: 0.25 }])
    const { series } = await check(
      'getBusinessSeries',
      client.getBusinessSeries({ hours: 2, step: '1h' }),
    )
    t.match(series, [{ name: 'order', status: 'completed', total: 1, totalCostUsd: 0.25 }])
  })

  await t.test('one tenant alone, said in the question or beside it', async (t) => {
    const { stats } = await client.getPerformanceStats(1, { tenant })
    t.strictSame(
      stats.map((row) => [row.tenant, row.operation]),
      [[tenant, 'GET /cart']],
    )
    t.equal((await client.getTraceStats({ hours: 1, tenant })).requestCount, 1)
    t.equal((await client.getTrace(foreign, { tenant })).traceId, foreign)
    t.equal(await statusOf(client.getTrace(calm, { tenant })), 404)
  })

  await t.test('a client asks whom it was made for, whatever the environment says', async (t) => {
    Object.assign(process.env, { SIDELIGHT_API_URL: 'http://127.0.0.1:1', SIDELIGHT_API_TOKEN: '' })
    const { getTraceStats, getErrorStats, getSystemHealth } = client.createClient({ url, token })
    t.equal((await getTraceStats({ hours: 1, service })).requestCount, 3)
    const reader = client.createClient({ url: `${url}/`, token: READ_TOKEN })
    // The same window for both, also where a minute begins in between.
    const window = { hours: 1, until: new Date().toISOString() }
    t.same(await reader.getErrorStats(window), await getErrorStats(window))
    t.equal(await statusOf(reader.getSystemHealth(1)), 403)
    t.ok(await getSystemHealth())
    const counts = { asked: 0 }
    const counting: typeof fetch = (...request) => {
      counts.asked++
      return fetch(...request)
    }
    await client.createClient({ url, token, fetch: counting }).getErrorStats()
    t.equal(counts.asked, 1, 'a fetch of ones own')
  })

  await t.test('without a token of its own it takes the first of the collector', async (t) => {
    process.env['SIDELIGHT_API_URL'] = url
    process.env['SIDELIGHT_READ_TOKEN'] = `${READ_TOKEN}, another-token-of-the-tests`
    t.ok(await client.getErrorStats(1))
    t.equal(await statusOf(client.getTraceStats(1)), 403)
    process.env['SIDELIGHT_ADMIN_TOKEN'] = token
    t.ok(await client.getTraceStats(1))
  })

  const names = Object.keys(client.createClient({ url }))
  t.strictSame([...asked].sort(), names.sort(), 'all functions were asked')
})

/** The status an answer was refused with; null where it was not. */
async function statusOf(answer: Promise<unknown>): Promise<number | null> {
  try {
    await answer
    return null
  } catch (error) {
    if (error instanceof client.SidelightError) return error.status
    throw error
  }
}
