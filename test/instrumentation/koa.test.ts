import t from 'tap'
import { SERVER } from './receiver'
import { type Asked, describe, type Kind, serve } from './served'

t.setTimeout(240_000)

/** Each request with what its one span tells of it. */
const REQUESTS: readonly (readonly [Asked, string])[] = [
  [{ path: '/' }, 'GET / | / | 200 | ok'],
  [{ path: '/users/me' }, 'GET /users/me | /users/me | 200 | ok'],
  [{ path: '/users/7?a=b' }, 'GET /users/:id | /users/:id | 200 | ok'],
  [
    { path: '/files/a.txt' },
    'GET /^\\/files\\/(.+)\\.txt$/ | /^\\/files\\/(.+)\\.txt$/ | 200 | ok',
  ],
  [{ path: '/any', method: 'DELETE' }, 'DELETE /any | /any | 200 | ok'],
  [
    { path: '/api/2/orders/3' },
    'GET /api/:version/orders/:order | /api/:version/orders/:order | 200 | ok',
  ],
  [
    { path: '/api/2/deep/leaf/1' },
    'GET /api/:version/deep/leaf/:leaf | /api/:version/deep/leaf/:leaf | 200 | ok',
  ],
  [{ path: '/mounted/' }, 'GET /mounted | /mounted | 200 | ok'],
  [{ path: '/mounted' }, 'GET /mounted | /mounted | 200 | ok'],
  [
    { path: '/mounted/things/3?a=b' },
    'GET /mounted/things/:thing | /mounted/things/:thing | 200 | ok',
  ],
  [{ path: '/plain' }, 'GET | - | 200 | ok'],
  [{ path: '/nowhere' }, 'GET | - | 404 | ok'],
  [{ path: '/mounted/nowhere' }, 'GET | - | 404 | ok'],
  [
    { path: '/api/2/orders/3', headers: { 'x-denied': '1' } },
    'GET /api/:version/orders/:order | /api/:version/orders/:order | 401 | ok',
  ],
  [{ path: '/throws' }, 'GET /throws | /throws | 500 | ERROR | exception thrown'],
  [{ path: '/rejects' }, 'GET /rejects | /rejects | 500 | ERROR | exception rejected'],
  [{ path: '/caught' }, 'GET /caught | /caught | 500 | ERROR | exception caught above'],
  [{ path: '/refuses' }, 'GET /refuses | /refuses | 404 | ok'],
  [{ path: '/fails' }, 'GET /fails | /fails | 503 | ERROR | exception not now'],
]

const koa = {
  routes: 'koa.cjs',
  packages: { Koa: 'koa', Router: '@koa/router', mount: 'koa-mount' },
} as const

for (const libraries of ['current', 'older'] as const) {
  for (const kind of ['cjs', 'mjs', 'tsx'] satisfies Kind[]) {
    t.test(`Koa has one span a request, with its route (${libraries}, ${kind})`, async (t) => {
      const asked = REQUESTS.map(([one]) => one)
      const traced = await serve(t, { ...koa, libraries, kind }, asked)
      t.same(
        traced.spans.map(describe),
        REQUESTS.map(([, told]) => told),
      )
      t.ok(traced.spans.every((span) => span.kind === SERVER))
      if (kind !== 'cjs') return
      const bare = await serve(t, { ...koa, libraries, kind, isTraced: false }, asked)
      t.same(traced.answers, bare.answers, 'it answers as without the bootstrap')
    })
  }
}
