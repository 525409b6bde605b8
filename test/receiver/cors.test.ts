import t from 'tap'
import { traces } from '../helpers/otlp'
import { type Answer, type Door, openDoor, PATHS, readStatus, TYPES } from './door'

const ORIGINS = ['https://app.example.com', 'https://*.example.org', 'http://localhost:*']
const ALLOWED = [
  'https://app.example.com',
  'https://a.example.org',
  'https://a.b.example.org',
  'http://localhost:3000',
]
const REFUSED = [
  'https://example.com',
  'http://app.example.com',
  'https://app.example.com.evil.net',
  'https://example.org',
  'https://evil.net/.example.org',
  'https://appXexample.com',
  'http://localhost',
  'http://localhost:3000.evil.net',
  'null',
]

function preflight(door: Door, path: string, headers: Record<string, string>): Promise<Answer> {
  return door.post(Buffer.alloc(0), { method: 'OPTIONS', path, headers })
}

function corsHeadersOf({ headers }: Answer): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'))
}

t.test('otlp 26: without origins no page may send, and no CORS header is sent', async (t) => {
  const door = await openDoor(t)
  const origin = 'https://app.example.com'
  for (const path of PATHS) {
    const asked = await preflight(door, path, { origin, 'access-control-request-method': 'POST' })
    t.equal(asked.status, 405)
    t.strictSame(corsHeadersOf(asked), [])
  }
  const sent = await door.post(traces({ service: 'shop' }), { headers: { origin } })
  t.equal(sent.status, 200)
  t.strictSame(corsHeadersOf(sent), [])
  t.equal(sent.headers.vary, undefined)
})

t.test('otlp 26: the pages that are named may send, with a preflight before it', async (t) => {
  const cors = { origins: ORIGINS, headers: ['x-tenant'] }
  const tokens = [{ token: 'acme-token', tenant: 'acme' }]
  const door = await openDoor(t, { cors, tokens })
  for (const origin of ALLOWED) {
    for (const path of PATHS) {
      const asked = await preflight(door, path, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-tenant',
      })
      t.equal(asked.status, 204)
      t.match(asked.headers, {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization, content-encoding, content-type, x-tenant',
        'access-control-max-age': '3600',
        vary: /origin/i,
      })
      const headers = { origin, authorization: 'Bearer acme-token' }
      const sent = await door.post(Buffer.alloc(0), { path, headers })
      t.equal(sent.status, 200)
      t.equal(sent.headers['access-control-allow-origin'], origin)
      t.equal(sent.headers['access-control-expose-headers'], 'retry-after')
      t.equal(sent.headers['access-control-allow-credentials'], undefined)
    }
  }
})

t.test('otlp 26: other pages get no CORS header, whatever they ask', async (t) => {
  const door = await openDoor(t, { cors: { origins: ORIGINS, headers: [] } })
  for (const origin of REFUSED) {
    const asked = await preflight(door, '/v1/traces', {
      origin,
      'access-control-request-method': 'POST',
    })
    t.equal(asked.status, 405, origin)
    t.strictSame(corsHeadersOf(asked), [])
    const sent = await door.post(traces({ service: 'shop' }), { headers: { origin } })
    t.strictSame(corsHeadersOf(sent), [])
  }
  const plain = await door.post(Buffer.alloc(0), { method: 'OPTIONS' })
  t.equal(plain.status, 405)
})

t.test('otlp 26: a page can read why it was refused', async (t) => {
  const origin = 'https://app.example.com'
  const tokens = [{ token: 'acme-token', tenant: 'acme' }]
  const cors = { origins: ['*'], headers: [] }
  const door = await openDoor(t, { cors, tokens, budgetBytes: 10 })
  const known = { authorization: 'Bearer acme-token' }
  const large = { ...known, 'content-length': '99999999' }
  const cases = [
    { status: 401, headers: {} },
    { status: 415, headers: { ...known, 'content-type': 'text/plain' } },
    { status: 404, headers: known, path: '/v1/nothing' },
    { status: 503, headers: known },
    { status: 413, headers: large, body: Buffer.alloc(99_999_999) },
  ]
  for (const { status, headers, ...rest } of cases) {
    const options = { headers: { ...headers, origin }, encoding: 'json', ...rest } as const
    const answer = await door.post(rest.body ?? Buffer.from(' '.repeat(100)), options)
    t.equal(answer.status, status)
    t.equal(answer.headers['access-control-allow-origin'], origin)
    t.match(readStatus(answer).message, /\w+/)
    if (status !== 415) t.equal(answer.headers['content-type'], TYPES.json)
  }
})
