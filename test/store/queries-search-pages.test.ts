import type { Pool } from 'pg'
import t from 'tap'
import { EVERY_SPAN } from '../../collector/api/routes/search'
import type { SpanFilter } from '../../collector/api/search-contract'
import { Unavailable } from '../../collector/errors'
import { partitionName } from '../../collector/store/partitions'
import {
  createSearchQueries,
  searchSpans,
  searchTraces,
  type SearchQuestion,
} from '../../collector/store/queries/search'
import type { Position } from '../../collector/store/queries/slices'
import { spanStatement } from '../../collector/store/queries/span-statement'
import { openDatabase, type Test } from './database'
import { seed, type SeedSpan } from './seed'
import { asked, DAY, DAY_MS, id, MONTH, SPANS, trace } from './span-questions'

const NOON_MS = DAY.untilMs

/** All pages, each asked for where the one before ended; `between` runs after each. */
async function pages(
  pool: Pool,
  question: Partial<SearchQuestion>,
  between: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<number[][]> {
  const answers: number[][] = []
  let after: Position | null = null
  do {
    const found = await createSearchQueries(pool).searchTraces(asked({}, { ...question, after }))
    answers.push(found.traces.map(({ traceId }) => parseInt(traceId, 16)))
    after = found.next
    await between(answers.length)
  } while (after !== null)
  return answers
}

t.test('pages lose and repeat no trace', async (t) => {
  const start = '2026-03-01T10:00:00.000001Z'
  const span = (n: number, child: number, at = start): SeedSpan => ({
    traceId: trace(n),
    spanId: id(n * 100 + child),
    parentSpanId: child === 0 ? null : id(n * 100),
    start: at,
  })

  t.test('of one instant, with several spans each, while newer ones arrive', async (t) => {
    const pool = await openDatabase(t)
    const all = [1, 2, 3, 4, 5, 6, 7]
    for (const child of [0, 1, 2, 3, 4, 5])
      await seed(
        pool,
        all.map((n) => span(n, child)),
      )
    const window = { ...DAY, untilMs: Date.parse('2026-03-01T11:00:00Z') }
    const arrive = (page: number) => seed(pool, [span(100 + page, 0, '2026-03-01T11:30:00Z')])
    for (const limit of [1, 2, 3, 7]) {
      const found = await pages(pool, { limit, window }, arrive)
      t.strictSame(
        found.flat().toSorted((a, b) => a - b),
        all,
        `limit ${limit}`,
      )
    }
  })

  t.test('whose spans lie on several pages and slices', async (t) => {
    const pool = await openDatabase(t)
    const at = (minutes: number) => new Date(NOON_MS - minutes * 60_000).toISOString()
    // Traces 1 to 6 take turns, so that each has spans on every page.
    const minutes = [1, 30, 200, 900, 2000, 20_000]
    for (const [child, from] of minutes.entries()) {
      await seed(
        pool,
        [1, 2, 3, 4, 5, 6].map((n) => span(n, child, at(from + n))),
      )
    }
    for (const limit of [1, 2, 4, 6]) {
      const found = await pages(pool, { limit, window: MONTH })
      t.strictSame(found.flat(), [1, 2, 3, 4, 5, 6], `limit ${limit}`)
    }
  })
})

t.test('time that is over', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  /** Whoever reads the day waits for a lock; that no other day is read shows that partitions are left out. */
  const lock = async (t: Test, day: string) => {
    const client = await pool.connect()
    t.teardown(async () => client.release(true))
    const name = partitionName('span', Date.parse(day) / DAY_MS)
    await client.query(`begin; lock table sidelight.${name} in access exclusive mode`)
    return client
  }

  t.test('leaves what was found, and a place to go on from', async (t) => {
    const client = await lock(t, '2026-02-28')
    const found = await searchSpans(pool, asked({}), 500)
    t.strictSame(
      found.spans.map(({ spanId }) => spanId),
      [id(2), id(1), id(3), id(4)],
    )
    t.equal(found.next?.timeUs, found.searchedToUs)
    await client.query('rollback')
    const rest = await searchSpans(pool, asked({}, { after: found.next }))
    t.match(rest, { spans: [{ spanId: id(5) }], next: null })
  })

  t.test('before anything was looked through is an error that passes', async (t) => {
    await lock(t, '2026-03-01')
    await t.rejects(searchSpans(pool, asked({}), 200), Unavailable)
    await t.rejects(searchTraces(pool, asked({}), 200), Unavailable)
  })
})

type Plan = Readonly<Record<string, unknown>> & { readonly Plans?: readonly Plan[] }

t.test('plans', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  // A day over which thousands of requests are spread, closed as the leader does, and what came today.
  for (const day of ['2026-02-28', '2026-03-01']) {
    await pool.query(
      `insert into sidelight.span (trace_id, span_id, start_time, start_ns, duration_ns, service_id, operation_id,
         resource_id, scope_id, flags, kind, status, attributes)
       select md5($1 || n)::uuid, n, $1::timestamptz + n * interval '1 second', 0, 1000000, 1 + n % 2, 11 + n % 2,
         0, 0, 1, 2, 0, jsonb_build_object('order.id', n)
       from generate_series(1, 20000) as n`,
      [`${day}T00:00:00Z`],
    )
  }
  const closed = partitionName('span', Date.parse('2026-02-28') / DAY_MS)
  await pool.query(`create index on sidelight.${closed} using gin (attributes jsonb_path_ops)`)
  await pool.query('vacuum analyze sidelight.span')

  /** Every node of the plan of the search in this slice. */
  const planOf = async (filter: Partial<SpanFilter>, from: string, to: string) => {
    const us = (time: string) => BigInt(Date.parse(time)) * 1000n
    const slice = { fromUs: us(from), toUs: us(to) }
    const whole = { ...EVERY_SPAN, ...filter }
    const { text, values } = spanStatement({ filter: whole, slice, after: null, limit: 200 })
    const { rows } = await pool.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
      `explain (format json) ${text}`,
      [...values],
    )
    const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]
    return flatten(rows[0]!['QUERY PLAN'][0]!.Plan)
  }
  const indexesOf = (nodes: readonly Plan[]) =>
    nodes.map((node) => String(node['Index Name'] ?? '')).filter((name) => /^span/.test(name))
  const tablesOf = (nodes: readonly Plan[]) =>
    nodes.map((node) => String(node['Relation Name'] ?? '')).filter((name) => /^span/.test(name))

  t.test('the newest are read by service in the order of the index', async (t) => {
    const nodes = await planOf({}, '2026-03-01T05:00:00Z', '2026-03-01T06:00:00Z')
    t.match(indexesOf(nodes), [/service_id_start_time/])
    t.strictSame(tablesOf(nodes), ['span_20260301'], 'and no other day')
    const ofService = await planOf(
      { service: 'gateway', text: 'shop' },
      '2026-02-28T00:00:00Z',
      '2026-03-01T06:00:00Z',
    )
    t.ok(indexesOf(ofService).every((name) => name.includes('service_id_start_time')))
  })

  t.test('an attribute is found by the index of a day that is closed', async (t) => {
    const filter = { attributes: [{ key: 'order.id', value: '77' }] }
    const nodes = await planOf(filter, '2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z')
    t.ok(indexesOf(nodes).some((name) => name.includes('attributes')))
  })
})
