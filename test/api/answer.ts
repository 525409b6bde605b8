import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/schema'
import { ADMIN, bearer } from './server'

interface Operation {
  readonly responses: Record<
    string,
    { content: Record<string, { schema: Record<string, unknown> }> }
  >
}

interface Document {
  readonly paths: Record<string, { readonly get?: Operation; readonly post?: Operation }>
  readonly components: { readonly schemas: Record<string, object> }
}

/** Asks with an admin token and fails unless the answer is as the served OpenAPI document says. */
export async function ask<T>(app: FastifyInstance, path: string, url: string): Promise<T> {
  const response = await app.inject({ url, headers: bearer(ADMIN) })
  return check<T>(app, response, { path, method: 'get', url })
}

/** Sends a body likewise. */
export async function send<T>(
  app: FastifyInstance,
  path: string,
  url: string,
  payload: object = {},
): Promise<T> {
  const response = await app.inject({ method: 'POST', url, headers: bearer(ADMIN), payload })
  return check<T>(app, response, { path, method: 'post', url })
}

async function check<T>(
  app: FastifyInstance,
  response: Awaited<ReturnType<FastifyInstance['inject']>>,
  { path, method, url }: { path: string; method: 'get' | 'post'; url: string },
): Promise<T> {
  const document = (
    await app.inject({ url: '/api/openapi.json', headers: bearer(ADMIN) })
  ).json<Document>()
  const { responses = {} } = document.paths[path]?.[method] ?? {}
  const content = responses[String(response.statusCode)]?.content ?? {}
  const type = String(response.headers['content-type']).split(';', 1)[0] ?? ''
  const schema = content[type]?.schema
  if (!schema) throw new Error(`${path} does not document ${response.statusCode} as ${type}`)
  const body = response.json<T>()
  const validator = Compile({ ...schema, components: document.components })
  if (!validator.Check(body)) {
    const [, errors] = validator.Errors(body)
    throw new Error(`${url} differs from its schema: ${JSON.stringify(errors.slice(0, 5))}`)
  }
  return body
}
