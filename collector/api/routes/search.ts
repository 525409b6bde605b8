import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { sendLarge } from '../answer'
import { problems } from '../openapi'
import { CURSOR, pageAsked, pageFound } from '../paging'
import {
  attributeParameter,
  choice,
  questionQuery,
  durationParameter,
  limitParameter,
  parseAttributes,
  someText,
} from '../parameters'
import { BadParameters } from '../problems'
import { FoundTraces } from '../schemas/search'
import { SPAN_KINDS, SPAN_STATUSES, type SearchQueries, type SpanFilter } from '../search-contract'
import { resolveWindow, windowParameters } from '../window'

const PATH = '/api/v1/traces'
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000

/** Leaves no span out. */
export const EVERY_SPAN: SpanFilter = {
  tenant: null,
  service: null,
  module: null,
  operation: null,
  kind: null,
  status: null,
  minDurationMs: null,
  maxDurationMs: null,
  text: null,
  attributes: [],
}

/** What the search for traces needs; windows reach back `maxHours` at most. */
export interface SearchRoutesParts {
  readonly queries: SearchQueries
  readonly now: () => number
  readonly maxHours: number
}

/** Traces, newest first, a page at a time. */
export function searchRoutes({
  queries,
  now,
  maxHours,
}: SearchRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Traces that have such a span, newest first, each once',
    tags: ['traces'],
    querystring: questionQuery(parameters(maxHours)),
    response: { 200: FoundTraces, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async ({ query, tenant }, reply) => {
      const filter = filterOf(query, tenant)
      const question = { filter, order: 'desc' as const }
      const page = pageAsked(question, query.cursor, resolveWindow(query, now(), maxHours))
      const { limit = DEFAULT_LIMIT } = query
      const { traces, ...found } = await queries.searchTraces({ filter, ...page, limit })
      return sendLarge(reply, { traces, ...pageFound(question, page.window, found) })
    })
    done()
  }
}

function parameters(maxHours: number) {
  return {
    service: someText('Only spans of this service.name'),
    module: someText('Only spans of this module'),
    operation: someText('Only spans of this name'),
    kind: choice(SPAN_KINDS, 'Only spans of this kind'),
    status: choice(SPAN_STATUSES, 'Only spans of this status'),
    minDuration: durationParameter('Milliseconds the span must have taken at least'),
    maxDuration: durationParameter('Milliseconds the span may have taken at most'),
    text: someText('In the name or the status message of the span, whatever the case'),
    attribute: attributeParameter('spans'),
    ...windowParameters(maxHours),
    limit: limitParameter('traces', DEFAULT_LIMIT, MAX_LIMIT),
    cursor: CURSOR,
  }
}

type Query = Static<ReturnType<typeof questionQuery<ReturnType<typeof parameters>>>>

/** All of it must hold of one span. */
function filterOf(query: Query, tenant: string | null): SpanFilter {
  const { service = null, module = null, operation = null, text = null } = query
  const { kind = null, status = null } = query
  const { minDuration: minDurationMs = null, maxDuration: maxDurationMs = null } = query
  if (minDurationMs !== null && maxDurationMs !== null && minDurationMs > maxDurationMs) {
    const reason = `must be at least minDuration, ${minDurationMs}, not ${maxDurationMs}`
    throw new BadParameters([{ name: 'maxDuration', reason }])
  }
  return {
    tenant,
    service,
    module,
    operation,
    kind,
    status,
    minDurationMs,
    maxDurationMs,
    text,
    attributes: parseAttributes(query.attribute),
  }
}
