import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { renderLogin, renderOnwards } from '../../pages/login-page'
import { createTokenCheck, isAllowed, type AccessTokens } from '../auth'
import { acceptForms } from '../forms'
import { placeOf, sendPage, sendProblemPage } from '../pages'
import { closedQuery } from '../parameters'
import { isFromElsewhere, isSentByOwnPage, ownPath, rootFrom } from '../place'
import { type Redeemed, SESSION_MS, type Sessions } from '../sessions'

const SECOND_MS = 1000

const REFUSALS = {
  unknown: [401, 'This link is not one that was given out since the collector started.'],
  gone: [410, 'This link has been used, or is older than ten minutes.'],
} as const

/** What logging in needs. */
export interface LoginRoutesParts {
  readonly tokens: AccessTokens
  readonly sessions: Sessions
}

/** Login by a link or a token, and the end of a session. */
export function loginRoutes(parts: LoginRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    acceptForms(app)
    void app.register(visit(parts))
    void app.register(submit(parts))
    void app.register(leave(parts))
    done()
  }
}

/** The form; with a code the login itself. HEAD has no route of its own, for it would use the link up. */
function visit({ sessions }: LoginRoutesParts): FastifyPluginCallbackTypebox {
  const querystring = closedQuery({
    code: Type.Optional(Type.String()),
    next: Type.Optional(Type.String()),
  })
  const options = {
    config: { access: 'open' },
    exposeHeadRoute: false,
    schema: { hide: true, querystring },
  } as const
  return (app, _options, done) => {
    app.get('/login', options, (request, reply) => {
      const { code, next } = request.query
      if (code === undefined) return askForToken(request, reply, next)
      // What a browser fetches ahead nobody may ever look at.
      if (request.headers['sec-purpose'] !== undefined) {
        return sendProblemPage(request, reply, 503, 'This link is not to be fetched ahead.')
      }
      return enterByLink(request, reply, sessions.redeem(code), sessions)
    })
    done()
  }
}

/** Whom another site led here may have a session: asked for by a page of ours, the browser shows its cookie. */
function askForToken(
  request: FastifyRequest,
  reply: FastifyReply,
  next: string | undefined,
): FastifyReply {
  const path = ownPath(next)
  if (isFromElsewhere(request) && request.session === null) {
    return goOn(request, reply, path)
  }
  return sendForm(request, reply, { status: 200, next: path, problem: null })
}

function enterByLink(
  request: FastifyRequest,
  reply: FastifyReply,
  redeemed: Redeemed,
  sessions: Sessions,
): FastifyReply {
  if (typeof redeemed === 'object') return enter(request, reply, sessions, redeemed.session, null)
  const [status, why] = REFUSALS[redeemed]
  const detail = `${why} Print a new one with: npx sidelight login`
  return sendProblemPage(request, reply, status, detail)
}

function submit({ tokens, sessions }: LoginRoutesParts): FastifyPluginCallbackTypebox {
  const check = createTokenCheck(tokens)
  const body = Type.Object({ token: Type.String(), next: Type.Optional(Type.String()) })
  const options = { config: { access: 'open' }, schema: { hide: true, body } } as const
  return (app, _options, done) => {
    app.post('/login', options, (request, reply) => {
      if (!isSentByOwnPage(request)) return refuseForeign(request, reply)
      const next = ownPath(request.body.next)
      const grant = check(request.body.token.trim())
      if (grant === null) {
        return sendForm(request, reply, { status: 401, next, problem: 'This token is not known.' })
      }
      if (!isAllowed(grant, 'read')) {
        const problem = `This token has scope ${grant.scope}; looking needs scope read or admin.`
        return sendForm(request, reply, { status: 403, next, problem })
      }
      return enter(request, reply, sessions, sessions.open(grant), next)
    })
    done()
  }
}

function leave({ sessions }: LoginRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      '/logout',
      { config: { access: 'open' }, schema: { hide: true } },
      (request, reply) => {
        if (!isSentByOwnPage(request)) return refuseForeign(request, reply)
        if (request.session !== null) sessions.close(request.session)
        void reply.header('set-cookie', cookie(request, sessions.cookieName, '', 0))
        return reply
          .code(303)
          .header('location', `${rootFrom(request)}login`)
          .send()
      },
    )
    done()
  }
}

function refuseForeign(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblemPage(request, reply, 403, 'This form was sent by a page of another site.')
}

function sendForm(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, next, problem }: { status: number; next: string | null; problem: string | null },
): FastifyReply {
  const view = { next: next === null || next === '' ? null : `/${next}`, problem }
  return sendPage(reply, renderLogin(view, placeOf(request)), status)
}

/** Gives the browser its session and sends it on. */
function enter(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: Sessions,
  session: string,
  next: string | null,
): FastifyReply {
  void reply.header(
    'set-cookie',
    cookie(request, sessions.cookieName, session, SESSION_MS / SECOND_MS),
  )
  return isFromElsewhere(request)
    ? goOn(request, reply, next)
    : reply.code(303).header('location', onwards(request, next)).send()
}

function goOn(request: FastifyRequest, reply: FastifyReply, next: string | null): FastifyReply {
  return sendPage(reply, renderOnwards(onwards(request, next), placeOf(request)))
}

/** Begins with a dot, so that nothing in it is taken for a scheme or a host. */
function onwards(request: FastifyRequest, next: string | null): string {
  return `${rootFrom(request)}${next ?? ''}`
}

/** For every path, since a prefix is known to a proxy alone; `Secure` where one says that it speaks TLS. */
function cookie(request: FastifyRequest, name: string, value: string, maxAgeSeconds: number) {
  const isSecure = request.headers['x-forwarded-proto'] === 'https'
  const attributes = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`
  return `${name}=${value}; ${attributes}${isSecure ? '; Secure' : ''}`
}
