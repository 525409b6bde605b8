import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { sendLarge } from '../answer'
import type { TraceFilter, TraceQueries } from '../contract'
import type { ErrorQueries } from '../error-contract'
import { describeWindow } from '../figures'
import { problems } from '../openapi'
import {
  questionQuery,
  durationParameter,
  limitParameter,
  parseTraceId,
  someText,
} from '../parameters'
import { sendProblem } from '../problems'
import { MAX_TRACED } from '../schemas/error'
import { SlowTrace, Trace, TraceStatisticsAnswer } from '../schemas/trace'
import { composeTrace } from '../trace'
import { resolveWindow, windowParameters, type WindowParameters } from '../window'

const PREFIX = '/api/admin/observability/traces'
const DEFAULT_THRESHOLD_MS = 1000
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000

const tags = ['traces']

/** What the routes about traces need; windows reach back `maxHours` at most, an answer about one trace has `maxSpans` spans and as many
 * log records. */
export interface TraceRoutesParts {
  readonly queries: TraceQueries & Pick<ErrorQueries, 'readErrorsOfTraces'>
  readonly now: () => number
  readonly maxHours: number
  readonly maxSpans: number
  /** Called for an answer about a trace that has more. */
  readonly onTruncated: () => void
}

/** One trace, the slow ones, and what they add up to. */
export function traceRoutes(parts: TraceRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(oneTrace(parts))
    void app.register(slowTraces(parts))
    void app.register(statistics(parts))
    done()
  }
}

function oneTrace({
  queries,
  maxSpans,
  onTruncated,
}: TraceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'A trace, as a list of spans and as a tree, with its log records and errors',
    tags,
    params: Type.Object({
      traceId: Type.String({ description: '32 hex digits, or the same as a uuid' }),
    }),
    querystring: questionQuery({}),
    response: { 200: Trace, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/:traceId`, { schema }, async (request, reply) => {
      const traceId = parseTraceId(request.params.traceId)
      const { tenant } = request
      const [trace, occurrences] = await Promise.all([
        queries.readTrace({ traceId, tenant, maxSpans }),
        queries.readErrorsOfTraces({ traceIds: [traceId], tenant, limit: MAX_TRACED }),
      ])
      if (trace.spans.length === 0 && trace.logs.length === 0) {
        return sendProblem(request, reply, 404, `Nothing of trace ${traceId} is stored.`)
      }
      if (trace.isTruncated || trace.isLogsTruncated) onTruncated()
      return sendLarge(reply, composeTrace(traceId, trace, occurrences))
    })
    done()
  }
}

function slowTraces({ queries, now, maxHours }: TraceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Requests that took long, slowest first, one a trace',
    tags,
    querystring: questionQuery({
      threshold: durationParameter('Milliseconds a request must have taken at least', {
        default: DEFAULT_THRESHOLD_MS,
      }),
      limit: limitParameter('traces', DEFAULT_LIMIT, MAX_LIMIT),
      ...filterParameters(maxHours),
    }),
    response: {
      200: Type.Array(SlowTrace, { description: 'Slowest first' }),
      ...problems(400, 401, 403, 503),
    },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/slow`, { schema }, async ({ query, tenant }) => {
      const { threshold: thresholdMs = DEFAULT_THRESHOLD_MS, limit = DEFAULT_LIMIT } = query
      const filter = filterOf(query, tenant, now(), maxHours)
      return [...(await queries.readSlowTraces({ ...filter, thresholdMs, limit }))]
    })
    done()
  }
}

function statistics({ queries, now, maxHours }: TraceRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Counts, error rate and durations of requests, in all and a service each',
    tags,
    querystring: questionQuery(filterParameters(maxHours)),
    response: { 200: TraceStatisticsAnswer, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/stats`, { schema }, async ({ query, tenant }) => {
      const filter = filterOf(query, tenant, now(), maxHours)
      const { window, ...statistics } = await queries.readTraceStatistics(filter)
      return { window: describeWindow(window), ...statistics }
    })
    done()
  }
}

function filterParameters(maxHours: number) {
  return {
    ...windowParameters(maxHours),
    service: someText('Only this service.name'),
    module: someText('Only this module'),
  }
}

function filterOf(
  query: WindowParameters & { service?: string; module?: string },
  tenant: string | null,
  nowMs: number,
  maxHours: number,
): TraceFilter {
  const window = resolveWindow(query, nowMs, maxHours)
  return { window, service: query.service ?? null, module: query.module ?? null, tenant }
}
