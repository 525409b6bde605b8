import t from 'tap'
import type { MonitoringMetrics } from '../../collector/api/schemas/monitoring'
import { createRandom, type Random } from '../helpers/random'
import { DAY_NS, MINUTE_NS, nowNs, refresh, type SeedEvent, store } from '../store/seed-events'
import { conditions, rowsOf } from '../store/view-rows'
import { ask } from './answer'
import { buildEvents } from './events'

const SUBJECTS = 60
const WEEK_NS = 7n * DAY_NS
const METRICS = '/api/v1/monitoring/metrics'
const ALERTS = '/api/admin/observability/alerts'

t.setTimeout(120_000)

/** What an application told of a webhook or rule, at least a minute from any edge. */
function lifeOf(random: Random, kind: 'webhook' | 'rule', subject: string, now: bigint) {
  const about = { kind, subject, tenant: random.pick(['', 'acme']) }
  const youngestDays = random.pick([0, 0, 8])
  const successes = random.pick([0.05, 0.3])
  const ageNs = () =>
    BigInt(youngestDays * 24 + random.below(12 * 24)) * 60n * MINUTE_NS + 30n * MINUTE_NS
  const registrations = Array.from({ length: random.below(4) }, (): SeedEvent => ({
    ...about,
    outcome: 'registered',
    atNs: now - ageNs() - BigInt(random.below(1_000)),
    attributes: { [`${kind}.enabled`]: random.pick([true, true, false, 'false']) },
  }))
  const uses = Array.from({ length: random.pick([0, 1, 4, 9, 14]) }, (): SeedEvent => ({
    ...about,
    outcome: random.chance(successes) ? 'succeeded' : 'failed',
    atNs: now - ageNs() - BigInt(random.below(1_000)),
  }))
  return { ...about, events: [...registrations, ...uses] }
}

/** The conditions that hold for it, by what was told. */
function expectedOf({ kind, subject, tenant, events }: ReturnType<typeof lifeOf>, now: bigint) {
  const inOrder = events.toSorted((a, b) => Number(a.atNs - b.atNs))
  const registered = inOrder.filter(({ outcome }) => outcome === 'registered')
  const isOff = ({ attributes = {} }: SeedEvent) =>
    [false, 'false'].includes(attributes[`${kind}.enabled`] as string | boolean)
  const enabledNs = registered[registered.findLastIndex(isOff) + 1]?.atNs
  if (registered.length > 0 && enabledNs === undefined) return []
  const uses = inOrder.filter(({ outcome }) => outcome !== 'registered')
  const failures = uses.length - 1 - uses.findLastIndex(({ outcome }) => outcome === 'succeeded')
  const latest = [uses.at(-1)?.atNs, enabledNs].filter((ns) => ns !== undefined)
  const found = []
  if (kind === 'webhook' && failures >= 5) {
    const severity = failures >= 10 ? 'critical' : 'warning'
    found.push(['webhook_failure', severity, subject, tenant])
  }
  if (latest.length > 0 && latest.every((ns) => ns <= now - WEEK_NS)) {
    const type = kind === 'webhook' ? 'webhook_inactive' : 'rule_not_triggering'
    found.push([type, 'warning', subject, tenant])
  }
  return found.map((parts) => parts.join(' '))
}

t.test('whatever was told, every answer tells of the same conditions', async (t) => {
  const { app, pool } = await buildEvents(t)
  const random = createRandom(11)
  const now = nowNs()
  const lives = Array.from({ length: SUBJECTS }, (_, n) =>
    lifeOf(random, n % 3 === 0 ? 'rule' : 'webhook', `s${n}`, now),
  )
  const stored = new Set<SeedEvent>()
  // The first half of some lives, then what is left.
  for (const { events } of lives.filter(() => random.chance(0.5))) {
    const inOrder = events.toSorted((a, b) => Number(a.atNs - b.atNs))
    const half = inOrder.slice(0, events.length / 2)
    await store(pool, half)
    for (const event of half) stored.add(event)
  }
  await refresh(pool)
  await store(
    pool,
    lives.flatMap(({ events }) => events.filter((event) => !stored.has(event))),
  )
  await refresh(pool)
  const expected = lives.flatMap((life) => expectedOf(life, now)).sort()
  t.ok(expected.length >= 10, `${expected.length} conditions`)
  const seen = await conditions(pool)
  const asText = seen.map(({ type, severity, resource_id: id, tenant }) =>
    [type, severity, id, tenant].join(' '),
  )
  t.same(asText.sort(), expected, 'the view of SQL')
  const alerts = await ask<
    { type: string; severity: string; resourceId: string; tenant: string }[]
  >(app, ALERTS, ALERTS)
  t.same(
    alerts.map((each) => [each.type, each.severity, each.resourceId, each.tenant].join(' ')).sort(),
    expected,
    'alerts',
  )
  for (const tenant of ['', 'acme']) {
    const { alerts } = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?org_id=${tenant}`)
    t.same(
      alerts?.alerts.map((each) => JSON.stringify(each)).sort(),
      seen
        .filter((each) => each.tenant === tenant)
        .map(({ tenant: _, ...each }) => JSON.stringify(each))
        .sort(),
      `monitoring of ${JSON.stringify(tenant)}`,
    )
  }
  const statusOf = new Map<string, string>(
    lives
      .filter(({ kind }) => kind === 'webhook')
      .map((life) => {
        const [first = ''] = expectedOf(life, now)
        const status = first.startsWith('webhook_inactive') ? 'inactive' : first.split(' ')[1]
        return [life.subject, status ?? 'healthy']
      }),
  )
  for (const { webhook_id: id, health_status: status } of await rowsOf(pool, 'v_webhook_health')) {
    if (status !== 'disabled') t.equal(status, statusOf.get(String(id)), String(id))
  }
})
