import type { FastifyRequest } from 'fastify'

/** The path that was asked for, as it was sent, without its query. */
export function pathOf(request: Pick<FastifyRequest, 'url'>): string {
  return request.url.split('?', 1)[0] ?? ''
}

/**
 * The way from the page asked for to `/`, relative, for a proxy may serve everything below a prefix that only it knows: `./`
 * from `/`, `../` from `/traces/1`.
 */
export function rootFrom(request: Pick<FastifyRequest, 'url'>): string {
  const depth = pathOf(request).split('/').length - 2
  return depth <= 0 ? './' : '../'.repeat(depth)
}

/**
 * What stands behind `/` in a path that came with a request, without any token; null unless it is below `/` and of us: another
 * host or scheme would lead people astray. The login is no place to go on to.
 */
export function ownPath(text: string | null | undefined): string | null {
  if (typeof text !== 'string' || !text.startsWith('/') || !URL.canParse(text, OWN)) return null
  const url = new URL(text, OWN)
  url.searchParams.delete('token')
  const path = `${url.pathname.replace(/^\/+/, '')}${url.search}`
  return url.origin === OWN && !/^log(in|out)\b/.test(path) ? path : null
}

const OWN = 'http://own.invalid'

/**
 * Whether a form was sent by a page of ours and not by another site. Browsers say so, over plain HTTP to another machine only
 * by the origin; a proxy may have given us another host than they know.
 */
export function isSentByOwnPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = headers
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  return [headers.host, headers['x-forwarded-host']].includes(new URL(origin).host)
}

/** The same where a cookie opens a change: a request that does not say who made it is nobody's. */
export function isProvenOwn(request: Pick<FastifyRequest, 'headers'>): boolean {
  const { headers } = request
  return (headers['sec-fetch-site'] ?? headers.origin) !== undefined && isSentByOwnPage(request)
}

/** Whether another site led here: then a cookie that is `SameSite=Strict` was kept back. */
export function isFromElsewhere({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['sec-fetch-site'] === 'cross-site'
}
