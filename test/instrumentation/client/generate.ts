/** Writes `instrumentation/client/openapi.ts`: npx tsx test/instrumentation/client/generate.ts */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'
import { pino } from 'pino'
import { format, resolveConfig } from 'prettier'
import { openApiDocument } from '../../../collector/api/server'
import { ROUTES, type Route } from '../../../instrumentation/client/routes'

export const FILE = join(__dirname, '..', '..', '..', 'instrumentation', 'client', 'openapi.ts')

const HEAD = `/**
 * What the API is asked and answers, of the routes in \`routes.ts\`. Generated from the OpenAPI document; do not edit:
 * npx tsx test/instrumentation/client/generate.ts
 */
`

type Schema = Readonly<Record<string, unknown>>

interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

export interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** The types that the document of this version gives, as they are to be in `FILE`. */
export async function generateTypes(): Promise<string> {
  const schemas = schemasOf(await readDocument())
  const nodes = await openapiTS(
    {
      openapi: '3.1.0',
      info: { title: 'Sidelight', version: '' },
      paths: {},
      components: { schemas },
    } as Parameters<typeof openapiTS>[0] & object,
    {
      rootTypes: true,
      rootTypesNoSchemaPrefix: true,
      rootTypesKeepCasing: true,
      defaultNonNullable: false,
    },
  )
  const text = astToString(nodes)
  // What is before is about paths, of which there are none here.
  const types = text.slice(text.indexOf('export interface components'))
  const used = types.slice(0, types.indexOf('export type $defs'))
  const config = await resolveConfig(FILE)
  return format(HEAD + used, { ...config, filepath: FILE })
}

/** The document of this version. */
export async function readDocument(): Promise<Document> {
  return (await openApiDocument('0.0.0', pino({ level: 'silent' }))) as Document
}

/** The query, the body and the answer of every function by the names of their types, and the schemas these refer to. */
function schemasOf({ paths, components }: Document): Record<string, Schema> {
  const schemas: Record<string, Schema> = {}
  const typed = new Set<string>()
  for (const [name, { method, path }] of Object.entries(ROUTES) as [string, Route][]) {
    const key = `${method} ${path}`
    if (typed.has(key)) continue
    typed.add(key)
    const operation = paths[path]?.[method.toLowerCase()]
    if (operation === undefined) throw new Error(`the document has no ${key} for ${name}`)
    Object.assign(schemas, typesOf(name, operation))
  }
  const named = [...JSON.stringify(schemas).matchAll(/#\/components\/schemas\/(\w+)/g)]
  for (const [, each = ''] of named) addReferred(schemas, components.schemas, each)
  addReferred(schemas, components.schemas, 'Problem')
  return schemas
}

function typesOf(name: string, { parameters = [], requestBody, responses }: Operation) {
  const type = typeOf(name)
  const query = parameters.filter((each) => each.in === 'query')
  const properties = Object.fromEntries(
    query.map(({ name, description, schema }) => [name, { ...schema, description }]),
  )
  return {
    [`${type}Query`]: { type: 'object', additionalProperties: false, properties },
    ...(requestBody && { [`${type}Body`]: schemaOf(requestBody.content) }),
    [type]: schemaOf(responses['200']?.content ?? {}),
  }
}

/** `getErrorStats` is answered an `ErrorStats`, `searchLogs` a `FoundLogs`, `resolveError` a `ResolvedError`. */
export function typeOf(name: string): string {
  return name
    .replace(/^get/, '')
    .replace(/^search/, 'Found')
    .replace(/^resolve/, 'Resolved')
}

function schemaOf(content: Content): Schema {
  return content['application/json']?.schema ?? {}
}

function addReferred(
  schemas: Record<string, Schema>,
  known: Readonly<Record<string, Schema>>,
  name: string,
): void {
  if (name in schemas) return
  const schema = known[name]
  if (schema === undefined) throw new Error(`the document has no schema ${name}`)
  schemas[name] = schema
  for (const [, each = ''] of JSON.stringify(schema).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    addReferred(schemas, known, each)
  }
}

if (require.main === module) void generateTypes().then((text) => writeFileSync(FILE, text))
