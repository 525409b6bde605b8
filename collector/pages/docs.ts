import { html, type Html } from './html'

/** The part of an OpenAPI document that the page shows. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content?: Content }
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Content }>
  >
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** Writes the OpenAPI document, which is at `openapi.json` beside the page, for people. It asks for nothing else. */
export function renderDocs({ info, paths = {}, components = {} }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => tagOf(operation)))]
  const sections = tags.map((tag) => ({
    tag,
    operations: operations.filter(({ operation }) => tagOf(operation) === tag),
  }))
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>API · ${info.title}</title>
        <link rel="icon" href="data:," />
        ${STYLE}
      </head>
      <body>
        <h1>${info.title} ${info.version}</h1>
        <p>${info.description ?? ''}</p>
        <p>The same for programs: <a href="openapi.json">openapi.json</a>, OpenAPI 3.1.</p>
        <nav>
          <ul>
            ${operations.map(
              ({ method, path, operation }) =>
                html`<li>
                  <a href="#${anchorOf(method, path)}"
                    ><code>${method.toUpperCase()} ${path}</code></a
                  >
                  ${operation.summary ?? ''}
                </li>`,
            )}
          </ul>
        </nav>
        ${sections.map(
          (section) =>
            html`<h2>${section.tag}</h2>
              ${section.operations.map(renderOperation)}`,
        )}
        <h2>Schemas</h2>
        ${Object.entries(components.schemas ?? {}).map(
          ([name, schema]) =>
            html`<section id="schema-${name}">
              <h3>${name}</h3>
              ${renderSchema(schema)}
            </section>`,
        )}
      </body>
    </html>`.toString()
}

const STYLE = html`<style>
  body {
    font:
      1rem/1.5 system-ui,
      sans-serif;
    max-width: 60rem;
    margin: 0 auto;
    padding: 1rem;
  }
  code {
    overflow-wrap: anywhere;
  }
  section {
    border-top: 1px solid #8886;
  }
  nav ul,
  section ul {
    padding-left: 1.2rem;
  }
  .type {
    opacity: 0.75;
  }
</style>`

function tagOf({ tags = [] }: Operation): string {
  return tags[0] ?? 'other'
}

function anchorOf(method: string, path: string): string {
  return `${method}${path.replace(/[^a-zA-Z0-9]+/g, '-')}`
}

interface Placed {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

function renderOperation({ method, path, operation }: Placed): Html {
  const { summary = '', description = '', parameters = [], requestBody, responses = {} } = operation
  return html`<section id="${anchorOf(method, path)}">
    <h3><code>${method.toUpperCase()} ${path}</code></h3>
    <p>${summary}</p>
    ${description === '' ? null : html`<p>${description}</p>`}
    ${parameters.length === 0 ? null : html`<h4>Parameters</h4>`}
    <ul>
      ${parameters.map(
        (parameter) =>
          html`<li>
            <code>${parameter.name}</code>
            <span class="type">${parameter.in}, ${typeOf(parameter.schema)}</span>
            ${parameter.description ?? ''}
          </li>`,
      )}
    </ul>
    ${renderBody(requestBody?.content)}
    <h4>Answers</h4>
    <ul>
      ${Object.entries(responses).map(
        ([status, response]) =>
          html`<li>
            <code>${status}</code> ${renderContent(response.content, response.description)}
          </li>`,
      )}
    </ul>
  </section>`
}

function renderBody(content: Content | undefined): Html | null {
  if (content === undefined) return null
  return html`<h4>Body</h4>
    <div>${renderContent(content)}</div>`
}

function renderContent(content: Content = {}, description = ''): Html {
  const bodies = Object.entries(content).map(
    ([type, { schema = {} }]) =>
      html`<span class="type">${type}</span> ${schema.description ?? description}
        ${renderSchema(schema)}`,
  )
  return html`${bodies.length === 0 ? description : bodies}`
}

/** A schema: a link to the one it names, else its fields, one below the other. */
function renderSchema(schema: Schema): Html {
  const { $ref, items, properties } = schema
  if ($ref !== undefined) return html`<a href="#schema-${nameOf($ref)}">${nameOf($ref)}</a>`
  if (items !== undefined) return renderSchema(items)
  if (properties === undefined) return html``
  return html`<ul>
    ${Object.entries(properties).map(
      ([name, field]) =>
        html`<li>
          <code>${name}</code> <span class="type">${typeOf(field)}</span>
          ${field.description ?? ''} ${renderSchema(field)}
        </li>`,
    )}
  </ul>`
}

function typeOf(schema: Schema = {}): string {
  const { type = 'any', items, minimum, maximum, maxItems } = schema
  const limits = [
    schema.enum === undefined ? '' : `one of ${schema.enum.join(', ')}`,
    minimum === undefined ? '' : `from ${minimum}`,
    maximum === undefined ? '' : `to ${maximum}`,
    maxItems === undefined ? '' : `at most ${maxItems}`,
    schema.default === undefined ? '' : `by default ${String(schema.default)}`,
  ].filter((limit) => limit !== '')
  const name = schema.$ref === undefined ? [type].flat().join(' or ') : nameOf(schema.$ref)
  const of = items === undefined ? name : `${name} of ${typeOf(items)}`
  return [of, ...limits].join(', ')
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}
