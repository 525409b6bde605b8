import t from 'tap'
import {
  ERROR_ORDERS,
  ERROR_STATES,
  type ErrorFilter,
  type ErrorOrder,
  UNRESOLVED_STATES,
} from '../../collector/api/error-contract'
import { BadData } from '../../collector/errors'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { createRandom } from '../helpers/random'
import { openDatabase } from './database'
import { NO_FILTER, recount, type Seeded } from './error-recount'
import { errorId, seedErrors, type SeedGroup, type SeedHash, type SeedThrow } from './seed-errors'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const HASHES = 60
const THROWS = 2_000
/** Reaches behind the minutes that are kept. */
const HOURS = 70

const FILTERS: Readonly<Record<string, Partial<ErrorFilter>>> = {
  nothing: {},
  'a tenant': { tenant: 'acme' },
  'a service': { service: 'orders' },
  'a service of a tenant': { service: 'orders', tenant: 'umbrella' },
  'a module': { module: 'http' },
  'an operation': { operation: 'place order' },
  'a release': { release: '1.1.0' },
  'an environment': { environment: '' },
  'an environment nobody has': { environment: 'moon' },
  'unresolved states': { states: UNRESOLVED_STATES },
  'groups that are muted': { states: ['muted'] },
  'a text in the class, whatever the case': { text: 'rangeERR' },
  'a text of a hash that was merged': { text: 'message 59' },
  'a text with signs of patterns': { text: '100%' },
  'a text nobody has': { text: 'no such thing' },
  'an assignee': { assignee: 'jo' },
  'groups with many throws': { minOccurrences: 40 },
  'groups with severe throws': { severeOnly: true },
  'all at once': {
    tenant: 'acme',
    states: ['new', 'ongoing'],
    text: 'message',
    severeOnly: true,
    minOccurrences: 5,
  },
}

/** 60 hashes, each tenth merged into another of its service, and throws of three days, most of them of few hashes. */
function makeErrors(nowMs: number): Seeded {
  const { below } = createRandom(7)
  const random = () => below(1_000_000) / 1_000_000
  const services = [
    { tenant: 'acme', service: 'gateway' },
    { tenant: 'acme', service: 'orders' },
    { tenant: 'umbrella', service: 'orders' },
  ]
  const hashes: SeedHash[] = Array.from({ length: HASHES }, (_, n) => ({
    id: errorId(n),
    ...services[n % 3]!,
    ...(n % 10 === 9 ? { group: errorId(n % 3) } : {}),
    class: n % 2 === 0 ? 'TypeError' : 'RangeError',
    message: `message ${n}${n === 8 ? ' at 100% of x_y' : ''}`,
  }))
  const throws: SeedThrow[] = Array.from({ length: THROWS }, () => {
    const n = Math.floor(HASHES * random() ** 3)
    const user = below(4) === 0 ? {} : { user: BigInt(below(60)) }
    return {
      hash: errorId(n),
      service: BigInt(1 + (n % 3)),
      timeMs: nowMs - 1 - Math.floor(HOURS * HOUR_MS * random() ** 2),
      restNs: below(1_000_000),
      release: `1.${below(3)}.0`,
      // A third of the hashes are never severe.
      severity: n % 3 === 1 ? 13 : below(2) === 0 ? 17 : 9,
      isHandled: below(5) > 0,
      ...user,
    }
  })
  const first = (ns: readonly number[]) => new Date(Math.min(...ns)).toISOString()
  const groups: SeedGroup[] = Array.from({ length: HASHES / 2 }, (_, n) => {
    const times = throws.filter(({ hash }) => hash === errorId(n)).map(({ timeMs }) => timeMs)
    return {
      id: errorId(n),
      ...services[n % 3]!,
      state: ERROR_STATES[n % 6]!,
      firstSeenAt: first([nowMs - n * 7 * HOUR_MS, ...times]),
      lastSeenAt: new Date(Math.max(0, ...times)).toISOString(),
      columns: { assignee: n % 5 === 0 ? 'jo' : null },
    }
  })
  return { hashes, throws, groups }
}

