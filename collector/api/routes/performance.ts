import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { sendLarge } from '../answer'
import type { FigureGroup, FigureQueries } from '../figure-contract'
import { FIGURE_GROUPS } from '../figure-contract'
import {
  describeAnswer,
  describeFigures,
  describeWindow,
  elapsedOf,
  FIGURE_ORDERS,
  NO_SPANS,
  rankFigures,
} from '../figures'
import { problems } from '../openapi'
import { CURSOR, pageAsked, pageFound } from '../paging'
import { choice, questionQuery, durationParameter, limitParameter, someText } from '../parameters'
import { BadParameters, type Fault } from '../problems'
import {
  PerformanceMetrics,
  PerformanceStatistics,
  PerformanceTrends,
  SlowOperations,
} from '../schemas/performance'
import { SPAN_STATUSES, type SearchQueries } from '../search-contract'
import { MINUTE_MS, resolveSteps, STEP_DESCRIPTION } from '../steps'
import { formatMs, resolveWindow, windowParameters } from '../window'
import { EVERY_SPAN } from './search'

const PREFIX = '/api/admin/observability/performance'
const DEFAULT_LIMIT = 100
const DEFAULT_TOP = 10
const MAX_LIMIT = 1000
const DEFAULT_THRESHOLD_MS = 1000

const tags = ['performance']

/** What the routes about performance need; windows reach back `maxHours` at most, those of single spans `maxSpanHours`. */
export interface PerformanceRoutesParts {
  readonly queries: FigureQueries & SearchQueries
  readonly now: () => number
  readonly maxHours: number
  readonly maxSpanHours: number
}

/** What spans, each and every one, add up to, and which took long. */
export function performanceRoutes(parts: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const routes of [statistics, topSlow, trends, slow, metrics]) {
      void app.register(routes(parts))
    }
    done()
  }
}

function statistics({
  queries,
  now,
  maxHours,
}: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Counts, error rates and durations of spans, an operation, module or service each',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxHours),
      groupBy: choice(FIGURE_GROUPS, 'What a row is of; operation by default'),
      order: choice(FIGURE_ORDERS, 'Largest first of this; count by default'),
      limit: limitParameter('rows', DEFAULT_LIMIT, MAX_LIMIT),
    }),
    response: { 200: PerformanceStatistics, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/stats`, { schema }, async ({ query, tenant }) => {
      const { groupBy = 'operation', order = 'count', limit = DEFAULT_LIMIT } = query
      const answer = await queries.readFigures({
        window: resolveWindow(query, now(), maxHours),
        filter: filterOf(query, tenant),
        of: 'spans',
        by: groupsDownTo(groupBy),
        stepMs: null,
      })
      return { ...describeAnswer(answer), ...firstRows(rankFigures(answer, order, now()), limit) }
    })
    done()
  }
}

function topSlow({ queries, now, maxHours }: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'The slowest operations, with the slowest trace of each',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxHours),
      by: choice(
        ['avg', 'p50', 'p95', 'p99', 'max'] as const,
        'The duration that counts; p95 by default',
      ),
      limit: limitParameter('operations', DEFAULT_TOP, MAX_LIMIT),
    }),
    response: { 200: PerformanceStatistics, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/top-slow`, { schema }, async ({ query, tenant }) => {
      const { by = 'p95', limit = DEFAULT_TOP } = query
      const answer = await queries.readFigures({
        window: resolveWindow(query, now(), maxHours),
        filter: filterOf(query, tenant),
        of: 'spans',
        by: groupsDownTo('operation'),
        stepMs: null,
      })
      return { ...describeAnswer(answer), ...firstRows(rankFigures(answer, by, now()), limit) }
    })
    done()
  }
}

