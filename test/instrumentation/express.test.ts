import t from 'tap'
import { SERVER } from './receiver'
import { type Asked, describe, type Kind, serve } from './served'

t.setTimeout(240_000)

const JSON_TYPE = { 'content-type': 'application/json' }

/** Each request with what its one span tells of it. */
const REQUESTS: readonly (readonly [Asked, string])[] = [
  [{ path: '/' }, 'GET / | / | 200 | ok'],
  [{ path: '/users/7?a=b' }, 'GET /users/:id | /users/:id | 200 | ok'],
  [{ path: '/users/7', method: 'HEAD' }, 'HEAD /users/:id | /users/:id | 200 | ok'],
  [{ path: '/colours' }, 'GET /colours | /colours | 200 | ok'],
  [{ path: '/colors/red' }, 'GET /colors/:name | /colors/:name | 200 | ok'],
  [
    { path: '/files/a.txt' },
    'GET /^\\/files\\/(.+)\\.txt$/ | /^\\/files\\/(.+)\\.txt$/ | 200 | ok',
  ],
  [{ path: '/any', method: 'DELETE' }, 'DELETE /any | /any | 200 | ok'],
  [
    { path: '/body', method: 'POST', headers: JSON_TYPE, body: '{"a":1}' },
    'POST /body | /body | 200 | ok',
  ],
  [{ path: '/chain', method: 'POST' }, 'POST /chain | /chain | 200 | ok'],
  [{ path: '/api' }, 'GET /api | /api | 200 | ok'],
  [{ path: '/api/orders/3' }, 'GET /api/orders/:order | /api/orders/:order | 200 | ok'],
  [
    { path: '/api/deep/1/leaf/2' },
    'GET /api/deep/:depth/leaf/:leaf | /api/deep/:depth/leaf/:leaf | 200 | ok',
  ],
  [{ path: '/v1/orders/3' }, 'GET /v1/orders/:order | /v1/orders/:order | 200 | ok'],
  [
    { path: '/v2/eu/orders/3' },
    'GET /v2/:region/orders/:order | /v2/:region/orders/:order | 200 | ok',
  ],
  [
    { path: '/tenants/acme/orders/3' },
    'GET /tenants/:tenant/orders/:order | /tenants/:tenant/orders/:order | 200 | ok',
  ],
  [{ path: '/admin/panel' }, 'GET /admin/panel | /admin/panel | 200 | ok'],
  // Middleware that answers by itself: where it is mounted, if not at the root.
  [{ path: '/static/a.css' }, 'GET /static | /static | 200 | ok'],
  [{ path: '/users/7', headers: { 'x-refused': '1' } }, 'GET | - | 401 | ok'],
  [{ path: '/api/orders/3', headers: { 'x-denied': '1' } }, 'GET /api | /api | 403 | ok'],
  // What nothing answers has no route, wherever it has been.
  [{ path: '/nowhere' }, 'GET | - | 404 | ok'],
  [{ path: '/static/b.css' }, 'GET | - | 404 | ok'],
  [{ path: '/api/nowhere' }, 'GET | - | 404 | ok'],
  [{ path: '/passed' }, 'GET | - | 404 | ok'],
  [{ path: '/late' }, 'GET /late | /late | 200 | ok'],
  [{ path: '/skipped' }, 'GET /skipped | /skipped | 200 | ok'],
  [{ path: '/things/good' }, 'GET /things/:thing | /things/:thing | 200 | ok'],
  [
    { path: '/things/bad' },
    'GET /things/:thing | /things/:thing | 500 | ERROR | exception no such thing',
  ],
  [{ path: '/throws' }, 'GET /throws | /throws | 500 | ERROR | exception thrown'],
  [{ path: '/next' }, 'GET /next | /next | 500 | ERROR | exception handed on'],
  [{ path: '/later' }, 'GET /later | /later | 500 | ERROR | exception later'],
  [{ path: '/rejects' }, 'GET /rejects | /rejects | 500 | ERROR | exception rejected'],
  [
    { path: '/api/broken' },
    'GET /api/broken | /api/broken | 500 | ERROR | exception broken in a router',
  ],
  // An error handler answers it below 500: it was thrown all the same, but the request did not fail.
  [{ path: '/turned' }, 'GET /turned | /turned | 409 | ok | exception turned into 409'],
  [{ path: '/refused' }, 'GET /refused | /refused | 404 | ok'],
  // What says it is a 404 and is answered as another error.
  [
    { path: '/upstream' },
    'GET /upstream | /upstream | 502 | ERROR | exception asked and not found',
  ],
  [{ path: '/body', method: 'POST', headers: JSON_TYPE, body: '{' }, 'POST | - | 400 | ok'],
  [{ path: '/users/%E0' }, 'GET | - | 400 | ok'],
]

const express = { routes: 'express.cjs', packages: { express: 'express' } } as const

for (const libraries of ['current', 'older'] as const) {
  for (const kind of ['cjs', 'mjs', 'tsx'] satisfies Kind[]) {
    t.test(`Express has one span a request, with its route (${libraries}, ${kind})`, async (t) => {
      const asked = REQUESTS.map(([one]) => one)
      const traced = await serve(t, { ...express, libraries, kind }, asked)
      t.same(
        traced.spans.map(describe),
        REQUESTS.map(([, told]) => told),
      )
      t.ok(traced.spans.every((span) => span.kind === SERVER))
      if (kind !== 'cjs') return
      const bare = await serve(t, { ...express, libraries, kind, isTraced: false }, asked)
      t.same(traced.answers, bare.answers, 'it answers as without the bootstrap')
    })
  }
}
