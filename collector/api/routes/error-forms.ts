import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static, type TProperties } from 'typebox'
import { BadData } from '../../errors'
import { MUTE_COUNTS, MUTE_HOURS } from '../../pages/error-forms'
import type { ErrorActions, ErrorSubject, Resolution } from '../error-contract'
import { acceptForms } from '../forms'
import { sendProblemPage } from '../pages'
import { closedQuery, mustBe, parseUuid, readUuid, UUID } from '../parameters'
import { BadParameters } from '../problems'
import { MAX_RELEASE_LENGTH } from '../schemas/error-change'
import { leadToGroup, sendUnknownPage } from './error-pages'

const HOUR_MS = 3_600_000
const MINUTES_AN_HOUR = 60
const MAX_NAME = 200
const MAX_NOTES = 2_000

/** What the forms need. */
export interface ErrorFormParts {
  readonly queries: ErrorActions
  readonly now: () => number
}

/** What the forms of a group's page send: the session of an admin may, from a page of ours. Each leads back to the group. */
export function errorFormRoutes(parts: ErrorFormParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    acceptForms(app)
    for (const routes of [resolve, reopen, mute, assign, merge, split]) {
      void app.register(routes(parts))
    }
    void app.register(goBack)
    done()
  }
}

function resolve({ queries }: ErrorFormParts): FastifyPluginCallbackTypebox {
  const kinds: Resolution['kind'][] = ['now', 'in_release', 'in_next_release']
  const fields = {
    kind: Type.Unsafe<Resolution['kind']>({ type: 'string', enum: kinds }),
    release: Type.Optional(Type.String({ maxLength: MAX_RELEASE_LENGTH })),
    notes: Type.Optional(Type.String({ maxLength: MAX_NOTES })),
  }
  return form('resolve', fields, (subject, { kind, release = '', notes = '' }) =>
    queries.resolveError({
      ...subject,
      kind,
      release: kind === 'in_release' ? textOrNull(release) : null,
      notes: textOrNull(notes),
    }),
  )
}

function reopen({ queries }: ErrorFormParts): FastifyPluginCallbackTypebox {
  return form('reopen', {}, (subject) => queries.reopenError(subject))
}

function mute({ queries, now }: ErrorFormParts): FastifyPluginCallbackTypebox {
  const fields = { hours: choiceOf(MUTE_HOURS), count: choiceOf(MUTE_COUNTS) }
  return form('mute', fields, (subject, sent) => {
    const hours = meaningOf(MUTE_HOURS, sent.hours)
    const count = meaningOf(MUTE_COUNTS, sent.count)
    return queries.muteError({
      ...subject,
      untilMs: hours === null ? null : now() + hours * HOUR_MS,
      count,
      minutes: count === null ? null : MINUTES_AN_HOUR,
    })
  })
}

type Choices = readonly (readonly [value: string, word: string, meaning: number | null])[]

function choiceOf(choices: Choices) {
  return Type.Unsafe<string>({ type: 'string', enum: choices.map(([value]) => value) })
}

function meaningOf(choices: Choices, sent: string): number | null {
  return choices.find(([value]) => value === sent)?.[2] ?? null
}

function assign({ queries }: ErrorFormParts): FastifyPluginCallbackTypebox {
  const fields = { assignee: Type.String({ maxLength: MAX_NAME }) }
  return form('assign', fields, (subject, { assignee }) =>
    queries.assignError({ ...subject, assignee: textOrNull(assignee) }),
  )
}

function merge({ queries }: ErrorFormParts): FastifyPluginCallbackTypebox {
  return form('merge', { other: Type.String() }, (subject, { other }) => {
    const id = idIn(other)
    if (id === null) throw mustBe('other', `${UUID}, or the address of its page`, other)
    if (id === subject.id) throw new BadData('A group is part of itself already.')
    return queries.mergeErrors({ ...subject, others: [id] })
  })
}

function split({ queries }: ErrorFormParts): FastifyPluginCallbackTypebox {
  return form('split', { hash: Type.String() }, (subject, { hash }) =>
    queries.splitError({ ...subject, hashes: [parseUuid('hash', hash)] }),
  )
}

/** A uuid, or the one a page of a group has in its address. */
function idIn(text: string): string | null {
  const [, last] = /([^/?#]+)\/?(?:[?#].*)?$/.exec(text.trim()) ?? []
  return last === undefined ? null : readUuid(last)
}

function textOrNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim()
}

/** A route a form is sent to. `act` resolves to the id of the group to go on to, null when there is none. */
function form<P extends TProperties>(
  action: string,
  fields: P,
  act: (
    subject: ErrorSubject,
    sent: Static<ReturnType<typeof Type.Object<P>>>,
  ) => Promise<string | null>,
): FastifyPluginCallbackTypebox {
  const by = Type.Optional(Type.String({ maxLength: MAX_NAME }))
  const schema = { hide: true, querystring: closedQuery({}), body: Type.Object({ ...fields, by }) }
  const options = { schema, config: { access: 'page', bySession: true } } as const
  return (app, _options, done) => {
    app.addHook('preValidation', async (request) => {
      // A form without fields sends no body.
      request.body ??= {}
    })
    app.post(`/errors/:id/${action}`, options, async (request, reply) => {
      const id = parseUuid('id', (request.params as { id: string }).id)
      const sent = request.body as Static<ReturnType<typeof Type.Object<P>>> & { by?: string }
      const actor = textOrNull(sent.by ?? '') ?? request.grant?.scope ?? ''
      try {
        const group = await act({ id, tenant: request.tenant, actor }, sent)
        return group === null ? sendUnknownPage(request, reply) : leadToGroup(request, reply, group)
      } catch (error) {
        if (!(error instanceof BadData) || error instanceof BadParameters) throw error
        return sendProblemPage(request, reply, 409, error.message)
      }
    })
    done()
  }
}

/** Where a login leads whose session ended before a form was sent: to the group, nothing is done to it. */
const goBack: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get<{ Params: { id: string } }>(
    '/errors/:id/:action',
    { config: { access: 'page' }, schema: { hide: true } },
    (request, reply) => leadToGroup(request, reply, parseUuid('id', request.params.id)),
  )
  done()
}
