import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { sendLarge } from '../answer'
import type { CorrelationQueries } from '../contract'
import { composeCorrelation } from '../correlation'
import type { ErrorQueries } from '../error-contract'
import { problems } from '../openapi'
import { questionQuery } from '../parameters'
import { sendProblem } from '../problems'
import { Correlation } from '../schemas/correlation'
import { MAX_TRACED } from '../schemas/error'

const PATH = '/api/v1/correlations/:id'
const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

/** What the route about correlation ids needs; an answer has `maxSpans` spans and as many log records at most. */
export interface CorrelationRoutesParts {
  readonly queries: CorrelationQueries & Pick<ErrorQueries, 'readErrorsOfTraces'>
  /** The attributes whose values are ids. */
  readonly attributes: readonly string[]
  readonly maxSpans: number
  /** Called for an answer about an id of which there is more. */
  readonly onTruncated: () => void
}

/** The whole story of a correlation or request id. */
export function correlationRoutes({
  queries,
  attributes,
  maxSpans,
  onTruncated,
}: CorrelationRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'All about a correlation or request id: its request, spans, log records and errors',
    tags: ['correlations'],
    params: Type.Object({ id: Type.String({ description: 'The id, as it was sent' }) }),
    querystring: questionQuery({
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MAX_LIMIT,
          default: DEFAULT_LIMIT,
          description: 'Most traces to answer with, the newest ones',
        }),
      ),
    }),
    response: { 200: Correlation, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async (request, reply) => {
      const { id } = request.params
      const { limit: maxTraces = DEFAULT_LIMIT } = request.query
      const limits = { maxTraces, maxSpans, maxLogs: maxSpans }
      const { tenant } = request
      const stored = await queries.readCorrelation({ id, attributes, tenant, ...limits })
      if (stored.spans.length === 0 && stored.logs.length === 0) {
        return sendProblem(request, reply, 404, 'Nothing with this id is stored.')
      }
      const { traces, spans, logs } = stored.truncated
      if (traces || spans || logs) onTruncated()
      const { traceIds } = stored
      const occurrences =
        traceIds.length === 0
          ? []
          : await queries.readErrorsOfTraces({ traceIds, tenant, limit: MAX_TRACED })
      return sendLarge(reply, composeCorrelation(id, stored, attributes, occurrences))
    })
    done()
  }
}
