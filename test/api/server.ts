import { Writable } from 'node:stream'
import { createApiServer, type ApiParts } from '../../collector/api/server'
import type { Queries } from '../../collector/api/contract'
import { NO_ERRORS } from './errors'
import { createLog } from '../../collector/telemetry/log'

export const ADMIN = 'admin-token-0123456789'
export const READ = 'read-token-0123456789'
export const INGEST = 'ingest-token-0123456789'
export const ACME_ADMIN = 'acme-admin-token-0123456789'
export const NOW_MS = Date.parse('2026-03-01T12:00:00Z')

/** An API whose parts are replaced as the test needs; `lines` collects its log. */
export function buildApi(
  t: { teardown(fn: () => Promise<void>): void },
  {
    queries,
    ...overrides
  }: Partial<Omit<ApiParts, 'queries'>> & { readonly queries?: Partial<Queries> | null } = {},
) {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const app = createApiServer({
    queries: queries === null ? null : { ...NO_DATA, ...queries },
    probes: { readiness: () => Promise.resolve(READY) },
    tokens: [
      { token: ADMIN, scope: 'admin', tenant: null },
      { token: READ, scope: 'read', tenant: null },
      { token: INGEST, scope: 'ingest', tenant: null },
      { token: ACME_ADMIN, scope: 'admin', tenant: 'acme' },
    ],
    metrics: () => Promise.resolve('# HELP up Up\nup 1\n'),
    version: '0.0.0-test',
    log: createLog('trace', stream),
    now: () => NOW_MS,
    ...overrides,
  })
  t.teardown(() => app.close())
  return { app, lines }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const READY = {
  ready: true,
  checks: { database: 'healthy', spool: 'healthy', disk_space: 'healthy', memory: 'healthy' },
} as const

const NO_FIGURES = {
  requestCount: 0,
  spanCount: 0,
  errorCount: 0,
  errorRate: null,
  durationMs: { avg: null, p50: null, p95: null, p99: null, max: null },
}

const NO_STATISTICS = { ...NO_FIGURES, traceCount: 0, byService: [] }

/** The end of every search of an empty database. */
const NOTHING_FOUND = { next: null, searchedToUs: null }

/** What an empty database answers. */
const NO_DATA: Queries = {
  readTrace: () =>
    Promise.resolve({ spans: [], isTruncated: false, logs: [], isLogsTruncated: false }),
  readSlowTraces: () => Promise.resolve([]),
  readTraceStatistics: ({ window }) => Promise.resolve({ ...NO_STATISTICS, window }),
  readLogs: () => Promise.resolve({ logs: [], next: null, searchedToUs: null }),
  readCorrelation: ({ id }) =>
    Promise.resolve({
      id,
      traceIds: [],
      spans: [],
      logs: [],
      truncated: { traces: false, spans: false, logs: false },
    }),
  readMetricCatalogue: () => Promise.resolve({ metrics: [], isTruncated: false }),
  readMetricVariants: () => Promise.resolve([]),
  readMetricValues: () => Promise.resolve({ series: [], isTruncated: false }),
  readFigures: ({ window, stepMs }) => Promise.resolve({ window, stepMs, figures: [], gaps: [] }),
  readEdges: ({ window }) => Promise.resolve({ window, edges: [] }),
  searchTraces: () => Promise.resolve({ traces: [], ...NOTHING_FOUND }),
  searchSpans: () => Promise.resolve({ spans: [], ...NOTHING_FOUND }),
  readSlowSpans: ({ window }) => Promise.resolve({ window, spans: [] }),
  ...NO_ERRORS,
  readMonitored: () => Promise.resolve({}),
  readConditions: () => Promise.resolve([]),
  readCosts: ({ window }) =>
    Promise.resolve({ window, totalUsd: 0, count: 0, groupCount: 0, costs: [] }),
  listBusinessEvents: () => Promise.resolve({ events: [], ...NOTHING_FOUND }),
  readBusinessSeries: () => Promise.resolve({ series: [], isTruncated: false }),
  refreshViews: () => Promise.resolve({ monitoringMs: NOW_MS, observabilityMs: NOW_MS }),
}
