import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { ADMIN_TOKEN } from '../helpers/collector'
import { until } from '../helpers/until'
import { collectorFor, DEMO, startDemo } from './demo-run'
import { placesWith } from './planted'

t.setTimeout(300_000)

const { PLANTED } = createRequire(__filename)(join(DEMO, 'shop', 'planted.cjs')) as {
  PLANTED: Readonly<Record<string, string>>
}
/** What all that is planted begins with. */
const MARK = 'planted-secret-'

interface Monitored {
  webhooks: {
    summary: { critical_webhooks: number; enabled_webhooks: number }
    webhooks: { webhook_id: string; consecutive_failures: number; enabled: boolean }[]
  }
  rules: { rules: { rule_id: string; trigger_count: number; executions_7d: number }[] }
  rate_limits: { identifier: string; utilization_pct: number; status: string }[]
  alerts: { alerts: { type: string; severity: string; resource_id: string }[] }
}

interface Story {
  request: { service: string; route: string; statusCode: number }
  services: string[]
  spans: { service: string; name: string; attributes: Record<string, unknown> }[]
  logs: { eventName: string | null; attributes: Record<string, unknown>; body: unknown }[]
  errors: { type: string; service: string }[]
  occurrences: unknown[]
}

t.test('the demo shows all that helpers tell, and none of its secrets', async (t) => {
  const { env, apiUrl, databaseUrl, dataDir, collector } = await collectorFor(t)
  const printed = mkdtempSync(join(tmpdir(), 'sidelight-demo-'))
  t.teardown(() => {
    rmSync(printed, { recursive: true, force: true })
  })
  const ask = async (path: string, from = apiUrl) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    return (await fetch(`${from}${path}`, { headers })).text()
  }
  const demo = startDemo(t, ['--rate', '20', '--printed', printed], env)
  await demo.prints('Ctrl-C ends the shop.', 150_000)
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())

  await t.test('webhooks, rules, rate limits and alerts', async (t) => {
    t.match(demo.output(), `${apiUrl}/v1/monitoring/metrics`)
    const read = async () => JSON.parse(await ask('/v1/monitoring/metrics')) as Monitored
    const failuresOf = ({ webhooks }: Monitored) =>
      webhooks.webhooks.find(({ webhook_id: id }) => id === 'wh_warehouse')?.consecutive_failures
    const isAsFarAs = async () => {
      const answer = await read()
      return (failuresOf(answer) ?? 0) >= 12 ? answer : undefined
    }
    const { webhooks, rules, rate_limits, alerts } = await until(
      isAsFarAs,
      60_000,
      'twelve failures in a row',
    )
    t.match(webhooks.summary, { critical_webhooks: 1, enabled_webhooks: 4 })
    t.match(
      webhooks.webhooks.find(({ webhook_id: id }) => id === 'wh_old_shop'),
      { enabled: false },
    )
    t.match(
      rules.rules.find(({ rule_id: id }) => id === 'rule_win_back'),
      { trigger_count: 4, executions_7d: 0 },
    )
    t.match(
      rate_limits.find(({ identifier }) => identifier === 'acme'),
      { utilization_pct: 95, status: 'warning' },
    )
    const told = alerts.alerts.map(({ type, severity, resource_id }) =>
      [type, severity, resource_id].join(' '),
    )
    for (const alert of [
      'webhook_failure critical wh_warehouse',
      'webhook_inactive warning wh_partner',
      'rule_not_triggering warning rule_win_back',
      'rate_limit warning org:acme',
    ]) {
      t.ok(told.includes(alert), `${alert} is among ${told.join(', ')}`)
    }
  })

  await t.test('costs by user and day', async (t) => {
    const path = /\/api\/v1\/costs\?[^"]+/.exec(demo.output())?.[0] ?? ''
    const { costs } = JSON.parse(await ask(path)) as {
      costs: { user: string; endpoint: string; day: string; costUsd: number }[]
    }
    const ofAda = costs.filter(({ user }) => user === 'u-ada')
    t.ok(new Set(ofAda.map(({ day }) => day)).size >= 9, 'of the days before too')
    t.ok(new Set(costs.map(({ user }) => user)).size >= 4)
    for (const { endpoint, costUsd } of costs) {
      t.equal(endpoint, '/checkout')
      t.ok(costUsd > 0)
    }
  })

  await t.test('metrics of uploads, the cache, the queue, jobs and orders', async (t) => {
    const stored = async (name: string, label: string) => {
      const found = await client.query<{ value: string }>(
        'select distinct attributes ->> $2 as value from sidelight.metrics where name = $1 order by 1',
        [name, label],
      )
      return found.rows.map(({ value }) => value)
    }
    // Of two services, each of which sends its metrics when its own quarter of a minute is over.
    const areStored = async () => {
      const reasons = await stored('upload.attempts', 'upload.reason')
      const others = [
        await stored('cache.requests', 'cache.result'),
        await stored('queue.depth', 'queue.name'),
        await stored('job.duration', 'job.name'),
        await stored('checkout.items', 'service'),
      ]
      const isWhole = reasons.includes('too_large') && reasons.includes('unsupported_type')
      return isWhole && others.every((values) => values.length > 0)
    }
    await until(areStored, 60_000, 'metrics of all kinds, uploads that failed by reason')
    t.same(await stored('cache.requests', 'cache.result'), ['hit', 'miss'])
    t.same(await stored('queue.depth', 'queue.name'), ['order-events'])
    t.same(await stored('job.duration', 'job.name'), ['order-events'])
    t.ok((await stored('checkout.items', 'service')).length > 0)
  })

  await t.test('events of business, audit and security', async (t) => {
    const events = await client.query<{ name: string; status: string }>(
      `select name, status, bool_or(count > 0) as counted, bool_or(cost_usd > 0) as costs
       from sidelight.business_events where name = 'checkout' group by 1, 2 order by 2`,
    )
    t.same(events.rows, [
      { name: 'checkout', status: 'completed', counted: true, costs: true },
      { name: 'checkout', status: 'failed', counted: true, costs: true },
      { name: 'checkout', status: 'started', counted: true, costs: null },
    ])
    const told = async (sql: string) => (await client.query(sql)).rows
    const actions = await told(
      `select distinct attributes ->> 'audit.action' as action from sidelight.logs
       where event_name = 'sidelight.audit' order by 1`,
    )
    t.same(
      actions.map(({ action }: { action?: string }) => action),
      ['catalogue.import', 'configuration.change', 'order.update', 'session.begin'],
    )
    const failed = await told(
      `select attributes -> 'headers' ->> 'cookie' as cookie, attributes ->> 'user.id' as user_id
       from sidelight.logs where event_name = 'sidelight.security'
         and attributes ->> 'sidelight.outcome' = 'failed' limit 1`,
    )
    t.same(failed, [{ cookie: '[redacted]', user_id: 'u-forgetful' }])
  })

  await t.test('the whole story of a checkout in one answer', async (t) => {
    const path = /\/api\/v1\/correlations\/(\S+)/.exec(demo.output()) ?? ['', '']
    const story = JSON.parse(await ask(path[0])) as Story
    t.match(story.request, { service: 'shop-gateway', route: '/checkout', statusCode: 502 })
    t.same(story.services, ['shop-gateway', 'shop-orders', 'shop-payments'])
    for (const service of story.services) {
      const ofService = story.spans.filter((span) => span.service === service)
      t.ok(
        ofService.some(({ attributes }) => attributes['correlation.id'] === path[1]),
        service,
      )
    }
    const named = (name: string) =>
      story.logs.filter(({ eventName }) => eventName === name).map(({ attributes }) => attributes)
    t.match(named('sidelight.business'), [
      { 'business.event': 'checkout', 'sidelight.outcome': 'started', 'user.id': 'u-ada' },
      { 'business.event': 'checkout', 'sidelight.outcome': 'failed', 'sidelight.cost_usd': 0.002 },
    ])
    t.match(named('sidelight.cost'), [{ 'user.id': 'u-ada', 'cost.endpoint': '/checkout' }])
    t.ok(story.logs.some(({ body }) => body === 'an order is asked for'))
    const errors = story.errors.map(({ type, service }) => `${service} ${type}`)
    t.ok(errors.includes('shop-payments CardNetworkError'), errors.join())
    t.ok(errors.includes('shop-orders PaymentError'), errors.join())
    t.ok(story.occurrences.length > 0)
  })

  const answers = await readAnswers(ask, demo.output())
  demo.child.kill('SIGINT')
  t.equal(await demo.ended, 0, demo.output())
  // A collector that ends has written all it holds.
  await collector.end('SIGTERM')

  await t.test('a throw that span, logger and helper tell of is counted once', async (t) => {
    const { rows } = await client.query(
      `select e.service, e.class, e.message, e.culprit, e.occurrence_count::int as counted, s.failed::int
       from sidelight.errors e join lateral (
         select count(*) as failed from sidelight.spans
         where service = e.service and name in ('card-network /v2/charges', 'check out')
           and status = 'error'
       ) s on true where e.class in ('CardNetworkError', 'PaymentError') order by 2`,
    )
    t.equal(rows.length, 2, JSON.stringify(rows))
    const others = await client.query(
      "select service, class, message from sidelight.errors where class in ('Error', 'TypeError')",
    )
    t.same(others.rows, [], 'and what webhooks and rules tell of is no error')
    for (const { counted, failed } of rows as { counted: number; failed: number }[]) {
      t.ok(failed > 0)
      t.equal(counted, failed)
    }
  })

  await t.test('secrets appear nowhere', async (t) => {
    t.ok(Object.values(PLANTED).every((secret) => secret.startsWith(MARK)))
    t.same(await placesWith(client, MARK), [], 'in no table')
    t.ok(answers.size > 40, `of ${answers.size} answers`)
    for (const [path, answer] of answers) t.notOk(answer.includes(MARK), path)
    const files = readdirSync(printed)
    t.same(files.sort(), ['shop-gateway.log', 'shop-orders.log', 'shop-payments.log'])
    for (const file of files) {
      const text = readFileSync(join(printed, file), 'utf8')
      t.ok(text.includes('[redacted]'), `${file} has lines that had a secret`)
      t.notOk(text.includes(MARK), file)
    }
    t.notOk(collector.output().includes(MARK), 'what the collector printed')
    t.notOk(demo.output().includes(MARK), 'what the demo printed')
    for (const file of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue
      const held = readFileSync(join(file.parentPath, file.name), 'latin1')
      t.notOk(held.includes(MARK), file.name)
    }
  })

  await t.test('where one is, it would be found', async (t) => {
    await client.query(
      `create table sidelight.control (said text, held jsonb, listed text[], raw bytea);
       insert into sidelight.control values
         ('${PLANTED['cause']}', null, null, null),
         (null, '{"deep": [{"in": "${PLANTED['session']}"}]}', null, null),
         (null, null, array['${PLANTED['query']}'], null),
         (null, null, null, '${PLANTED['binding']}'::bytea)`,
    )
    await client.query(
      `update sidelight.log_record set attributes = attributes || '{"x": "${PLANTED['apiKey']}"}'
       where ctid = (select max(ctid) from sidelight.log_record where event_name = 'sidelight.cost')`,
    )
    const found = await placesWith(client, MARK)
    t.ok(found.includes('log_record.attributes'))
    const columns = ['held', 'listed', 'raw', 'said'].map((name) => `control.${name}`)
    t.same(
      found.filter((place) => place.startsWith('control')),
      columns,
    )
  })
})

