import { Compile } from 'typebox/schema'
import { type Name, type Route, ROUTES } from '../../../instrumentation/client/routes'
import { type Document, readDocument } from './generate'

/** Tells what of an answer differs from what the OpenAPI document says of the route of a function; empty when nothing does. */
export async function differences(name: Name, answer: unknown): Promise<unknown[]> {
  document ??= readDocument()
  const { paths, components } = await document
  const { method, path }: Route = ROUTES[name]
  const operation = paths[path]?.[method.toLowerCase()]
  const schema = operation?.responses['200']?.content?.['application/json']?.schema
  if (schema === undefined) throw new Error(`the document has no answer of ${method} ${path}`)
  const validator = Compile({ ...schema, components })
  return validator.Check(answer) ? [] : validator.Errors(answer)[1].slice(0, 5)
}

let document: Promise<Document> | undefined
