import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Place } from '../pages/frame'
import { findNearby } from '../nearby'
import { renderProblem } from '../pages/problem-page'
import { STATUS_CODES } from 'node:http'
import { rootFrom } from './place'
import { judgeError } from './problems'

const STYLE = ['style.css', 'errors.css']
  .map((name) => readFileSync(findNearby(__dirname, `pages/${name}`), 'utf8'))
  .join('\n')
const STYLE_PATH = `assets/style.${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}.css`

/** Nothing but our own stylesheet and forms that are sent to us: markup that got into a page would do nothing. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** What a page is told of where it stands. */
export function placeOf(request: FastifyRequest): Place & { readonly hasSession: boolean } {
  const hasSession = request.grant !== null && request.session !== null
  return { root: rootFrom(request), stylesheet: STYLE_PATH, hasSession }
}

/** Sends a page. Its origin is told to ourselves alone, by which a form is known to come from one of our pages. */
export function sendPage(reply: FastifyReply, page: string, status = 200): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
    .send(page)
}

/** Sends a page that says what went wrong. */
export function sendProblemPage(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  detail: string,
): FastifyReply {
  const title = STATUS_CODES[status] ?? 'Error'
  return sendPage(reply, renderProblem({ title, detail }, placeOf(request)), status)
}

/** The routes that answer with pages, faults included, and what the pages load. */
export function pageRoutes(routes: readonly FastifyPluginCallback[]): FastifyPluginCallback {
  return (app, _options, done) => {
    app.setErrorHandler<Error>((error, request, reply) => {
      const { status, detail } = judgeError(error, request.log)
      return sendProblemPage(request, reply, status, detail)
    })
    app.get(
      `/${STYLE_PATH}`,
      { config: { access: 'open' }, schema: { hide: true } },
      (_request, reply) =>
        reply
          .type('text/css; charset=utf-8')
          .header('cache-control', 'public, max-age=31536000, immutable')
          .header('x-content-type-options', 'nosniff')
          .send(STYLE),
    )
    for (const each of routes) void app.register(each)
    done()
  }
}