function trends({ queries, now, maxHours }: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Counts, error rates and durations of spans over time',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxHours),
      step: someText(`${STEP_DESCRIPTION}. Whole minutes`),
    }),
    response: { 200: PerformanceTrends, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/trends`, { schema }, async ({ query, tenant }, reply) => {
      const nowMs = now()
      const faults: Fault[] = []
      const asked = resolveWindow(query, nowMs, maxHours)
      const steps = resolveSteps(query.step, asked, nowMs, faults, MINUTE_MS)
      if (steps === null) throw new BadParameters(faults)
      const answer = await queries.readFigures({
        window: { sinceMs: steps.sinceMs, untilMs: steps.sinceMs + steps.count * steps.stepMs },
        filter: filterOf(query, tenant),
        of: 'spans',
        by: [],
        stepMs: steps.stepMs,
      })
      const { window, figures, stepMs } = answer
      const lengthMs = stepMs ?? steps.stepMs
      const byStep = new Map(figures.map((each) => [each.sinceMs, each]))
      const trends = stepsOf(window, lengthMs).map((sinceMs) => {
        const elapsedMs = elapsedOf({ sinceMs, untilMs: sinceMs + lengthMs }, nowMs)
        const sum = byStep.get(sinceMs) ?? NO_SPANS
        return { time: formatMs(sinceMs), ...describeFigures(sum, elapsedMs) }
      })
      return sendLarge(reply, { ...describeAnswer(answer), stepSeconds: lengthMs / 1000, trends })
    })
    done()
  }
}

function slow({
  queries,
  now,
  maxSpanHours,
}: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Single spans that took long, slowest first',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxSpanHours),
      threshold: durationParameter('Milliseconds a span must have taken at least', {
        default: DEFAULT_THRESHOLD_MS,
      }),
      limit: limitParameter('spans', DEFAULT_LIMIT, MAX_LIMIT),
    }),
    response: { 200: SlowOperations, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/slow`, { schema }, async ({ query, tenant }, reply) => {
      const { threshold: thresholdMs = DEFAULT_THRESHOLD_MS, limit = DEFAULT_LIMIT } = query
      const asked = resolveWindow(query, now(), maxSpanHours)
      const question = { ...filterOf(query, tenant), window: asked, thresholdMs, limit }
      const { window, spans: operations } = await queries.readSlowSpans(question)
      return sendLarge(reply, { window: describeWindow(window), thresholdMs, operations })
    })
    done()
  }
}

function metrics({
  queries,
  now,
  maxSpanHours,
}: PerformanceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Single spans, newest first, a page at a time',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxSpanHours),
      minDuration: durationParameter('Milliseconds a span must have taken at least'),
      status: choice(SPAN_STATUSES, 'Only spans of this status'),
      limit: limitParameter('spans', DEFAULT_LIMIT, MAX_LIMIT),
      cursor: CURSOR,
    }),
    response: { 200: PerformanceMetrics, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/metrics`, { schema }, async ({ query, tenant }, reply) => {
      const { minDuration: minDurationMs = null, status = null, limit = DEFAULT_LIMIT } = query
      const filter = { ...EVERY_SPAN, ...filterOf(query, tenant), minDurationMs, status }
      const question = { filter, order: 'desc' as const }
      const page = pageAsked(question, query.cursor, resolveWindow(query, now(), maxSpanHours))
      const { spans, ...found } = await queries.searchSpans({ filter, ...page, limit })
      return sendLarge(reply, { metrics: spans, ...pageFound(question, page.window, found) })
    })
    done()
  }
}

function filterParameters(maxHours: number) {
  return {
    ...windowParameters(maxHours),
    service: someText('Only this service.name'),
    module: someText('Only this module'),
    operation: someText('Only spans of this name'),
  }
}

function filterOf(
  query: { service?: string; module?: string; operation?: string },
  tenant: string | null,
) {
  const { service = null, module = null, operation = null } = query
  return { tenant, service, module, operation }
}

/** A module is one of a service, an operation one of a module. */
function groupsDownTo(group: FigureGroup): readonly FigureGroup[] {
  return FIGURE_GROUPS.slice(0, FIGURE_GROUPS.indexOf(group) + 1)
}

function firstRows<R>(rows: readonly R[], limit: number) {
  return { stats: rows.slice(0, limit), truncated: rows.length > limit }
}

function stepsOf({ sinceMs, untilMs }: { sinceMs: number; untilMs: number }, lengthMs: number) {
  const count = Math.ceil((untilMs - sinceMs) / lengthMs)
  return Array.from({ length: count }, (_, step) => sinceMs + step * lengthMs)
}
