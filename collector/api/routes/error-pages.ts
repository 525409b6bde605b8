import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { renderError } from '../../pages/error-page'
import {
  ERROR_WINDOWS,
  type ErrorsChoice,
  type ErrorWindow,
  isErrorState,
  renderErrors,
  STATE_CHOICES,
  type StateChoice,
} from '../../pages/errors-page'
import { isAllowed } from '../auth'
import { readOrderedCursor, writeOrderedCursor } from '../cursor'
import {
  ERROR_ORDERS,
  type ErrorFilter,
  type ErrorOrder,
  type ErrorQueries,
  UNRESOLVED_STATES,
} from '../error-contract'
import { EVERY_ERROR } from '../error-filter'
import { placeOf, sendPage, sendProblemPage } from '../pages'
import { closedQuery, mustBe, parseUuid } from '../parameters'
import { rootFrom } from '../place'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** How long a window is and in which steps it is drawn: about 30 of them. */
const WINDOWS: Readonly<Record<ErrorWindow, { readonly ms: number; readonly stepMs: number }>> = {
  '1h': { ms: HOUR_MS, stepMs: 2 * MINUTE_MS },
  '24h': { ms: DAY_MS, stepMs: HOUR_MS },
  '7d': { ms: 7 * DAY_MS, stepMs: 6 * HOUR_MS },
  '30d': { ms: 30 * DAY_MS, stepMs: DAY_MS },
}
const GROUPS_A_PAGE = 25
const MAX_OCCURRENCES = 20
const MAX_SIMILAR = 10

const page = { access: 'page' } as const

/** What the pages of errors need. */
export interface ErrorPageParts {
  readonly queries: ErrorQueries
  readonly now: () => number
}

/** The groups of errors, and one of them. */
export function errorPageRoutes(parts: ErrorPageParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(list(parts))
    void app.register(one(parts))
    done()
  }
}

function oneOf<T extends string>(words: readonly T[]) {
  return Type.Optional(Type.Unsafe<T>({ type: 'string', enum: words }))
}

const windowNames = Object.keys(ERROR_WINDOWS) as ErrorWindow[]

function list({ queries, now }: ErrorPageParts): FastifyPluginCallbackTypebox {
  const querystring = closedQuery({
    window: oneOf(windowNames),
    state: oneOf<StateChoice>(STATE_CHOICES),
    order: oneOf<ErrorOrder>(ERROR_ORDERS),
    service: Type.Optional(Type.String()),
    text: Type.Optional(Type.String()),
    warnings: oneOf(['on']),
    cursor: Type.Optional(Type.String()),
  })
  return (app, _options, done) => {
    app.get(
      '/errors',
      { config: page, schema: { hide: true, querystring } },
      async (request, reply) => {
        const { window = '24h', state = 'unresolved', order = 'last_seen', cursor } = request.query
        const { service = '', text = '', warnings } = request.query
        const choice = { window, state, order, service, text, hasWarnings: warnings === 'on' }
        const question = { filter: filterOf(choice, request.tenant), order }
        const nowMs = now()
        const asked = cursor === undefined ? null : readOrderedCursor(question, cursor)
        if (cursor !== undefined && asked === null) {
          throw mustBe('cursor', 'the one of the page before', cursor)
        }
        const whole = { sinceMs: nowMs - WINDOWS[window].ms, untilMs: nowMs }
        const { after, ...within } = asked ?? { window: whole, after: null }
        const [found, sums] = await Promise.all([
          queries.listErrors({ ...question, ...within, limit: GROUPS_A_PAGE, after }),
          after === null ? sumsOf(queries, question.filter, window, nowMs) : null,
        ])
        const groups = await Promise.all(
          found.groups.map(async (group) => {
            const trend = await readTrend(queries, EVERY_ERROR, group.id, window, nowMs)
            return { ...group, trend }
          }),
        )
        const nextCursor =
          found.next === null
            ? null
            : writeOrderedCursor(question, { ...within, after: found.next })
        const view = { groups, sums, nextCursor, nowMs }
        return sendPage(reply, renderErrors(view, choice, placeOf(request)))
      },
    )
    done()
  }
}

function filterOf(
  { state, service, text, hasWarnings }: ErrorsChoice,
  tenant: string | null,
): ErrorFilter {
  const trimmed = { service: service.trim(), text: text.trim() }
  return {
    ...EVERY_ERROR,
    tenant,
    service: trimmed.service === '' ? null : trimmed.service,
    text: trimmed.text === '' ? null : trimmed.text,
    states: isErrorState(state) ? [state] : state === 'all' ? [] : UNRESOLVED_STATES,
    severeOnly: !hasWarnings,
  }
}

async function sumsOf(
  queries: ErrorQueries,
  filter: ErrorFilter,
  name: ErrorWindow,
  nowMs: number,
) {
  const window = { sinceMs: nowMs - WINDOWS[name].ms, untilMs: nowMs }
  const [statistics, trend] = await Promise.all([
    queries.readErrorStatistics({ window, filter }),
    readTrend(queries, filter, null, name, nowMs),
  ])
  return { statistics, trend }
}

/** By whole steps, the one under way the last. */
function readTrend(
  queries: ErrorQueries,
  filter: ErrorFilter,
  groupId: string | null,
  name: ErrorWindow,
  nowMs: number,
) {
  const { ms, stepMs } = WINDOWS[name]
  const untilMs = Math.floor(nowMs / stepMs) * stepMs + stepMs
  return queries.readErrorTrend({
    window: { sinceMs: untilMs - ms, untilMs },
    filter,
    groupId,
    stepMs,
  })
}

function one({ queries, now }: ErrorPageParts): FastifyPluginCallbackTypebox {
  const querystring = closedQuery({ window: oneOf(windowNames) })
  const options = { config: page, schema: { hide: true, querystring } }
  return (app, _options, done) => {
    app.get<{ Params: { id: string }; Querystring: { window?: ErrorWindow } }>(
      '/errors/:id',
      options,
      async (request, reply) => {
        const { tenant, grant } = request
        const { window: name = '7d' } = request.query
        const asked = parseUuid('id', request.params.id)
        const nowMs = now()
        const window = { sinceMs: nowMs - WINDOWS[name].ms, untilMs: nowMs }
        const detail = await queries.readError({ id: asked, window, tenant })
        if (detail === null) return sendUnknownPage(request, reply)
        const { id } = detail.group
        // A hash that was merged has no page of its own.
        if (id !== request.params.id) return leadToGroup(request, reply, id)
        const filter = { ...EVERY_ERROR, tenant }
        const [trend, found, similar] = await Promise.all([
          readTrend(queries, filter, id, name, nowMs),
          queries.listOccurrences({ id, window, tenant, limit: MAX_OCCURRENCES, after: null }),
          queries.listSimilarErrors({ id, tenant, limit: MAX_SIMILAR }),
        ])
        const mayChange = grant !== null && isAllowed(grant, 'admin')
        const occurrences = found?.occurrences ?? []
        const view = { detail, trend, occurrences, similar, window: name, mayChange, nowMs }
        return sendPage(reply, renderError(view, placeOf(request)))
      },
    )
    done()
  }
}

/** Says that there is no such group, for this reader. */
export function sendUnknownPage(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblemPage(request, reply, 404, 'There is no group of errors with this id.')
}

/** Leads to the page of a group. */
export function leadToGroup(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
): FastifyReply {
  return reply
    .code(303)
    .header('location', `${rootFrom(request)}errors/${id}`)
    .send()
}
