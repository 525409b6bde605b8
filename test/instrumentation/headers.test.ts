/** What the headers of requests say of whom they are of, over real connections; without an SDK. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t, { type Test } from 'tap'
import { correlationHeaders, runInContext, withCorrelation } from '../../instrumentation/index'
import { currentContext, withMonitoring } from '../../instrumentation/index'

t.test('a header that is there twice says nothing, nor does the baggage beside it', async (t) => {
  const server = await serve(t)
  const answer = await askRaw(server, [
    'x-correlation-id: c-1',
    'X-Correlation-Id: c-2',
    'x-request-id: r-1',
    'x-request-id: r-2',
    'x-user-id: ann',
    'X-User-ID: bob',
    'x-tenant-id: acme',
    'x-tenant-id: umbrella',
    'baggage: user.id=ann,tenant.id=acme',
  ])
  t.notHas(answer.context, { userId: String })
  t.notHas(answer.context, { tenantId: String })
  t.not(answer.context['correlationId'], 'c-1, c-2')
  t.notMatch(answer.head, /c-1|r-1/)
  const told = await askRaw(server, ['x-user-id: Doe, Jane', 'x-tenant-id: a,b'])
  t.match(told.context, { userId: 'Doe, Jane', tenantId: 'a,b' }, 'one with a comma is one')
})

t.test('of a Request that says two things, none is believed', async (t) => {
  const handler = withMonitoring((_request: Request) => Response.json(currentContext()))
  const user = async (headers: Headers): Promise<unknown> => {
    const answer = await handler(new Request('http://shop.example/', { headers }))
    return ((await answer.json()) as { userId?: unknown }).userId
  }
  const twice = new Headers({ 'x-user-id': 'ann' })
  twice.append('x-user-id', 'bob')
  t.equal(await user(twice), undefined)
  t.equal(await user(new Headers({ 'x-user-id': 'ann' })), 'ann')
})

t.test('a name is the same at every service it is told to', async (t) => {
  const server = await serve(t)
  for (const name of ['jürg', '東京 ☕', '100 % jürg', 'ann%20b', '50%', 'a,b;c="d"']) {
    let userId = name
    for (let hop = 0; hop < 10; hop++) {
      const told = runInContext({ requestId: 'r', correlationId: 'c', userId }, correlationHeaders)
      const { context } = await askRaw(server, [`x-user-id: ${told['x-user-id']}`])
      userId = String(context['userId'])
    }
    t.equal(userId, name)
  }
})

t.test('names may come in UTF-8 or Latin 1, and never with control characters', async (t) => {
  const server = await serve(t)
  const user = async (bytes: Buffer): Promise<unknown> => {
    const lines = [Buffer.concat([Buffer.from('x-user-id: '), bytes])]
    return (await askRaw(server, lines)).context['userId']
  }
  t.equal(await user(Buffer.from('東京')), '東京')
  t.equal(await user(Buffer.from('jürg', 'latin1')), 'jürg')
  for (const text of ['a%0d%0aset-cookie: b', 'a%00', 'a%e2%80%a8b']) {
    t.equal(await user(Buffer.from(text)), undefined, text)
  }
  t.equal(await user(Buffer.from('a\x85b', 'latin1')), undefined)
})

t.test('of baggage longer than has to be taken its first members count', async (t) => {
  const server = await serve(t)
  const long = `user.id=ann,k=${'x'.repeat(9_000)}`
  t.match((await askRaw(server, [`baggage: ${long}`])).context, { userId: 'ann' })
  const late = `k=${'x'.repeat(8_180)},user.id=ann`
  t.notHas((await askRaw(server, [`baggage: ${late}`])).context, { userId: String })
  t.notHas((await askRaw(server, [`baggage: user.id=${'x'.repeat(9_000)}`])).context, {
    userId: String,
  })
})

async function serve(t: Test): Promise<Server> {
  const answer = withCorrelation(
    (_request, response) => {
      response.end(JSON.stringify(currentContext()))
    },
    { trustTenant: true },
  )
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  return server
}

interface RawAnswer {
  readonly head: string
  readonly context: Readonly<Record<string, unknown>>
}

/** Headers as they are written, which clients put together. */
async function askRaw(server: Server, headers: readonly (string | Buffer)[]): Promise<RawAnswer> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const lines = ['GET / HTTP/1.1', 'host: shop', 'connection: close', ...headers, '', '']
  const bytes = lines.flatMap((line) => [Buffer.from(line), Buffer.from('\r\n')])
  socket.end(Buffer.concat(bytes.slice(0, -1)))
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk as string
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { head, context: JSON.parse(body) as Record<string, unknown> }
}
