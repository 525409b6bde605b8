import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Edge, FigureQueries, FigureQuestion, Figures } from '../figure-contract'
import {
  addFigures,
  describeAnswer,
  describeFigures,
  describeWindow,
  NO_SPANS,
  percentOf,
  rankFigures,
  secondsOf,
} from '../figures'
import { problems } from '../openapi'
import { closedQuery, limitParameter, someText } from '../parameters'
import type { Window } from '../contract'
import { Operations, ServiceMap, Services } from '../schemas/figure'
import { MINUTE_MS, resolveSteps } from '../steps'
import { formatMs, resolveWindow, windowParameters } from '../window'

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000
const NS_PER_MS = 1e6

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
    querystring: closedQuery(windowParameters(maxHours)),
    response: { 200: Services, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/api/v1/services', { schema }, async ({ query, tenant }) => {
      const nowMs = now()
      const window = resolveWindow(query, nowMs, maxHours)
      const question = byService(window, tenant)
      const stepMs = resolveSteps(undefined, window, nowMs, [], MINUTE_MS)?.stepMs ?? null
      const [requests, spans] = await Promise.all([
        queries.readFigures({ ...question, of: 'requests', stepMs: null }),
        queries.readFigures({ ...question, of: 'spans', stepMs }),
      ])
      const seconds = secondsOf(requests.window, nowMs)
      const sums = new Map(requests.figures.map((each) => [identityOf(each), each]))
      const seen = [...groupBy(spans.figures, identityOf)].map(([identity, steps]) => ({
        ...describeSightings(steps),
        ...describeFigures(sums.get(identity) ?? NO_SPANS, seconds),
      }))
      const gaps = [...new Set([...requests.gaps, ...spans.gaps])]
      return {
        ...describeAnswer({ window: requests.window, gaps }),
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
    querystring: closedQuery({
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
    querystring: closedQuery(windowParameters(maxHours)),
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
      const seconds = secondsOf(requests.window, nowMs)
      return {
        ...describeAnswer(requests),
        nodes: [...names].sort(compare).map((service) => ({
          service,
          ...describeFigures(addFigures(byName.get(service) ?? []), seconds),
        })),
        edges: edges.map((edge) => describeEdge(edge, secondsOf(edgesWindow, nowMs))),
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

function identityOf({ tenant, environment, namespace, service }: Figures): string {
  return JSON.stringify([tenant, environment, namespace, service])
}

/** Of a service, from its figures step by step. */
function describeSightings(steps: readonly Figures[]) {
  const { tenant, environment, namespace, service } = steps[0]!
  return {
    tenant: tenant ?? '',
    environment: environment ?? '',
    namespace: namespace ?? '',
    service: service ?? '',
    firstSeen: formatMs(Math.min(...steps.map(({ sinceMs }) => sinceMs))),
    lastSeen: formatMs(Math.max(...steps.map(({ lastSeenMs }) => lastSeenMs))),
    spanCount: steps.reduce((sum, { count }) => sum + count, 0),
  }
}

function describeEdge(edge: Edge, seconds: number) {
  const { adjustedCount, adjustedErrorCount, durationSumNs, durationMaxNs } = edge
  return {
    client: edge.client,
    server: edge.server,
    count: edge.count,
    errorCount: edge.errorCount,
    errorRate: percentOf(adjustedErrorCount, adjustedCount),
    ratePerSecond: seconds > 0 ? adjustedCount / seconds : 0,
    avgMs:
      durationMaxNs === null || adjustedCount === 0
        ? null
        : durationSumNs / adjustedCount / NS_PER_MS,
    maxMs: durationMaxNs === null ? null : durationMaxNs / NS_PER_MS,
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
