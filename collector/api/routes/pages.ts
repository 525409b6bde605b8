import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { renderLogs } from '../../pages/logs-page'
import { composeOverview, type JudgeHealth } from '../../pages/overview'
import {
  renderOverview,
  type OtlpAddresses,
  type WindowName,
  WINDOWS,
} from '../../pages/overview-page'
import { VERDICT_MINUTES } from '../../health/system'
import { renderTrace } from '../../pages/trace-page'
import { isAllowed } from '../auth'
import type { LogFilter, LogQueries, TraceQueries } from '../contract'
import { readCursor, writeCursor } from '../cursor'
import type { ErrorActions, ErrorQueries } from '../error-contract'
import type { FigureQueries } from '../figure-contract'
import type { MonitoringQueries } from '../monitoring-contract'
import { placeOf, sendPage, sendProblemPage } from '../pages'
import { closedQuery, mustBe, parseTraceId } from '../parameters'
import { errorFormRoutes } from './error-forms'
import { errorPageRoutes } from './error-pages'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const WINDOW_MS: Readonly<Record<WindowName, number>> = {
  '15m': 15 * MINUTE_MS,
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
}
const LOGS_A_PAGE = 500
const MAX_ERRORS = 20

const page = { access: 'page' } as const

/** What the pages need. */
export interface PageRoutesParts {
  readonly queries: TraceQueries &
    LogQueries &
    FigureQueries &
    ErrorQueries &
    ErrorActions &
    Pick<MonitoringQueries, 'readConditions'>
  readonly judge: JudgeHealth
  readonly now: () => number
  readonly maxSpans: number
  /** Called for a page about a trace that has more. */
  readonly onTruncated: () => void
  readonly otlp: OtlpAddresses | null
}

/** The overview, a trace and its log records, and errors. */
export function viewRoutes(parts: PageRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(overview(parts))
    void app.register(oneTrace(parts))
    void app.register(logsOfTrace(parts))
    void app.register(errorPageRoutes(parts))
    void app.register(errorFormRoutes(parts))
    done()
  }
}

function overview({ queries, judge, now, otlp }: PageRoutesParts): FastifyPluginCallbackTypebox {
  const querystring = closedQuery({
    window: Type.Optional(Type.Unsafe<WindowName>({ type: 'string', enum: Object.keys(WINDOWS) })),
    service: Type.Optional(Type.String()),
    refresh: Type.Optional(Type.Unsafe<'on'>({ type: 'string', enum: ['on'] })),
  })
  return (app, _options, done) => {
    app.get('/', { config: page, schema: { hide: true, querystring } }, async (request, reply) => {
      const { window = '1h', service = null, refresh } = request.query
      const nowMs = now()
      const filter = { tenant: request.tenant, service, module: null, operation: null }
      const before = (ms: number) => ({ sinceMs: nowMs - ms, untilMs: nowMs })
      const [operations, minutes, unresolved, inWindow, conditions] = await Promise.all([
        queries.readFigures({
          window: before(WINDOW_MS[window]),
          filter,
          of: 'requests',
          by: ['service', 'module', 'operation'],
          stepMs: null,
        }),
        queries.readFigures({
          window: before(HOUR_MS),
          filter,
          of: 'requests',
          by: ['service'],
          stepMs: MINUTE_MS,
        }),
        queries.countUnresolved({ ...filter, window: before(VERDICT_MINUTES * MINUTE_MS) }),
        queries.countUnresolved({ ...filter, window: before(WINDOW_MS[window]) }),
        service === null ? queries.readConditions({ tenant: request.tenant }) : [],
      ])
      const view = composeOverview({ operations, minutes, unresolved }, judge, nowMs)
      const errorCount = inWindow.reduce((sum, { count }) => sum + count, 0)
      const choice = { window, service, isRefreshing: refresh === 'on' }
      return sendPage(
        reply,
        renderOverview({ ...view, errorCount, conditions }, choice, { ...placeOf(request), otlp }),
      )
    })
    done()
  }
}

function oneTrace({
  queries,
  maxSpans,
  onTruncated,
}: PageRoutesParts): FastifyPluginCallbackTypebox {
  const options = { config: page, schema: { hide: true, querystring: closedQuery({}) } }
  return (app, _options, done) => {
    app.get<{ Params: { traceId: string } }>(
      '/traces/:traceId',
      options,
      async (request, reply) => {
        const traceId = parseTraceId(request.params.traceId)
        const { tenant, grant } = request
        const [trace, errors] = await Promise.all([
          queries.readTrace({ traceId, tenant, maxSpans }),
          queries.readErrorsOfTraces({ traceIds: [traceId], tenant, limit: MAX_ERRORS }),
        ])
        if (trace.spans.length === 0 && trace.logs.length === 0) {
          return sendProblemPage(request, reply, 404, `Nothing of trace ${traceId} is stored.`)
        }
        if (trace.isTruncated || trace.isLogsTruncated) onTruncated()
        const mayAskApi = grant !== null && isAllowed(grant, 'admin')
        return sendPage(reply, renderTrace({ traceId, trace, errors, mayAskApi }, placeOf(request)))
      },
    )
    done()
  }
}

function logsOfTrace({ queries }: PageRoutesParts): FastifyPluginCallbackTypebox {
  const querystring = closedQuery({ cursor: Type.Optional(Type.String()) })
  const options = { config: page, schema: { hide: true, querystring } }
  return (app, _options, done) => {
    app.get<{ Params: { traceId: string }; Querystring: { cursor?: string } }>(
      '/traces/:traceId/logs',
      options,
      async (request, reply) => {
        const traceId = parseTraceId(request.params.traceId)
        const { cursor } = request.query
        const asked = {
          filter: { ...NO_FILTER, tenant: request.tenant, traceId },
          order: 'asc',
        } as const
        const at = cursor === undefined ? null : readCursor(asked, cursor)
        if (cursor !== undefined && at === null) {
          throw mustBe('cursor', 'the one of the page before', cursor)
        }
        const after = at?.after ?? null
        const { logs, next } = await queries.readLogs({
          ...asked,
          window: null,
          limit: LOGS_A_PAGE,
          after,
        })
        const nextCursor = next === null ? null : writeCursor(asked, { window: null, after: next })
        const view = { traceId, logs, isFirstPage: after === null, nextCursor }
        return sendPage(reply, renderLogs(view, placeOf(request)))
      },
    )
    done()
  }
}

const NO_FILTER: LogFilter = {
  tenant: null,
  service: null,
  minSeverity: null,
  text: null,
  traceId: null,
  spanId: null,
  eventName: null,
  attributes: [],
}
