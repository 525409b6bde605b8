import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { groupBy } from '../../group-by'
import { errorRatePercent, ratePerSecond } from '../../health/figures'
import { identityKey } from '../../health/identity'
import type { Edge, FigureQueries, FigureQuestion, Figures } from '../figure-contract'
import {
  addFigures,
  describeAnswer,
  describeFigures,
  describeService,
  describeWindow,
  elapsedOf,
  NO_SPANS,
  rankFigures,
} from '../figures'
import { problems } from '../openapi'
import { questionQuery, limitParameter, someText } from '../parameters'
import type { Window } from '../contract'
import { Operations, ServiceMap, Services } from '../schemas/figure'
import { MINUTE_MS } from '../steps'
import { formatMs, resolveWindow, windowParameters } from '../window'

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000
const NS_PER_MS = 1e6
const HOUR_MS = 60 * MINUTE_MS

const tags = ['services']

/** What the routes about services need; windows reach back `maxHours` at most. */
export interface ServiceRoutesParts {
  readonly queries: FigureQueries
  readonly now: () => number
  readonly maxHours: number
}

/** Services, their operations, and who calls whom. */
export function serviceRoutes(parts: ServiceRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const routes of [services, operations, serviceMap]) void app.register(routes(parts))
    done()
  }
}

function services({ queries, now, maxHours }: ServiceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'The services that sent spans: when, and rate, error rate and durations of requests',
    tags,
    querystring: questionQuery(windowParameters(maxHours)),
    response: { 200: Services, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/api/v1/services', { schema }, async ({ query, tenant }) => {
      const nowMs = now()
      const window = resolveWindow(query, nowMs, maxHours)
      const question = { ...byService(window, tenant), stepMs: null }
      const [requests, spans, latest] = await Promise.all([
        queries.readFigures({ ...question, of: 'requests' }),
        queries.readFigures({ ...question, of: 'spans' }),
        queries.readFigures({ ...byService(lastHourOf(window), tenant), ...LATEST }),
      ])
      const elapsedMs = elapsedOf(requests.window, nowMs)
      const sums = new Map(requests.figures.map((each) => [identityKey(each), each]))
      const recent = groupBy(latest.figures, identityKey)
      const seen = spans.figures.map((each) => {
        const key = identityKey(each)
        return {
          ...describeSightings(each, recent.get(key) ?? []),
          ...describeFigures(sums.get(key) ?? NO_SPANS, elapsedMs),
        }
      })
      return {
        ...describeAnswer(requests, spans, latest),
        services: seen.sort((a, b) => compare(a.service, b.service)),
      }
    })
    done()
  }
}

function operations({ queries, now, maxHours }: ServiceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'The operations of one service, or all, with what their spans add up to',
    tags,
    querystring: questionQuery({
      service: someText('Only those of this service.name'),
      ...windowParameters(maxHours),
      limit: limitParameter('operations', DEFAULT_LIMIT, MAX_LIMIT),
    }),
    response: { 200: Operations, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/api/v1/operations', { schema }, async ({ query, tenant }) => {
      const { service = null, limit = DEFAULT_LIMIT } = query
      const answer = await queries.readFigures({
        window: resolveWindow(query, now(), maxHours),
        filter: { tenant, service, module: null, operation: null },
        of: 'spans',
        by: ['service', 'module', 'operation'],
        stepMs: null,
      })
      const rows = rankFigures(answer, 'count', now())
      return {
        ...describeAnswer(answer),
        operations: rows.slice(0, limit),
        truncated: rows.length > limit,
      }
    })
    done()
  }
}

function serviceMap({ queries, now, maxHours }: ServiceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Which service calls which, how often, and how that goes',
    tags,
    querystring: questionQuery(windowParameters(maxHours)),
    response: { 200: ServiceMap, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/api/v1/service-map', { schema }, async ({ query, tenant }) => {
      const nowMs = now()
      const window = resolveWindow(query, nowMs, maxHours)
      const [requests, { edges, window: edgesWindow }] = await Promise.all([
        queries.readFigures({ ...byService(window, tenant), of: 'requests', stepMs: null }),
        queries.readEdges({ window, tenant }),
      ])
      const byName = groupBy(requests.figures, ({ service }) => service ?? '')
      const names = new Set([
        ...byName.keys(),
        ...edges.flatMap((edge) => [edge.client, edge.server]),
      ])
      const elapsedMs = elapsedOf(requests.window, nowMs)
      return {
        ...describeAnswer(requests),
        nodes: [...names].sort(compare).map((service) => ({
          service,
          ...describeFigures(addFigures(byName.get(service) ?? []), elapsedMs),
        })),
        edges: edges.map((edge) => describeEdge(edge, elapsedOf(edgesWindow, nowMs))),
        edgesWindow: describeWindow(edgesWindow),
      }
    })
    done()
  }
}

function byService(window: Window, tenant: string | null): Omit<FigureQuestion, 'of' | 'stepMs'> {
  return {
    window,
    filter: { tenant, service: null, module: null, operation: null },
    by: ['service'],
  }
}

/** Steps shorter than hours are told by minutes. */
const LATEST = { of: 'spans', stepMs: 30 * MINUTE_MS } as const

function lastHourOf({ sinceMs, untilMs }: Window): Window {
  return { sinceMs: Math.max(sinceMs, untilMs - HOUR_MS), untilMs }
}

/** When a service was seen, in the window and, to the minute, in its last hour. */
function describeSightings(window: Figures, lastHour: readonly Figures[]) {
  const lastSeenMs = [window, ...lastHour].map((each) => each.lastSeenMs)
  return {
    ...describeService(window),
    firstSeen: formatMs(window.firstSeenMs),
    lastSeen: formatMs(Math.max(...lastSeenMs)),
    spanCount: window.count,
  }
}

function describeEdge(edge: Edge, elapsedMs: number) {
  const { client, server, count, errorCount, adjustedCount, durationSumNs, durationMaxNs } = edge
  return {
    client,
    server,
    count,
    errorCount,
    errorRate: errorRatePercent(edge),
    ratePerSecond: ratePerSecond(edge, elapsedMs),
    avgMs: durationMaxNs === null ? null : durationSumNs / adjustedCount / NS_PER_MS,
    maxMs: durationMaxNs === null ? null : durationMaxNs / NS_PER_MS,
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
