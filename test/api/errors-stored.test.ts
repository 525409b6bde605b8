import t from 'tap'
import { createErrorActions } from '../../collector/store/error-actions'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { createFigureQueries } from '../../collector/store/queries/figures'
import { newestRelease } from '../../collector/health/release-order'
import { openDatabase, type Test } from '../store/database'
import { errorId, seedErrors, type SeedThrow } from '../store/seed-errors'
import { ask, send } from './answer'
import { ACME_ADMIN, bearer, buildApi } from './server'

const ERRORS = '/api/v1/errors'
const PREFIX = '/api/admin/observability'
const HEALTH = `${PREFIX}/health`
const ALERTS = `${PREFIX}/alerts`
const MINUTE_MS = 60_000
const TRACE_ID = 'a'.repeat(32)
const [FIRST, SECOND, OTHER, FOREIGN] = [1, 2, 3, 4].map(errorId) as [
  string,
  string,
  string,
  string,
]

interface Group {
  readonly id: string
  readonly state: string
  readonly occurrenceCount: number
}

interface List {
  readonly errors: readonly Group[]
  readonly nextCursor: string | null
}

/** Two errors of the gateway, one of acme's orders, and one of umbrella's, thrown in the last minutes. */
async function buildStored(t: Test) {
  const pool = await openDatabase(t)
  const nowMs = Date.now()
  const throwsOf = (hash: string, count: number, fields: Partial<SeedThrow> = {}): SeedThrow[] =>
    Array.from({ length: count }, (_, index) => ({
      hash,
      timeMs: nowMs - MINUTE_MS - index * 10,
      user: BigInt(index),
      ...fields,
    }))
  const kept = (number: number): Partial<SeedThrow> => ({
    timeMs: nowMs - MINUTE_MS - number * 1000,
    occurrence: {
      id: errorId(100 + number),
      traceId: TRACE_ID,
      spanId: 'b'.repeat(16),
      stackTrace: 'TypeError: cannot read\n    at load (repo.ts:1:1)',
      exceptions: [{ class: 'TypeError', frames: [] }],
    },
  })
  const similar = [errorId(50)]
  await seedErrors(pool, {
    hashes: [
      { id: FIRST, similar, why: [{ part: 'class' }] },
      { id: SECOND, similar, message: 'cannot write' },
      { id: OTHER, service: 'orders' },
      { id: FOREIGN, tenant: 'umbrella', service: 'orders' },
    ],
    throws: [
      ...throwsOf(FIRST, 9),
      ...[1, 2, 3].flatMap((number) => throwsOf(FIRST, 1, kept(number))),
      ...throwsOf(SECOND, 4, { isHandled: false }),
      ...throwsOf(SECOND, 3, { severity: 13 }),
      ...throwsOf(OTHER, 2, { service: 2n }),
      ...throwsOf(FOREIGN, 1, { service: 3n }),
    ],
  })
  const { app } = buildApi(t, {
    now: Date.now,
    queries: {
      ...createErrorQueries(pool),
      ...createErrorActions(pool, newestRelease),
      ...createFigureQueries(pool),
    },
  })
  const list = (query = '') => ask<List>(app, ERRORS, `${ERRORS}${query}`)
  const one = <T>(name: string, id = FIRST) => {
    const path = name === '' ? '' : `/${name}`
    return ask<T>(app, `${ERRORS}/{id}${path}`, `${ERRORS}/${id}${path}`)
  }
  const change = <T = Group>(name: string, body: object = {}, id = FIRST) =>
    send<T>(app, `${ERRORS}/{id}/${name}`, `${ERRORS}/${id}/${name}`, body)
  return { app, list, one, change }
}

t.test('groups that are stored are listed, counted and told, as documented', async (t) => {
  const { app, list, one } = await buildStored(t)
  const all = await list('?order=count')
  t.strictSame(
    all.errors.map(({ id, occurrenceCount }) => [id, occurrenceCount]),
    [
      [FIRST, 12],
      [SECOND, 7],
      [OTHER, 2],
      [FOREIGN, 1],
    ],
  )
  t.match(all.errors[1], { severeCount: 4, unhandledCount: 4, state: 'new', tenant: 'acme' })
  for (const order of ['count', 'last_seen', 'first_seen', 'users']) {
    const ids: string[] = []
    let cursor = ''
    for (;;) {
      const page = await list(`?order=${order}&limit=1${cursor}`)
      ids.push(...page.errors.map(({ id }) => id))
      if (page.nextCursor === null) break
      cursor = `&cursor=${page.nextCursor}`
    }
    t.same(ids.toSorted(), [FIRST, SECOND, OTHER, FOREIGN], `pages by ${order}`)
  }
  t.match(await ask(app, `${ERRORS}/stats`, `${ERRORS}/stats?service=gateway`), {
    groupCount: 2,
    occurrenceCount: 19,
    byService: [{ name: 'gateway' }],
  })
  const trend = await ask<{ trend: { occurrenceCount: number }[] }>(
    app,
    `${ERRORS}/trend`,
    `${ERRORS}/trend?hours=1&step=5m&id=${FIRST}`,
  )
  t.equal(
    trend.trend.reduce((sum, { occurrenceCount }) => sum + occurrenceCount, 0),
    12,
  )
  t.match(await one(''), {
    group: { id: FIRST, occurrenceCount: 12, userCount: 9 },
    hashes: [{ hash: FIRST }],
    latest: { id: errorId(101), traceId: TRACE_ID },
    traceIds: [TRACE_ID],
  })
  t.match(await one('occurrences'), { occurrences: [{ groupId: FIRST }, {}, {}] })
  t.match(await one('similar'), { errors: [{ id: SECOND, shared: 1 }] })
  t.match(await one('why'), { hashes: [{ hash: FIRST, why: [{ part: 'class' }] }] })
  const url = `${ERRORS}/${FIRST}/occurrences`
  const path = `${ERRORS}/{id}/occurrences`
  const page = await ask<List & { occurrences: object[] }>(app, path, `${url}?limit=2`)
  t.match(await ask(app, path, `${url}?limit=2&cursor=${page.nextCursor}`), {
    occurrences: [{ id: errorId(103) }],
    nextCursor: null,
  })
})

