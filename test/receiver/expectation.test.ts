import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import t from 'tap'
import { traces } from '../helpers/otlp'
import { MAX_BODY_BYTES, openDoor, TYPES } from './door'

const TOKENS = [{ token: 'acme-token', tenant: 'acme' }]
const AUTHORIZATION = 'authorization: Bearer acme-token'
const JSON_TYPE = `content-type: ${TYPES.json}`

interface Asked {
  readonly path?: string
  readonly lines: readonly string[]
}

/** The head of a request whose body waits to be asked for. */
function headOf({ path = '/v1/traces', lines }: Asked): string {
  const start = [`POST ${path} HTTP/1.1`, 'host: a', 'expect: 100-continue']
  return `${[...start, ...lines].join('\r\n')}\r\n\r\n`
}

const UNWANTED: Readonly<Record<string, Asked>> = {
  413: { lines: [AUTHORIZATION, JSON_TYPE, `content-length: ${MAX_BODY_BYTES + 1}`] },
  401: { lines: [JSON_TYPE, 'content-length: 100'] },
  415: { lines: [AUTHORIZATION, 'content-type: text/plain', 'content-length: 100'] },
  404: { path: '/v1/nothing', lines: [AUTHORIZATION, JSON_TYPE, 'content-length: 100'] },
  503: { lines: [AUTHORIZATION, JSON_TYPE, `content-length: ${MAX_BODY_BYTES}`] },
}

t.test(
  'who asks before sending a body that is not wanted is refused, not asked for it',
  async (t) => {
    const door = await openDoor(t, { tokens: TOKENS, budgetBytes: MAX_BODY_BYTES })
    for (const [status, asked] of Object.entries(UNWANTED)) {
      const answer = await door.raw([headOf(asked)], 1)
      t.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
      t.match(answer, /\r\nconnection: close\r\n/i, 'nothing else comes on this connection')
    }
  },
)

t.test('a refused body that is sent all the same is discarded, and the answer read', async (t) => {
  const door = await openDoor(t)
  const body = Buffer.alloc(MAX_BODY_BYTES + 1, ' ')
  const head = headOf({ lines: [JSON_TYPE, `content-length: ${body.length}`] })
  t.strictSame((await door.raw([head, body])).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413'])
})

t.test('who asks before sending a body that is wanted is told to go on', async (t) => {
  const door = await openDoor(t, { tokens: TOKENS })
  const head = headOf({ lines: [AUTHORIZATION, JSON_TYPE, 'content-length: 100'] })
  t.equal(await door.raw([head], 1), 'HTTP/1.1 100 Continue\r\n\r\n')
  const body = traces({ service: 'shop' }, 'json')
  const request = httpRequest(`${door.url}/v1/traces`, {
    method: 'POST',
    headers: {
      expect: '100-continue',
      authorization: 'Bearer acme-token',
      'content-type': TYPES.json,
      'content-length': body.length,
    },
  })
  request.flushHeaders()
  await once(request, 'continue')
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  t.equal(response.statusCode, 200)
  t.not(response.headers.connection, 'close')
  t.equal(door.rows.length, 1)
})

t.test('who does not wait to be told is taken as well', async (t) => {
  const door = await openDoor(t)
  const body = traces({ service: 'shop' }, 'json')
  const head = headOf({ lines: [JSON_TYPE, `content-length: ${body.length}`] })
  const answers = await door.raw([head, body], 2)
  t.strictSame(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 100', 'HTTP/1.1 200'])
  t.equal(door.rows.length, 1)
})
