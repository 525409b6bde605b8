import t from 'tap'
import { SERVER } from './receiver'
import { type Asked, describe, type Kind, serve } from './served'

t.setTimeout(240_000)

const JSON_TYPE = { 'content-type': 'application/json' }

/** Each request with what its one span tells of it. */
const REQUESTS: readonly (readonly [Asked, string])[] = [
  [{ path: '/' }, 'GET / | / | 200 | ok'],
  [{ path: '/users/7?a=b' }, 'GET /users/:id | /users/:id | 200 | ok'],
  [{ path: '/files/a/b.txt' }, 'GET /files/* | /files/* | 200 | ok'],
  [
    { path: '/at/12h30m' },
    'GET /at/:hour(^\\d{2})h:minute(^\\d{2})m | /at/:hour(^\\d{2})h:minute(^\\d{2})m | 200 | ok',
  ],
  [{ path: '/both', method: 'PATCH' }, 'PATCH /both | /both | 200 | ok'],
  [
    { path: '/body', method: 'POST', headers: JSON_TYPE, body: '{"a":1}' },
    'POST /body | /body | 200 | ok',
  ],
  [
    { path: '/body', method: 'POST', headers: JSON_TYPE, body: '{"b":1}' },
    'POST /body | /body | 400 | ok',
  ],
  [
    { path: '/body', method: 'POST', headers: JSON_TYPE, body: '{' },
    'POST /body | /body | 400 | ok',
  ],
  [{ path: '/api' }, 'GET /api | /api | 200 | ok'],
  [{ path: '/api/orders/3' }, 'GET /api/orders/:order | /api/orders/:order | 200 | ok'],
  [{ path: '/api/deep/1/leaf' }, 'GET /api/deep/:depth/leaf | /api/deep/:depth/leaf | 200 | ok'],
  [{ path: '/users/7', headers: { 'x-denied': '1' } }, 'GET /users/:id | /users/:id | 401 | ok'],
  [{ path: '/nowhere' }, 'GET | - | 404 | ok'],
  [
    { path: '/users/7', headers: { 'x-hook': '1' } },
    'GET /users/:id | /users/:id | 500 | ERROR | exception thrown in a hook',
  ],
  [{ path: '/throws' }, 'GET /throws | /throws | 500 | ERROR | exception thrown'],
  [{ path: '/rejects' }, 'GET /rejects | /rejects | 500 | ERROR | exception rejected'],
  [{ path: '/sends' }, 'GET /sends | /sends | 500 | ERROR | exception sent'],
  [
    { path: '/api/broken' },
    'GET /api/broken | /api/broken | 500 | ERROR | exception broken in a plugin',
  ],
  // An error handler answers it below 500: it was thrown all the same, but the request did not fail.
  [{ path: '/api/turned' }, 'GET /api/turned | /api/turned | 409 | ok | exception turned into 409'],
  [{ path: '/refuses' }, 'GET /refuses | /refuses | 410 | ok'],
  [{ path: '/coded' }, 'GET /coded | /coded | 422 | ok'],
]

const fastify = { routes: 'fastify.cjs', packages: { fastify: 'fastify' } } as const

for (const libraries of ['current', 'older'] as const) {
  for (const kind of ['cjs', 'mjs', 'tsx'] satisfies Kind[]) {
    t.test(`Fastify has one span a request, with its route (${libraries}, ${kind})`, async (t) => {
      const asked = REQUESTS.map(([one]) => one)
      const traced = await serve(t, { ...fastify, libraries, kind }, asked)
      t.same(
        traced.spans.map(describe),
        REQUESTS.map(([, told]) => told),
      )
      t.ok(traced.spans.every((span) => span.kind === SERVER))
      if (kind !== 'cjs') return
      const bare = await serve(t, { ...fastify, libraries, kind, isTraced: false }, asked)
      t.same(traced.answers, bare.answers, 'it answers as without the bootstrap')
    })
  }
}
