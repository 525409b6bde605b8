import type { FastifyInstance } from 'fastify'

const MAX_FORM_BYTES = 16_384

/** Lets routes take what a form of a page sends: its fields by name, of several of one name the last. */
export function acceptForms(app: Pick<FastifyInstance, 'addContentTypeParser'>): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
    (_request, body, parsed) => parsed(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
}
