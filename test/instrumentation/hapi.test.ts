import t from 'tap'
import { SERVER } from './receiver'
import { type Asked, describe, type Kind, serve } from './served'

t.setTimeout(240_000)

/** Each request with what its one span tells of it. */
const REQUESTS: readonly (readonly [Asked, string])[] = [
  [{ path: '/' }, 'GET / | / | 200 | ok'],
  [{ path: '/users/7?a=b' }, 'GET /users/{id} | /users/{id} | 200 | ok'],
  [{ path: '/users/7', method: 'HEAD' }, 'HEAD /users/{id} | /users/{id} | 200 | ok'],
  [{ path: '/files/a/b.txt' }, 'GET /files/{rest*} | /files/{rest*} | 200 | ok'],
  [{ path: '/both', method: 'PATCH' }, 'PATCH /both | /both | 200 | ok'],
  [{ path: '/any', method: 'DELETE' }, 'DELETE /any | /any | 200 | ok'],
  [
    {
      path: '/body',
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    },
    'POST /body | /body | 200 | ok',
  ],
  [
    { path: '/body', method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
    'POST /body | /body | 400 | ok',
  ],
  [{ path: '/api/orders/3' }, 'GET /api/orders/{order?} | /api/orders/{order?} | 200 | ok'],
  [{ path: '/nowhere' }, 'GET | - | 404 | ok'],
  [{ path: '/users/%E0' }, 'GET | - | 400 | ok'],
  [{ path: '/users/7', headers: { 'x-denied': '1' } }, 'GET /users/{id} | /users/{id} | 401 | ok'],
  [{ path: '/throws' }, 'GET /throws | /throws | 500 | ERROR | exception thrown'],
  [{ path: '/rejects' }, 'GET /rejects | /rejects | 500 | ERROR | exception rejected'],
  [{ path: '/returns' }, 'GET /returns | /returns | 500 | ERROR | exception returned'],
  // An extension answers it below 500: it was thrown all the same, but the request did not fail.
  [{ path: '/turned' }, 'GET /turned | /turned | 409 | ok | exception turned into 409'],
  [{ path: '/refuses' }, 'GET /refuses | /refuses | 404 | ok'],
]

const hapi = { routes: 'hapi.cjs', packages: { hapi: '@hapi/hapi', boom: '@hapi/boom' } } as const

for (const libraries of ['current', 'older'] as const) {
  for (const kind of ['cjs', 'mjs', 'tsx'] satisfies Kind[]) {
    t.test(`hapi has one span a request, with its route (${libraries}, ${kind})`, async (t) => {
      const asked = REQUESTS.map(([one]) => one)
      const traced = await serve(t, { ...hapi, libraries, kind }, asked)
      t.same(
        traced.spans.map(describe),
        REQUESTS.map(([, told]) => told),
      )
      t.ok(traced.spans.every((span) => span.kind === SERVER))
      if (kind !== 'cjs') return
      const bare = await serve(t, { ...hapi, libraries, kind, isTraced: false }, asked)
      t.same(traced.answers, bare.answers, 'it answers as without the bootstrap')
    })
  }
}