type Ask = (path: string) => Promise<string>

/** Answers of every question that needs no parameter, and of some that do, by their paths. */
async function readAnswers(ask: Ask, output: string): Promise<ReadonlyMap<string, string>> {
  const { paths } = JSON.parse(await ask('/api/openapi.json')) as { paths: Record<string, object> }
  const plain = Object.entries(paths)
    .filter(([path, methods]) => 'get' in methods && !path.includes('{'))
    .map(([path]) => path)
  const traceId = /traces\/([0-9a-f]{32})/.exec(output)?.[1] ?? ''
  const correlation = /\/api\/v1\/correlations\/\S+/.exec(output)?.[0] ?? ''
  const { errors } = JSON.parse(await ask('/api/v1/errors')) as { errors: { id: string }[] }
  const ofErrors = errors.flatMap(({ id }) => [
    `/api/v1/errors/${id}`,
    `/api/v1/errors/${id}/occurrences`,
    `/errors/${id}`,
  ])
  const answers = new Map<string, string>()
  for (const path of [
    ...plain,
    ...ofErrors,
    correlation,
    `/api/admin/observability/traces/${traceId}`,
    `/traces/${traceId}`,
    '/api/v1/logs?limit=1000',
    '/',
    '/errors',
  ]) {
    answers.set(path, await ask(path))
  }
  return answers
}
