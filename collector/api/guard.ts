import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  createTokenCheck,
  isAllowed,
  isRead,
  neededScope,
  presentedToken,
  type AccessTokens,
  type Grant,
} from './auth'
import { isProvenOwn, ownPath, pathOf, rootFrom } from './place'
import { sendProblem } from './problems'
import type { Sessions } from './sessions'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the caller may do; null where nothing is needed. */
    grant: Grant | null
    /** The tenant that is asked about: the one the caller is bound to, else the one of the query; null for all. */
    tenant: string | null
    /** The id of the caller's session, null without a cookie; it need not be one of ours. */
    session: string | null
  }
  interface FastifyContextConfig {
    /**
     * `open` to everyone, a `page`: who may not see it is led to the login, or `cron`, open to schedulers too. Others are
     * answered 401.
     */
    readonly access?: 'open' | 'page' | 'cron'
    /** Whether a session may change something here, where a page of ours asks. Elsewhere it opens reads alone. */
    readonly bySession?: boolean
  }
}

/** What callers prove themselves by. */
export interface Keys {
  readonly tokens: AccessTokens
  /** Of schedulers. */
  readonly cronSecrets: readonly string[]
  readonly sessions: Sessions
}

/**
 * Lets a request through to its route, answers 401 or 403, or leads to the login. A session opens reads, and changes only
 * where the route says so and a page of ours asks: browsers send a cookie whoever makes them ask.
 */
export function guard(app: FastifyInstance, { tokens, cronSecrets, sessions }: Keys): void {
  const check = createTokenCheck(tokens)
  const checkCron = createTokenCheck(
    cronSecrets.map((token) => ({ token, scope: 'admin', tenant: null })),
  )
  app.decorateRequest('grant', null)
  app.decorateRequest('tenant', null)
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request, reply) => {
    const query = request.query as { token?: unknown; tenant?: unknown }
    const presented = presentedToken(request.method, request.headers.authorization, query.token)
    // Gone before any route, schema or message could repeat it.
    delete query.token
    void reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
    request.session = readCookie(request.headers.cookie, sessions.cookieName)
    const { access = null } = request.routeOptions.config
    const route = request.routeOptions.url ?? pathOf(request)
    const needed = access === 'open' ? null : neededScope(request.method, route)
    if (needed === null) return
    const scheduler = access === 'cron' && presented !== null ? checkCron(presented) : null
    const grant =
      scheduler ?? (presented === null ? sessionGrant(request, sessions) : check(presented))
    if (grant === null) {
      if (access === 'page' && presented === null) return leadToLogin(request, reply)
      return refuseUnknown(request, reply, presented)
    }
    if (!isAllowed(grant, needed)) {
      void reply.header(
        'www-authenticate',
        `Bearer realm="sidelight", error="insufficient_scope", scope="${needed}"`,
      )
      const detail = `This needs a token of scope ${needed}; the one sent has scope ${grant.scope}.`
      return sendProblem(request, reply, 403, detail)
    }
    request.grant = grant
    // What is no text the schema of the route refuses, or the route asks nothing about telemetry.
    request.tenant = grant.tenant ?? (typeof query.tenant === 'string' ? query.tenant : null)
  })
}

function sessionGrant(request: FastifyRequest, sessions: Sessions): Grant | null {
  const { method, session, routeOptions } = request
  if (session === null) return null
  const mayChange = routeOptions.config.bySession === true && isProvenOwn(request)
  return isRead(method) || mayChange ? sessions.find(session) : null
}

function readCookie(header: string | undefined, name: string): string | null {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  const found = pairs.find((pair) => pair.startsWith(`${name}=`))
  return found === undefined ? null : found.slice(name.length + 1)
}

/** Relative, for there may be a prefix that only a proxy knows. */
function leadToLogin(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const next = ownPath(request.url)
  const query = next === null || next === '' ? '' : `?${new URLSearchParams({ next: `/${next}` })}`
  return reply
    .code(303)
    .header('location', `${rootFrom(request)}login${query}`)
    .send()
}

function refuseUnknown(
  request: FastifyRequest,
  reply: FastifyReply,
  presented: string | null,
): FastifyReply {
  const hint = presented === null ? '' : ', error="invalid_token"'
  void reply.header('www-authenticate', `Bearer realm="sidelight"${hint}`)
  const detail = presented === null ? 'A token is needed' : 'The token is not known'
  return sendProblem(request, reply, 401, `${detail}: send Authorization: Bearer <token>.`)
}
