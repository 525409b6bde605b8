import t from 'tap'
import type { ErrorQueries } from '../../collector/api/error-contract'
import type { Log } from '../../collector/api/schemas/log'
import { ask } from './answer'
import { occurrenceOf } from './errors'
import { ACME_ADMIN, bearer, buildApi } from './server'

const TRACE_ID = 'a'.repeat(32)
const TRACE = '/api/admin/observability/traces/{traceId}'
const CORRELATION = '/api/v1/correlations/{id}'

const LOG = {
  time: '2026-03-01T11:59:00.000000001Z',
  service: 'orders',
  severityNumber: 17,
  attributes: {},
} as unknown as Log

t.test('answers about traces have the throws that were kept of them', async (t) => {
  const asked: Parameters<ErrorQueries['readErrorsOfTraces']>[0][] = []
  const kept = { spans: [], logs: [LOG], isTruncated: false, isLogsTruncated: false }
  const truncated = { traces: false, spans: false, logs: false }
  const { app } = buildApi(t, {
    queries: {
      readTrace: () => Promise.resolve(kept),
      readCorrelation: ({ id }) => {
        const traceIds = id === 'none' ? [] : [TRACE_ID, 'b'.repeat(32)]
        return Promise.resolve({ id, traceIds, spans: [], logs: [LOG], truncated })
      },
      readErrorsOfTraces: (question) => {
        asked.push(question)
        return Promise.resolve([occurrenceOf(), occurrenceOf({ exceptions: [], traceId: null })])
      },
    },
  })
  const headers = bearer(ACME_ADMIN)
  const url = TRACE.replace('{traceId}', TRACE_ID)
  for (const [of, traceIds] of [
    [url, [TRACE_ID]],
    ['/api/v1/correlations/7', [TRACE_ID, 'b'.repeat(32)]],
  ] as const) {
    asked.length = 0
    const answer = (await app.inject({ url: of, headers })).json<{ occurrences: object[] }>()
    t.strictSame(answer.occurrences[0], occurrenceOf())
    t.equal(answer.occurrences.length, 2)
    t.strictSame(asked, [{ traceIds, tenant: 'acme', limit: 1000 }])
  }
  asked.length = 0
  const none = await app.inject({ url: '/api/v1/correlations/none', headers })
  t.strictSame(none.json<{ occurrences: object[] }>().occurrences, [])
  t.strictSame(asked, [], 'nothing is asked without a trace')
})

t.test('the document says so', async (t) => {
  const { app } = buildApi(t)
  for (const [path, url] of [
    [TRACE, TRACE.replace('{traceId}', TRACE_ID)],
    [CORRELATION, '/api/v1/correlations/7'],
  ] as const) {
    t.match(await ask(app, path, url), { status: 404 })
  }
  interface Document {
    readonly paths: Record<string, { get: { responses: { 200: { content: object } } } }>
  }
  const document = (
    await app.inject({ url: '/api/openapi.json', headers: bearer(ACME_ADMIN) })
  ).json<Document>()
  for (const path of [TRACE, CORRELATION]) {
    const [{ schema }] = Object.values(document.paths[path]!.get.responses[200].content) as [
      { schema: { properties: { occurrences: object } } },
    ]
    t.match(schema.properties.occurrences, {
      items: { $ref: '#/components/schemas/ErrorOccurrence' },
    })
  }
})
