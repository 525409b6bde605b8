import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../openapi'
import { closed, text } from '../schemas/field'
import type { Sessions } from '../sessions'
import { formatMs } from '../window'

/** Where a link to log in is asked for. */
export const LOGIN_LINKS_PATH = '/api/admin/login-links'

const LoginLink = closed(
  {
    path: text('The path of the link, below the address the pages are served at'),
    expiresAt: text('RFC 3339'),
  },
  { description: 'A link that logs a browser in, once and within ten minutes' },
)

/** The path of a link that opens the pages. */
export function linkPath(code: string): string {
  return `/login?code=${code}`
}

/** Gives out links that log in with what the token of the caller may do. */
export function loginLinkRoutes(sessions: Sessions): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'A one-time link that opens the pages in a browser, with the tenant of the token',
    tags: ['pages'],
    response: { 201: LoginLink, ...problems(401, 403) },
  }
  return (app, _options, done) => {
    app.post(LOGIN_LINKS_PATH, { schema }, async (request, reply) => {
      const { grant } = request
      if (grant === null) throw new Error('a link was asked for without a token')
      const { code, expiresMs } = sessions.issue(grant)
      return reply.code(201).send({ path: linkPath(code), expiresAt: formatMs(expiresMs) })
    })
    done()
  }
}
