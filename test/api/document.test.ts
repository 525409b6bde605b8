import t from 'tap'
import { openApiDocument } from '../../collector/api/server'
import { pino } from 'pino'
import { ADMIN, bearer, buildApi, READ } from './server'

interface Operation {
  readonly summary?: string
  readonly parameters?: {
    readonly name: string
    readonly in: string
    readonly required?: boolean
  }[]
  readonly responses: Record<string, { readonly content?: Record<string, { schema?: object }> }>
}

interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly schemas: Record<string, object>
    readonly securitySchemes: object
  }
}

const HEALTH = ['/health', '/health/live', '/health/ready']
const ROUTES = [
  '/api/admin/login-links',
  '/api/admin/observability/alerts',
  '/api/admin/observability/errors',
  '/api/admin/observability/errors/stats',
  '/api/admin/observability/errors/trend',
  '/api/admin/observability/errors/{id}/occurrences',
  '/api/admin/observability/errors/{id}/resolve',
  '/api/admin/observability/health',
  '/api/admin/observability/health/{module}',
  '/api/admin/observability/sla',
  '/api/admin/observability/metrics/prometheus',
  '/api/admin/observability/performance/metrics',
  '/api/admin/observability/performance/slow',
  '/api/admin/observability/performance/stats',
  '/api/admin/observability/performance/top-slow',
  '/api/admin/observability/performance/trends',
  '/api/admin/observability/traces/slow',
  '/api/admin/observability/traces/stats',
  '/api/admin/observability/traces/{traceId}',
  '/api/cron/refresh-monitoring-views',
  '/api/docs',
  '/api/openapi.json',
  '/api/v1/business-events',
  '/api/v1/business-events/series',
  '/api/v1/correlations/{id}',
  '/api/v1/costs',
  '/api/v1/errors',
  '/api/v1/errors/stats',
  '/api/v1/errors/trend',
  '/api/v1/errors/{id}',
  '/api/v1/errors/{id}/assign',
  '/api/v1/errors/{id}/history',
  '/api/v1/errors/{id}/merge',
  '/api/v1/errors/{id}/mute',
  '/api/v1/errors/{id}/occurrences',
  '/api/v1/errors/{id}/reopen',
  '/api/v1/errors/{id}/resolve',
  '/api/v1/errors/{id}/similar',
  '/api/v1/errors/{id}/split',
  '/api/v1/errors/{id}/why',
  '/api/v1/logs',
  '/api/v1/metrics',
  '/api/v1/metrics/query',
  '/api/v1/monitoring/metrics',
  '/api/v1/operations',
  '/api/v1/service-map',
  '/api/v1/services',
  '/api/v1/traces',
  ...HEALTH,
  '/metrics',
  '/v1/monitoring/metrics',
]

async function fetchDocument(t: { teardown(fn: () => Promise<void>): void }): Promise<Document> {
  const { app } = buildApi(t)
  const response = await app.inject({ url: '/api/openapi.json', headers: bearer(READ) })
  return response.json<Document>()
}

t.test('the document is OpenAPI 3.1 and lists every route', async (t) => {
  const { app } = buildApi(t)
  const served: string[] = []
  app.addHook('onRoute', ({ url, method, schema }) => {
    const isPage = schema !== undefined && 'hide' in schema
    if (method !== 'HEAD' && !isPage) served.push(`${[method].flat().join()} ${url}`)
  })
  await app.ready()
  const document = (
    await app.inject({ url: '/api/openapi.json', headers: bearer(ADMIN) })
  ).json<Document>()
  t.equal(document.openapi, '3.1.0')
  t.match(document.info, { title: 'Sidelight', version: '0.0.0-test' })
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const spelt = served.map((route) => route.replace(/:(\w+)/g, '{$1}'))
  t.same(documented.toSorted(), spelt.toSorted())
  t.same(Object.keys(document.paths).toSorted(), ROUTES.toSorted())
})

t.test('every operation says what it does, what it answers and how it fails', async (t) => {
  const { paths } = await fetchDocument(t)
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, responses, parameters = [] }] of Object.entries(operations)) {
      t.ok(summary, `${method} ${path} has a summary`)
      t.ok(
        Object.values((responses['200'] ?? responses['201'])?.content ?? {})[0]?.schema,
        `${path} has a schema`,
      )
      t.ok(
        parameters.every((each) => each.in === 'path' || each.required !== true),
        `every query parameter of ${path} may be left out`,
      )
      const placeholders = [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name)
      const named = parameters.filter((each) => each.in === 'path').map(({ name }) => name)
      t.same(named, placeholders, `${path} describes its path parameters`)
      if (HEALTH.includes(path)) continue
      for (const status of ['401', '403']) {
        t.match(responses[status]?.content?.['application/problem+json'], {
          schema: { $ref: '#/components/schemas/Problem' },
        })
      }
      if (parameters.length > 0) t.ok(responses['400'], `${path} says how parameters fail`)
    }
  }
})

t.test('every question about telemetry may be about one tenant', async (t) => {
  const { paths } = await fetchDocument(t)
  const asking = Object.entries(paths).flatMap(([path, { get, post }]) =>
    (get ?? post)?.parameters?.some(({ name }) => name === 'tenant') === true ? [path] : [],
  )
  const others = [
    '/api/admin/login-links',
    '/api/cron/refresh-monitoring-views',
    '/api/docs',
    '/api/openapi.json',
    '/metrics',
  ]
  t.same(
    asking.toSorted(),
    ROUTES.filter((path) => ![...HEALTH, ...others].includes(path)).toSorted(),
  )
})

t.test('every reference leads somewhere', async (t) => {
  const document = await fetchDocument(t)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, r]) => r)
  t.ok(references.length > 0)
  for (const reference of new Set(references)) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(reference ?? '')?.[1] ?? ''
    t.ok(name in document.components.schemas, String(reference))
  }
})

t.test('the document can be had without a collector', async (t) => {
  const document = await openApiDocument('1.2.3', pino({ level: 'silent' }))
  t.match(document, { openapi: '3.1.0', info: { version: '1.2.3' } })
  t.same(Object.keys((document as Document).paths).toSorted(), ROUTES.toSorted())
})
