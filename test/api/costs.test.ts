import t from 'tap'
import { refresh, type SeedEvent, store } from '../store/seed-events'
import { ask } from './answer'
import { buildEvents } from './events'
import { ACME_ADMIN, bearer, buildApi, READ } from './server'

const PATH = '/api/v1/costs'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The middle of today's first hour, and days before that. */
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS

interface Costs {
  readonly window: { readonly since: string; readonly until: string }
  readonly totalUsd: number
  readonly count: number
  readonly costs: Record<string, unknown>[]
  readonly truncated: boolean
}

function cost(atMs: number, user: string, endpoint: string, usd: number, tenant = ''): SeedEvent {
  const atNs = BigInt(Math.round(atMs)) * 1_000_000n
  return {
    kind: 'cost',
    subject: user,
    detail: endpoint,
    tenant,
    outcome: 'succeeded',
    atNs,
    amount: usd,
    service: endpoint === '/b' ? 2 : 1,
  }
}

const YESTERDAY_MS = TODAY_MS - DAY_MS
const EVENTS = [
  cost(YESTERDAY_MS + 1 * HOUR_MS, 'ann', '/a', 1),
  cost(YESTERDAY_MS + 1 * HOUR_MS + 60_000, 'ann', '/a', 2),
  cost(YESTERDAY_MS + 23.5 * HOUR_MS, 'ann', '/b', 4),
  cost(YESTERDAY_MS - 1, 'bob', '/a', 8),
  cost(YESTERDAY_MS - DAY_MS, 'bob', '/b', 16),
  cost(YESTERDAY_MS + 2 * HOUR_MS, 'ann', '/a', 32, 'acme'),
  cost(YESTERDAY_MS - 3 * DAY_MS, 'cyd', '/c', 0.1),
  cost(YESTERDAY_MS - 3 * DAY_MS, 'cyd', '/c', 0.2),
]
const BUSINESS: SeedEvent = {
  kind: 'business',
  subject: 'order',
  detail: 'succeeded',
  outcome: 'succeeded',
  atNs: BigInt(YESTERDAY_MS) * 1_000_000n,
  amount: 64,
}

t.test('what was told of costs', async (t) => {
  const { app, pool } = await buildEvents(t)
  await store(pool, [...EVENTS.slice(0, 3), BUSINESS])
  await refresh(pool)
  // What is folded already and what is not count alike.
  await store(pool, EVENTS.slice(3))
  const since = new Date(YESTERDAY_MS - DAY_MS).toISOString()
  const window = `since=${since}&until=${new Date(TODAY_MS).toISOString()}`
  const costs = (query: string) => ask<Costs>(app, PATH, `${PATH}?${query}`)
  const rowsOf = async (query: string, ...keys: string[]) =>
    (await costs(query)).costs.map((row) => keys.map((key) => row[key]))

  t.test('is added up by user, the dearest first, business events apart', async (t) => {
    const answer = await costs(`${window}&tenant=`)
    t.strictSame(answer, {
      window: { since, until: new Date(TODAY_MS).toISOString() },
      totalUsd: 31,
      count: 5,
      costs: [
        { user: 'bob', costUsd: 24, count: 2 },
        { user: 'ann', costUsd: 7, count: 3 },
      ].map((row) => ({
        ...{ user: row.user, endpoint: null, day: null, service: null, tenant: null },
        ...row,
      })),
      truncated: false,
    })
  })

  t.test('or by endpoint, day, service or tenant, or several of them', async (t) => {
    const by = (groups: string) => `${window}&groupBy=${groups}`
    t.strictSame(await rowsOf(by('endpoint'), 'endpoint', 'costUsd'), [
      ['/a', 43],
      ['/b', 20],
    ])
    t.strictSame(await rowsOf(by('service'), 'service', 'costUsd'), [
      ['shop', 43],
      ['mail', 20],
    ])
    t.strictSame(await rowsOf(by('tenant'), 'tenant', 'costUsd'), [
      ['acme', 32],
      ['', 31],
    ])
    const days = [2, 1].map((n) => new Date(TODAY_MS - n * DAY_MS).toISOString().slice(0, 10))
    t.strictSame(await rowsOf(`${by('day,user')}&order=day`, 'day', 'user', 'costUsd'), [
      [days[0], 'bob', 24],
      [days[1], 'ann', 39],
    ])
    t.strictSame(await rowsOf(by('none'), 'user', 'costUsd', 'count'), [[null, 63, 6]])
    t.strictSame(await rowsOf(`${by('user')}&order=count`, 'user'), [['ann'], ['bob']])
  })

  t.test('of a user, endpoint or service alone', async (t) => {
    t.equal((await costs(`${window}&user=bob`)).totalUsd, 24)
    t.equal((await costs(`${window}&endpoint=/b`)).totalUsd, 20)
    t.equal((await costs(`${window}&service=shop`)).totalUsd, 43)
    const nobody = await costs(`${window}&user=eve`)
    t.match(nobody, { totalUsd: 0, count: 0, costs: [], truncated: false })
  })

  t.test('without the rounding errors of doubles', async (t) => {
    const day = new Date(YESTERDAY_MS - 3 * DAY_MS).toISOString()
    const answer = await costs(`since=${day}&until=${since}&tenant=`)
    t.match(answer, { totalUsd: 0.3, costs: [{ user: 'cyd', costUsd: 0.3 }] })
  })

  t.test('in whole hours, whatever rows they are told by', async (t) => {
    const at = (hours: number) => new Date(YESTERDAY_MS + hours * HOUR_MS).toISOString()
    const total = async (from: number, to: number) =>
      (await costs(`tenant=&since=${at(from)}&until=${at(to)}`)).totalUsd
    t.equal(await total(1, 2), 3, 'an hour')
    t.equal(await total(1.5, 1.6), 3, 'a part of it is widened')
    t.equal(await total(2, 23), 0)
    t.equal(await total(23, 24), 4)
    t.equal(await total(0, 24), 7, 'a day')
    t.equal(await total(-1, 23), 11, 'a day would be too much')
    t.equal(await total(-24, 1), 24, 'a day and an hour')
  })

  t.test('the total is of all when the list is cut', async (t) => {
    const answer = await costs(`${window}&tenant=&limit=1`)
    t.match(answer, { totalUsd: 31, truncated: true, costs: [{ user: 'bob' }] })
    t.equal(answer.costs.length, 1)
  })

  t.test('a token of a tenant sees its own', async (t) => {
    const response = await app.inject({
      url: `${PATH}?${window}&tenant=`,
      headers: bearer(ACME_ADMIN),
    })
    t.match(response.json<Costs>(), { totalUsd: 32, count: 1 })
  })
})

t.test('other groups and orders are refused, with what is allowed', async (t) => {
  const { app } = buildApi(t)
  for (const [query, reason] of [
    ['groupBy=users', /must be none, or some of user, endpoint, day, service, tenant/],
    ['groupBy=user,', /groupBy must be/],
    ['groupBy=none,user', /groupBy must be/],
    ['order=day', /order must not be day/],
    ['order=price', /order must be one of/],
    ['limit=0', /limit must be/],
    ['since=-1h&hours=1', /hours must not/],
    ['model=x', /is not known/],
  ] as const) {
    const response = await app.inject({ url: `${PATH}?${query}`, headers: bearer(READ) })
    t.equal(response.statusCode, 400, query)
    t.match(response.json<{ detail: string }>().detail, reason)
  }
})
