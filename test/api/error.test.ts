import t from 'tap'
import type { ErrorQueries } from '../../collector/api/error-contract'
import { ask } from './answer'
import { detailOf, GROUP_ID, groupOf, occurrenceOf, OTHER_ID } from './errors'
import { buildApi, NOW_MS } from './server'

const ERRORS = '/api/v1/errors'
const LEGACY = '/api/admin/observability/errors'
const PREFIXES = [ERRORS, LEGACY]
const HOUR_MS = 3_600_000
const MONTH = { sinceMs: NOW_MS - 720 * HOUR_MS, untilMs: NOW_MS }

type Asked<K extends keyof ErrorQueries> = Parameters<ErrorQueries[K]>[0][]

interface Page {
  readonly nextCursor: string | null
}

t.test('a group is told with all that is known of it, and in parts', async (t) => {
  const asked: Asked<'readError'> = []
  const { app } = buildApi(t, {
    queries: {
      readError: (question) => {
        asked.push(question)
        return Promise.resolve(detailOf(question))
      },
      listSimilarErrors: ({ limit }) =>
        Promise.resolve([{ ...groupOf({ id: OTHER_ID }), shared: limit }]),
    },
  })
  const path = `${ERRORS}/{id}`
  const detail = detailOf({ window: MONTH })
  const answer = await ask<object>(
    app,
    path,
    `${ERRORS}/${GROUP_ID.replaceAll('-', '').toUpperCase()}`,
  )
  t.strictSame(answer, {
    ...detail,
    window: { since: '2026-01-30T12:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
  })
  await ask(app, path, `${ERRORS}/${GROUP_ID}?hours=1&tenant=acme`)
  t.strictSame(asked, [
    { id: GROUP_ID, window: MONTH, tenant: null },
    { id: GROUP_ID, window: { sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS }, tenant: 'acme' },
  ])
  const { history, hashes } = detail
  const part = (name: string, query = '') =>
    ask(app, `${path}/${name}`, `${ERRORS}/${GROUP_ID}/${name}${query}`)
  t.strictSame(await part('history'), { history })
  t.strictSame(await part('why'), { hashes })
  t.match(await part('similar'), { errors: [{ id: OTHER_ID, shared: 10 }] })
  t.match(await part('similar', '?limit=100'), { errors: [{ shared: 100 }] })
})

t.test('throws of a group are listed a page at a time', async (t) => {
  const asked: Asked<'listOccurrences'> = []
  const next = { timeUs: BigInt(NOW_MS - HOUR_MS) * 1000n, restNs: 1, place: '(7,1)' }
  const { app } = buildApi(t, {
    queries: {
      listOccurrences: (question) => {
        asked.push(question)
        const bare = { stackTrace: null, traceId: null, spanId: null, release: null, userId: null }
        const occurrences = [occurrenceOf(), occurrenceOf(bare)]
        return Promise.resolve({ occurrences, next: question.after === null ? next : null })
      },
    },
  })
  for (const prefix of PREFIXES) {
    const path = `${prefix}/{id}/occurrences`
    const url = `${prefix}/${GROUP_ID}/occurrences?limit=2`
    const page = await ask<Page & { occurrences: object[] }>(app, path, url)
    t.strictSame(page.occurrences[0], occurrenceOf())
    t.match(page, { searchedSince: '2026-03-01T11:00:00.000000Z' })
    t.match(await ask(app, path, `${url}&cursor=${page.nextCursor}`), {
      nextCursor: null,
      searchedSince: '2026-01-30T12:00:00.000Z',
    })
    const other = `${prefix}/${OTHER_ID}/occurrences?cursor=${page.nextCursor}`
    t.match(await ask(app, path, other), { status: 400, errors: [{ name: 'cursor' }] })
  }
  const first = { id: GROUP_ID, window: MONTH, tenant: null, limit: 2, after: null }
  t.strictSame(asked.slice(0, 2), [first, { ...first, after: next }])
})

t.test('of what nobody knows is said that it is not there', async (t) => {
  const { app } = buildApi(t)
  for (const [path, url] of [
    [`${ERRORS}/{id}`, `${ERRORS}/${GROUP_ID}`],
    ...['occurrences', 'similar', 'history', 'why'].map((name) => [
      `${ERRORS}/{id}/${name}`,
      `${ERRORS}/${GROUP_ID}/${name}`,
    ]),
    [`${LEGACY}/{id}/occurrences`, `${LEGACY}/${GROUP_ID}/occurrences`],
  ] as const) {
    t.match(await ask(app, path ?? '', url ?? ''), { status: 404, detail: /no group of errors/ })
  }
})
