import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { sendLarge } from '../answer'
import type { ErrorDetail as Detail, ErrorQueries } from '../error-contract'
import { describeWindow } from '../figures'
import { problems } from '../openapi'
import { CURSOR, pageAsked, pageFound } from '../paging'
import { limitParameter, parseUuid, questionQuery } from '../parameters'
import { sendProblem } from '../problems'
import {
  ErrorDetail,
  ErrorHashes,
  ErrorHistory,
  ErrorOccurrences,
  SimilarErrors,
} from '../schemas/error'
import { resolveWindow, windowParameters } from '../window'
import {
  ERROR_PREFIX,
  ERROR_TAGS,
  type ErrorRoutesParts,
  LEGACY_ERROR_PREFIX,
} from './error-groups'

const DAY_MS = 86_400_000
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000
const DEFAULT_SIMILAR = 10
const MAX_SIMILAR = 100

/** A group is looked for by its id, so that a window may be long. */
const WINDOW_MS = 30 * DAY_MS

const params = Type.Object({
  id: Type.String({ description: 'Of a group, or a hash of it: a uuid, or its 32 hex digits' }),
})

/** What is known of one group of errors. */
export function oneErrorRoutes(parts: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const routes of [detail, occurrences, similar, history, why]) {
      void app.register(routes(parts), { prefix: ERROR_PREFIX })
    }
    void app.register(occurrences(parts), { prefix: LEGACY_ERROR_PREFIX })
    done()
  }
}

/** The group that a request names; the last `WINDOW_MS` of it, since what is asked for has no window. */
export async function readNamed(
  queries: Pick<ErrorQueries, 'readError'>,
  { id, tenant, nowMs }: { id: string; tenant: string | null; nowMs: number },
): Promise<Detail | null> {
  const window = { sinceMs: Math.max(0, nowMs - WINDOW_MS), untilMs: nowMs }
  return queries.readError({ id, window, tenant })
}

/** Says that there is no such group, for this caller. */
export function sendUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(request, reply, 404, 'There is no group of errors with this id.')
}

function detail({ queries, now, maxHours }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Everything about a group: counts, releases, history, the latest throw, traces',
    tags: ERROR_TAGS,
    params,
    querystring: questionQuery(windowParameters(maxHours, WINDOW_MS)),
    response: { 200: ErrorDetail, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get('/:id', { schema }, async (request, reply) => {
      const { query, tenant } = request
      const id = parseUuid('id', request.params.id)
      const asked = resolveWindow(query, now(), maxHours, WINDOW_MS)
      const found = await queries.readError({ id, window: asked, tenant })
      if (found === null) return sendUnknown(request, reply)
      return sendLarge(reply, { ...found, window: describeWindow(found.window) })
    })
    done()
  }
}

function occurrences({ queries, now, maxHours }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Throws that were kept of a group, newest first, a page at a time',
    tags: ERROR_TAGS,
    params,
    querystring: questionQuery({
      ...windowParameters(maxHours, WINDOW_MS),
      limit: limitParameter('throws', DEFAULT_LIMIT, MAX_LIMIT),
      cursor: CURSOR,
    }),
    response: { 200: ErrorOccurrences, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get('/:id/occurrences', { schema }, async (request, reply) => {
      const { query, tenant } = request
      const { limit = DEFAULT_LIMIT } = query
      const id = parseUuid('id', request.params.id)
      const question = { filter: { id }, order: 'desc' as const }
      const given = resolveWindow(query, now(), maxHours, WINDOW_MS)
      const page = pageAsked(question, query.cursor, given)
      const window = page.window ?? given
      const found = await queries.listOccurrences({ id, tenant, limit, ...page, window })
      if (found === null) return sendUnknown(request, reply)
      const { next } = found
      return sendLarge(reply, {
        occurrences: found.occurrences,
        ...pageFound(question, window, { next, searchedToUs: next?.timeUs ?? null }),
      })
    })
    done()
  }
}

function similar({ queries, now }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Groups of the same service that may be the same fault, to be merged with it',
    tags: ERROR_TAGS,
    params,
    querystring: questionQuery({ limit: limitParameter('groups', DEFAULT_SIMILAR, MAX_SIMILAR) }),
    response: { 200: SimilarErrors, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get('/:id/similar', { schema }, async (request, reply) => {
      const { query, tenant } = request
      const { limit = DEFAULT_SIMILAR } = query
      const id = parseUuid('id', request.params.id)
      const [group, errors] = await Promise.all([
        readNamed(queries, { id, tenant, nowMs: now() }),
        queries.listSimilarErrors({ id, tenant, limit }),
      ])
      return group === null ? sendUnknown(request, reply) : sendLarge(reply, { errors })
    })
    done()
  }
}

function history(parts: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const summary = 'What happened to a group: states, resolutions, mutes, merges, and who did it'
  return part(parts, '/:id/history', { summary, answer: ErrorHistory }, ({ history: events }) => ({
    history: events,
  }))
}

function why(parts: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const summary = 'Why throws are of this group: its hashes, with what each was formed from'
  return part(parts, '/:id/why', { summary, answer: ErrorHashes }, ({ hashes }) => ({ hashes }))
}

/** A route that answers with a part of what is known of a group. */
function part(
  { queries, now }: ErrorRoutesParts,
  path: string,
  { summary, answer }: { summary: string; answer: typeof ErrorHistory | typeof ErrorHashes },
  pick: (found: Detail) => object,
): FastifyPluginCallbackTypebox {
  const schema = {
    summary,
    tags: ERROR_TAGS,
    params,
    querystring: questionQuery({}),
    response: { 200: answer, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get(path, { schema }, async (request, reply) => {
      const id = parseUuid('id', request.params.id)
      const found = await readNamed(queries, { id, tenant: request.tenant, nowMs: now() })
      return found === null ? sendUnknown(request, reply) : sendLarge(reply, pick(found))
    })
    done()
  }
}