t.test('groups of errors', async (t) => {
  const pool = await openDatabase(t)
  const { listErrors, readErrorStatistics, readErrorTrend, countThrows, countUnresolved } =
    createErrorQueries(pool)
  const nowMs = Date.now()
  const errors = makeErrors(nowMs)
  const { hashes, groups, throws } = errors
  const between = (from: number, to: number) =>
    throws.filter(({ timeMs }) => timeMs >= nowMs - to && timeMs < nowMs - from)
  const minute = nowMs % MINUTE_MS
  await seedErrors(pool, { hashes, groups, throws: between(-1, minute + MINUTE_MS) })
  await seedErrors(pool, {
    hashes: [],
    throws: between(minute + MINUTE_MS, 50 * HOUR_MS),
    levels: [1, 2],
  })
  await seedErrors(pool, {
    hashes: [],
    throws: between(50 * HOUR_MS, HOURS * HOUR_MS),
    levels: [2],
  })
  await pool.query('analyze')

  const windows = {
    'five minutes': { sinceMs: nowMs - 5 * MINUTE_MS, untilMs: nowMs },
    'five hours from a minute on': { sinceMs: nowMs - 5 * HOUR_MS, untilMs: nowMs - 7 * MINUTE_MS },
    'a day': { sinceMs: nowMs - 24 * HOUR_MS, untilMs: nowMs },
    'beyond the minutes that are kept': { sinceMs: nowMs - 60 * HOUR_MS, untilMs: nowMs },
    'before the minutes that are kept': {
      sinceMs: nowMs - 69 * HOUR_MS,
      untilMs: nowMs - 53 * HOUR_MS,
    },
  }

  const readAll = async (
    window: { readonly sinceMs: number; readonly untilMs: number },
    filter: ErrorFilter,
    order: ErrorOrder,
    limit: number,
  ) => {
    const first = await listErrors({ window, filter, order, limit, after: null })
    const all = [...first.groups]
    for (let { next } = first; next !== null;) {
      const page = await listErrors({ window, filter, order, limit, after: next })
      all.push(...page.groups)
      next = page.next
    }
    return { window: first.window, groups: all }
  }

  for (const [name, window] of Object.entries(windows)) {
    t.test(`of ${name} are what their throws add up to, in every order`, async (t) => {
      for (const [what, filter] of Object.entries(FILTERS)) {
        for (const order of ERROR_ORDERS) {
          const asked = { ...NO_FILTER, ...filter }
          const limit = order === 'last_seen' ? 7 : 100
          const found = await readAll(window, asked, order, limit)
          const expected = recount(errors, found.window, asked, order)
          t.strictSame(
            found.groups.map((group) => [
              group.id,
              group.occurrenceCount,
              group.severeCount,
              group.unhandledCount,
              group.state,
              group.class,
            ]),
            expected.map((group) => [
              group.id,
              group.count,
              group.severe,
              group.unhandled,
              group.state,
              group.class,
            ]),
            `${what}, by ${order}`,
          )
        }
      }
    })

    t.test(`of ${name} have as many users, statistics and steps`, async (t) => {
      for (const [what, filter] of Object.entries(FILTERS)) {
        const asked = { ...NO_FILTER, ...filter }
        const statistics = await readErrorStatistics({ window, filter: asked })
        const expected = recount(errors, statistics.window, asked, 'count')
        const sum = (of: (group: (typeof expected)[number]) => number) =>
          expected.reduce((total, group) => total + of(group), 0)
        const newest = BigInt(statistics.window.sinceMs) * 1000n
        t.match(
          statistics,
          {
            groupCount: expected.length,
            unresolvedCount: expected.filter(
              ({ state, severe }) =>
                severe > 0 && (UNRESOLVED_STATES as readonly string[]).includes(state),
            ).length,
            newCount: expected.filter(({ firstSeenUs }) => firstSeenUs >= newest).length,
            occurrenceCount: sum(({ count }) => count),
            severeCount: sum(({ severe }) => severe),
            unhandledCount: sum(({ unhandled }) => unhandled),
          },
          what,
        )
        const total = (counted: readonly { count: number }[]) =>
          counted.reduce((all, { count }) => all + count, 0)
        for (const counted of [statistics.byClass, statistics.byModule, statistics.byService]) {
          t.equal(total(counted), statistics.occurrenceCount, `${what}: parts are the whole`)
        }
        t.equal(total(statistics.byState), expected.length)
        const question = { window, filter: asked, groupId: null, stepMs: HOUR_MS }
        const trend = await readErrorTrend(question)
        const ofTrend = recount(errors, trend.window, asked, 'count')
        t.equal(
          trend.steps.reduce((all, { occurrenceCount }) => all + occurrenceCount, 0),
          ofTrend.reduce((all, { count }) => all + count, 0),
          `${what}: steps are the whole`,
        )
      }
    })
  }

  t.test('have users, counted once whatever rows and hashes tell of them', async (t) => {
    const found = await readAll(windows['a day'], NO_FILTER, 'users', 100)
    const expected = recount(errors, found.window, NO_FILTER, 'users')
    for (const [at, group] of found.groups.entries()) {
      const { users } = expected[at]!
      t.equal(group.userCount, users)
    }
  })

  t.test('are counted by service for health', async (t) => {
    const counts = await countUnresolved({
      window: windows['a day'],
      tenant: null,
      service: null,
      module: null,
    })
    const { window } = await listErrors({
      window: windows['a day'],
      filter: NO_FILTER,
      order: 'count',
      limit: 1,
      after: null,
    })
    const states = ['new', 'escalating', 'regressed'] as const
    const expected = recount(errors, window, { ...NO_FILTER, states, severeOnly: true }, 'count')
    t.equal(
      counts.reduce((all, { count }) => all + count, 0),
      expected.length,
    )
    const own = { window, tenant: 'umbrella', service: 'orders', module: 'orders' }
    t.same(
      (await countUnresolved(own)).map(({ tenant, service }) => [tenant, service]),
      [['umbrella', 'orders']],
    )
    t.same(await countUnresolved({ ...own, module: 'elsewhere' }), [])
    const thrown = await countThrows({ window, tenant: 'acme' })
    const acme = recount(errors, window, { ...NO_FILTER, tenant: 'acme' }, 'count')
    t.equal(
      thrown.reduce((all, { count }) => all + count, 0),
      acme.reduce((all, { count }) => all + count, 0),
    )
  })

  t.test('keep their places on later pages while throws come in', async (t) => {
    const question = { window: windows['a day'], filter: NO_FILTER, limit: 5 }
    for (const order of ERROR_ORDERS) {
      const first = await listErrors({ ...question, order, after: null })
      const seen = first.groups.map(({ id }) => id)
      const rest = recount(errors, first.window, NO_FILTER, order).map(({ id }) => id)
      // One of the page before is thrown again, and one that would have come last.
      const again = [seen[0]!, rest.at(-1)!]
      await seedErrors(pool, {
        hashes: [],
        throws: again.map((hash) => ({ hash, timeMs: Date.now(), user: 1n })),
      })
      for (let { next } = first; next !== null;) {
        const page = await listErrors({ ...question, order, after: next })
        seen.push(...page.groups.map(({ id }) => id))
        next = page.next
      }
      t.equal(new Set(seen).size, seen.length, `none twice by ${order}`)
      const missing = rest.filter((id) => !seen.includes(id) && !again.includes(id))
      t.strictSame(missing, [], `none left out by ${order}`)
      await pool.query(
        `delete from sidelight.error_rollup where bucket >= $1 and user_hashes = '{1}'`,
        [new Date(nowMs - (nowMs % MINUTE_MS)).toISOString()],
      )
    }
  })

  t.test('are not gone on with from what is no place, or one of another order', async (t) => {
    const question = { window: windows['a day'], filter: NO_FILTER, limit: 5 }
    const { next } = await listErrors({ ...question, order: 'count', after: null })
    for (const after of [next, 'nothing', ''])
      await t.rejects(listErrors({ ...question, order: 'users', after }), BadData)
  })
})
