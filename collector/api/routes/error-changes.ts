import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type, type Static, type TProperties } from 'typebox'
import { BadData } from '../../errors'
import { sendLarge } from '../answer'
import type { ErrorActions, ErrorQueries, ErrorSubject } from '../error-contract'
import { problems } from '../openapi'
import { parseUuid, questionQuery, readUuid, UUID } from '../parameters'
import { BadParameters, type Fault, sendProblem } from '../problems'
import { ErrorGroup } from '../schemas/error'
import { Assign, Merge, Mute, Reopen, Resolve, ResolveLegacy, Split } from '../schemas/error-change'
import type { closed } from '../schemas/field'
import { formatMs, parseInstant } from '../window'
import { readNamed, sendUnknown } from './error'
import { ERROR_PREFIX, ERROR_TAGS, LEGACY_ERROR_PREFIX } from './error-groups'

const MINUTE_MS = 60_000
const MAX_SHOWN = 100
const KINDS = { now: 'now', release: 'in_release', next_release: 'in_next_release' } as const

/** What the routes that change groups need. */
export interface ErrorChangeParts {
  readonly queries: ErrorActions & Pick<ErrorQueries, 'readError'>
  readonly now: () => number
}

/** What people do to groups of errors. Bodies are JSON; each change is answered with the group afterwards. */
export function errorChangeRoutes(parts: ErrorChangeParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    // What a form of any site may send is not taken.
    app.removeContentTypeParser('text/plain')
    app.addHook('preValidation', async (request) => {
      request.body ??= {}
    })
    for (const routes of [resolve, reopen, mute, assign, merge, split]) {
      void app.register(routes(parts), { prefix: ERROR_PREFIX })
    }
    void app.register(resolveLegacy(parts), { prefix: LEGACY_ERROR_PREFIX })
    done()
  }
}

