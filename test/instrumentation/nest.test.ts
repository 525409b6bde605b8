import t from 'tap'
import { SERVER } from './receiver'
import { type Application, type Asked, describe, serve } from './served'

t.setTimeout(240_000)

const JSON_TYPE = { 'content-type': 'application/json' }

/** Each request with what its one span tells of it. */
const REQUESTS: readonly (readonly [Asked, string])[] = [
  [{ path: '/api/users' }, 'GET /api/users | /api/users | 200 | ok'],
  [{ path: '/api/users/7?a=b' }, 'GET /api/users/:id | /api/users/:id | 200 | ok'],
  [
    { path: '/api/users', method: 'POST', headers: JSON_TYPE, body: '{"a":1}' },
    'POST /api/users | /api/users | 201 | ok',
  ],
  [
    { path: '/api/users/7', headers: { 'x-denied': '1' } },
    'GET /api/users/:id | /api/users/:id | 403 | ok',
  ],
  [{ path: '/api/nowhere' }, 'GET | - | 404 | ok'],
  [
    { path: '/api/users/throws' },
    'GET /api/users/throws | /api/users/throws | 500 | ERROR | exception thrown',
  ],
  [
    { path: '/api/users/rejects' },
    'GET /api/users/rejects | /api/users/rejects | 500 | ERROR | exception rejected',
  ],
  [{ path: '/api/users/refuses' }, 'GET /api/users/refuses | /api/users/refuses | 404 | ok'],
  [
    { path: '/api/users/fails' },
    'GET /api/users/fails | /api/users/fails | 503 | ERROR | exception not now',
  ],
  // A filter answers it below 500: it was thrown all the same, but the request did not fail.
  [
    { path: '/api/users/turned' },
    'GET /api/users/turned | /api/users/turned | 409 | ok | exception turned into 409',
  ],
]

const packages = { core: '@nestjs/core', common: '@nestjs/common' }
const onExpress = { routes: 'nest.cjs', packages }
const onFastify = {
  routes: 'nest.cjs',
  packages: { ...packages, adapter: '@nestjs/platform-fastify' },
}

const APPLICATIONS: readonly Application[] = [
  { ...onExpress, libraries: 'current', kind: 'cjs' },
  { ...onExpress, libraries: 'current', kind: 'mjs' },
  { ...onExpress, libraries: 'older', kind: 'cjs' },
  { ...onFastify, libraries: 'current', kind: 'cjs' },
]

for (const application of APPLICATIONS) {
  const { libraries, kind } = application
  const on = 'adapter' in application.packages ? 'Fastify' : 'Express'
  t.test(
    `Nest on ${on} has one span a request, with its route (${libraries}, ${kind})`,
    async (t) => {
      const asked = REQUESTS.map(([one]) => one)
      const traced = await serve(t, application, asked)
      t.same(
        traced.spans.map(describe),
        REQUESTS.map(([, told]) => told),
      )
      t.ok(traced.spans.every((span) => span.kind === SERVER))
      if (kind !== 'cjs') return
      const bare = await serve(t, { ...application, isTraced: false }, asked)
      t.same(traced.answers, bare.answers, 'it answers as without the bootstrap')
    },
  )
}