t.test('a group is resolved, reopened, muted and assigned, and its history says so', async (t) => {
  const { list, one, change } = await buildStored(t)
  t.match(await change('resolve', { by: 'ann', notes: 'fixed' }), {
    id: FIRST,
    state: 'resolved',
    resolution: { by: 'ann', kind: 'now', release: null, notes: 'fixed' },
  })
  t.match(await list('?state=resolved'), { errors: [{ id: FIRST }] })
  const unresolved = await list('?state=unresolved&order=count')
  t.strictSame(
    unresolved.errors.map(({ id }) => id),
    [SECOND, OTHER, FOREIGN],
  )
  t.match(await change('reopen'), { state: 'new', resolution: null })
  t.match(await change('mute', { count: 5, perMinutes: 60, by: 'bea' }), {
    state: 'muted',
    mute: { until: null, count: 5, minutes: 60 },
  })
  t.match(await change('assign', { assignee: 'bea' }), { assignee: 'bea', state: 'muted' })
  t.match(await list('?assignee=bea'), { errors: [{ id: FIRST }] })
  t.match(await change('resolve', { in: 'next_release' }), { status: 409, detail: /release/ })
  const { history } = await one<{ history: { action: string; actor: string }[] }>('history')
  t.strictSame(
    history.map(({ action, actor }) => `${actor} ${action}`),
    ['admin assign', 'bea mute', 'admin reopen', 'ann resolve', ' new'],
  )
})

t.test('groups of a service are merged, found by either id, and split again', async (t) => {
  const { list, one, change } = await buildStored(t)
  t.match(await change('merge', { others: [OTHER] }), { status: 409, detail: /another service/ })
  t.match(await change('merge', { others: [SECOND] }), { id: FIRST, occurrenceCount: 19 })
  t.match(await list('?service=gateway'), { errors: [{ id: FIRST }] })
  t.match(await one('', SECOND), { group: { id: FIRST }, hashes: [{}, {}] })
  t.match(await change('split', { hashes: [SECOND] }), { id: SECOND, occurrenceCount: 7 })
  t.match(await one(''), { group: { id: FIRST, occurrenceCount: 12 }, hashes: [{ hash: FIRST }] })
})

t.test('what is unresolved counts in health and alerts, until it is resolved', async (t) => {
  const { app, change } = await buildStored(t)
  const url = `${HEALTH}?service=gateway`
  t.match(await ask(app, HEALTH, url), { errors: { unresolvedErrors: 2 }, status: 'no_data' })
  const alerts = await ask<object[]>(app, ALERTS, `${ALERTS}?service=gateway`)
  t.match(alerts, [{ criterion: 'error_pattern', value: 12, errorId: FIRST, severity: 'warning' }])
  await change('resolve')
  t.match(await ask(app, HEALTH, url), { errors: { unresolvedErrors: 1 } })
  t.strictSame(await ask(app, ALERTS, `${ALERTS}?service=gateway`), [])
})

t.test('a token of a tenant neither sees nor changes the groups of another', async (t) => {
  const { app } = await buildStored(t)
  const headers = bearer(ACME_ADMIN)
  const list = await app.inject({ url: `${ERRORS}?order=count`, headers })
  t.same(
    list.json<List>().errors.map(({ id }) => id),
    [FIRST, SECOND, OTHER],
  )
  for (const path of ['', '/occurrences', '/history', '/why', '/similar']) {
    const url = `${ERRORS}/${FOREIGN}${path}`
    t.equal((await app.inject({ url, headers })).statusCode, 404, path)
  }
  for (const [name, payload] of [
    ['resolve', {}],
    ['merge', { others: [FIRST] }],
  ] as const) {
    const url = `${ERRORS}/${FOREIGN}/${name}`
    t.equal((await app.inject({ method: 'POST', url, headers, payload })).statusCode, 404, name)
  }
  const url = `${ERRORS}/${FIRST}/merge`
  const foreign = await app.inject({ method: 'POST', url, headers, payload: { others: [FOREIGN] } })
  t.match(foreign.json(), { status: 409, detail: /there is no such error/ })
})
