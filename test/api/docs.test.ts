import t from 'tap'
import { renderDocs } from '../../collector/pages/docs'
import { bearer, buildApi, INGEST, READ } from './server'

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: {
    readonly content: { 'application/json': { schema: { properties: Record<string, object> } } }
  }
}

t.test('the page says of every operation what the document says', async (t) => {
  const { app } = buildApi(t)
  const headers = bearer(READ)
  const page = await app.inject({ url: '/api/docs', headers })
  t.equal(page.statusCode, 200)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  const document = (await app.inject({ url: '/api/openapi.json', headers })).json<{
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, object> }
  }>()
  const decoded = page.body.replaceAll('&#39;', "'").replaceAll('&quot;', '"')
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, parameters = [], requestBody }] of Object.entries(methods)) {
      t.ok(decoded.includes(`${method.toUpperCase()} ${path}`), path)
      t.ok(decoded.includes(summary), summary)
      for (const { name } of parameters) t.ok(decoded.includes(`<code>${name}</code>`), name)
      const { properties = {} } = requestBody?.content['application/json'].schema ?? {}
      const [, section = ''] = decoded.split(`<code>${method.toUpperCase()} ${path}</code></h3>`)
      const [own = ''] = section.split('</section>')
      for (const name of Object.keys(properties)) t.match(own, `<code>${name}</code>`, name)
    }
  }
  for (const name of Object.keys(document.components.schemas)) {
    t.ok(decoded.includes(`id="schema-${name}"`), name)
  }
})

t.test('it loads and runs nothing, and every link leads to a place in it', async (t) => {
  const { app } = buildApi(t)
  const { body, headers } = await app.inject({ url: '/api/docs', headers: bearer(READ) })
  t.match(headers['content-security-policy'], /^default-src 'none'; style-src 'unsafe-inline';/)
  t.notMatch(body, /<script|https?:\/\/|src=|@import|url\(/)
  const ids = new Set([...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link)
  t.strictSame(
    links.filter((link) => !link.startsWith('#')),
    ['data:,', 'openapi.json'],
  )
  for (const link of links.filter((each) => each.startsWith('#'))) {
    t.ok(ids.has(link.slice(1)), link)
  }
})

t.test('whatever the document says is text', async (t) => {
  const evil = '<img src=x onerror=alert(1)>"\''
  const schema = {
    type: 'object',
    description: evil,
    properties: { [evil]: { type: evil, enum: [evil], default: evil } },
  }
  const page = renderDocs({
    info: { title: evil, version: evil, description: evil },
    paths: {
      [`/${evil}`]: {
        get: {
          ...{ summary: evil, description: evil, tags: [evil] },
          parameters: [{ name: evil, in: evil, description: evil, schema }],
          responses: { [evil]: { description: evil, content: { [evil]: { schema } } } },
        },
      },
    },
    components: { schemas: { [evil]: { $ref: `#/components/schemas/${evil}` } } },
  })
  t.notMatch(page, /<img/)
  t.match(page, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;/)
})

t.test('it takes a token like the document', async (t) => {
  const { app } = buildApi(t)
  t.equal((await app.inject({ url: '/api/docs' })).statusCode, 401)
  t.equal((await app.inject({ url: '/api/docs', headers: bearer(INGEST) })).statusCode, 403)
  t.equal((await app.inject({ url: `/api/docs?token=${READ}` })).statusCode, 200)
})