function resolve({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const change = {
    path: '/:id/resolve',
    summary: 'Resolves a group; a later throw, or one of a later release, makes it regressed',
    body: Resolve,
  }
  return route(queries, now, change, (subject, body) =>
    queries.resolveError({ ...subject, ...resolutionOf(body) }),
  )
}

function resolveLegacy({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const change = { path: '/:id/resolve', summary: 'Resolves a group', body: ResolveLegacy }
  return route(queries, now, change, (subject, { resolvedBy, ...body }) =>
    queries.resolveError({
      ...subject,
      actor: resolvedBy ?? subject.actor,
      ...resolutionOf(body),
    }),
  )
}

function reopen({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const summary = 'Takes the resolution or the mute of a group back'
  const change = { path: '/:id/reopen', summary, body: Reopen }
  return route(queries, now, change, (subject) => queries.reopenError(subject))
}

function mute({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const summary = 'Mutes a group for good, until a time, or until so many throws come'
  const change = { path: '/:id/mute', summary, body: Mute }
  return route(queries, now, change, (subject, body) =>
    queries.muteError({ ...subject, ...endOf(body, now()) }),
  )
}

function assign({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const change = {
    path: '/:id/assign',
    summary: 'Says who looks after a group, or that nobody does',
    body: Assign,
  }
  return route(queries, now, change, (subject, { assignee }) =>
    queries.assignError({ ...subject, assignee }),
  )
}

function merge({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const change = {
    path: '/:id/merge',
    summary: 'Makes other groups of the service part of this one, until they are split off',
    body: Merge,
  }
  return route(queries, now, change, (subject, body) => {
    const others = uuidsOf('others', body.others)
    if (others.includes(subject.id)) {
      const reason = 'must be other groups than the one they become part of'
      throw new BadParameters([{ name: 'others', reason }])
    }
    return queries.mergeErrors({ ...subject, others })
  })
}

function split({ queries, now }: ErrorChangeParts): FastifyPluginCallbackTypebox {
  const change = {
    path: '/:id/split',
    summary: 'Makes hashes of a group a group of their own again, which is answered',
    body: Split,
  }
  return route(queries, now, change, (subject, body) =>
    queries.splitError({ ...subject, hashes: uuidsOf('hashes', body.hashes) }),
  )
}

interface Change<P extends TProperties> {
  readonly path: string
  readonly summary: string
  readonly body: ReturnType<typeof closed<P>>
}

/** A route that does something to a group. `act` resolves to the id of the group that is answered, null when there is none. */
function route<P extends TProperties>(
  queries: Pick<ErrorQueries, 'readError'>,
  now: () => number,
  { path, summary, body }: Change<P>,
  act: (
    subject: ErrorSubject,
    body: Static<ReturnType<typeof closed<P>>>,
  ) => Promise<string | null>,
): FastifyPluginCallbackTypebox {
  const schema = {
    summary,
    description: 'The group is answered as it is then, with counts of the last 30 days.',
    tags: ERROR_TAGS,
    params: Type.Object({ id: Type.String({ description: 'Of the group' }) }),
    querystring: questionQuery({}),
    body,
    response: { 200: ErrorGroup, ...problems(400, 401, 403, 404, 409, 415, 503) },
  }
  return (app, _options, done) => {
    app.post(path, { schema, config: { bySession: true } }, async (request, reply) => {
      const given = request.body as Static<ReturnType<typeof closed<P>>>
      const { tenant } = request
      const id = parseUuid('id', (request.params as { id: string }).id)
      const done = await refusable(() => act({ id, tenant, actor: actorOf(request) }, given))
      if (done instanceof BadData) return sendProblem(request, reply, 409, done.message)
      const found =
        done === null ? null : await readNamed(queries, { id: done, tenant, nowMs: now() })
      return found === null ? sendUnknown(request, reply) : sendLarge(reply, found.group)
    })
    done()
  }
}

/** What cannot be done to a group as it is, is no fault of the request. */
async function refusable<T>(act: () => Promise<T>): Promise<T | BadData> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof BadData && !(error instanceof BadParameters)) return error
    throw error
  }
}

function actorOf({ body, grant }: FastifyRequest): string {
  const { by } = body as { readonly by?: string }
  return by ?? grant?.scope ?? ''
}

function resolutionOf(body: Pick<Static<typeof Resolve>, 'in' | 'release' | 'notes'>) {
  if (body.release !== undefined && body.in !== 'release') {
    throw new BadParameters([{ name: 'release', reason: 'must be given with in: release only' }])
  }
  const { release, notes } = body
  return { kind: KINDS[body.in ?? 'now'], release: release ?? null, notes: notes ?? null }
}

function endOf({ until, minutes, count, perMinutes }: Static<typeof Mute>, nowMs: number) {
  const faults: Fault[] = []
  const untilMs = until === undefined ? null : parseInstant(until, nowMs)
  if (until !== undefined && (untilMs === null || untilMs <= nowMs)) {
    const reason = `must be an RFC 3339 time, or unix seconds, after ${formatMs(nowMs)}`
    faults.push({
      name: 'until',
      reason: `${reason}, not ${JSON.stringify(until.slice(0, MAX_SHOWN))}`,
    })
  }
  if (until !== undefined && minutes !== undefined) {
    faults.push({ name: 'minutes', reason: 'must not be given together with until' })
  }
  if ((count === undefined) !== (perMinutes === undefined)) {
    const [name, other] = count === undefined ? ['count', 'perMinutes'] : ['perMinutes', 'count']
    faults.push({ name, reason: `must be given together with ${other}` })
  }
  if (faults.length > 0) throw new BadParameters(faults)
  return {
    untilMs: minutes === undefined ? untilMs : nowMs + minutes * MINUTE_MS,
    count: count ?? null,
    minutes: perMinutes ?? null,
  }
}

function uuidsOf(name: string, texts: readonly string[]): string[] {
  const uuids = texts.map(readUuid)
  const faults = texts
    .filter((_, index) => uuids[index] === null)
    .map((text) => ({
      name,
      reason: `must be ${UUID}, not ${JSON.stringify(text.slice(0, MAX_SHOWN))}`,
    }))
  if (faults.length > 0) throw new BadParameters(faults)
  return [...new Set(uuids.filter((uuid) => uuid !== null))]
}
