import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { context, ROOT_CONTEXT, createContextKey } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { isTracingSuppressed } from '@opentelemetry/core'
import t, { type Test } from 'tap'
import { createSender } from '../../instrumentation/delivery/sender'
import { readDestination } from '../../instrumentation/delivery/settings'
import { runOutside } from '../../instrumentation/delivery/outside'
import { ExportTraceServiceResponse, Status, traces } from '../helpers/otlp'

const BODY = traces({ service: 'shop', spans: [{ name: 'a' }] })
const NOBODY = 'http://127.0.0.1:1'

t.test('a body arrives as it is, with the headers, over one connection', async (t) => {
  const connections = new Set<unknown>()
  const requests: { headers: object; body: Buffer }[] = []
  const url = await serve(t, (request, response) => {
    connections.add(request.socket)
    collect(request, (body) => {
      requests.push({ headers: request.headers, body })
      response.end()
    })
  })
  const send = createSender(
    readDestination('traces', {
      OTEL_EXPORTER_OTLP_ENDPOINT: url.replace('//', '//user:password@'),
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    }),
  )
  for (let i = 0; i < 5; i++) {
    t.same(await send(BODY), { outcome: 'taken', rejected: 0, message: '' })
  }
  t.equal(connections.size, 1)
  t.match(requests[0]?.headers, {
    'content-type': 'application/x-protobuf',
    'content-length': String(BODY.length),
    'x-tenant': 'a b',
    authorization: `Basic ${Buffer.from('user:password').toString('base64')}`,
  })
  for (const { body } of requests) t.ok(body.equals(BODY))
})

t.test('a body is compressed when asked for', async (t) => {
  let received: Buffer | undefined
  const url = await serve(t, (request, response) => {
    t.equal(request.headers['content-encoding'], 'gzip')
    collect(request, (body) => {
      received = body
      response.end()
    })
  })
  const send = createSender(
    readDestination('traces', {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    }),
  )
  t.match(await send(BODY), { outcome: 'taken' })
  t.ok(gunzipSync(received ?? '').equals(BODY))
})

t.test('the answer decides what becomes of a body', async (t) => {
  const partial = ExportTraceServiceResponse.encode(
    ExportTraceServiceResponse.fromObject({
      partialSuccess: { rejectedSpans: 2, errorMessage: 'too old\nreally' },
    }),
  ).finish()
  const status = Status.encode(
    Status.fromObject({ code: 3, message: 'no\u0007 such field' }),
  ).finish()
  const cases: [number, Record<string, string>, Uint8Array | string, object][] = [
    [200, {}, '', { outcome: 'taken', rejected: 0, message: '' }],
    [202, {}, '', { outcome: 'taken' }],
    [200, {}, partial, { outcome: 'taken', rejected: 2, message: 'too old' }],
    [200, {}, partial.subarray(0, partial.length - 1), { outcome: 'taken', rejected: 0 }],
    [200, {}, '<html>garbage</html>', { outcome: 'taken', rejected: 0 }],
    [200, {}, Buffer.alloc(8_000_000, 10), { outcome: 'taken', rejected: 0 }],
    [400, {}, status, { outcome: 'refused', message: 'it answers 400 no' }],
    [401, {}, 'who are you?', { outcome: 'refused', message: 'it answers 401 who are you?' }],
    [404, {}, Buffer.alloc(8_000_000, 'x'), { outcome: 'refused', message: /^.{1,220}$/ }],
    [301, { location: '/elsewhere' }, '', { outcome: 'refused', message: 'it answers 301' }],
    [500, {}, '', { outcome: 'refused' }],
    [429, {}, '', { outcome: 'later', message: 'it answers 429' }],
    [502, {}, 'bad gateway', { outcome: 'later' }],
    [503, { 'retry-after': '7' }, '', { outcome: 'later', afterMs: 7_000 }],
    [503, { 'retry-after': '99999999' }, '', { outcome: 'later', afterMs: 300_000 }],
    [503, { 'retry-after': new Date(0).toUTCString() }, '', { outcome: 'later', afterMs: 0 }],
    [504, { 'retry-after': 'soon' }, '', { outcome: 'later', message: 'it answers 504' }],
  ]
  let at = 0
  const url = await serve(t, (request, response) => {
    const [code, headers, answer] = cases[at] ?? [500, {}, '']
    collect(request, () => response.writeHead(code, headers).end(answer))
  })
  const send = sender(url)
  for (at = 0; at < cases.length; at++) {
    const [code, , answer, expected] = cases[at] ?? []
    t.match(await send(BODY), expected ?? {}, `${code} with ${answer?.length} bytes`)
  }
})

t.test('a collector that cannot be reached, or breaks off, is asked again later', async (t) => {
  t.match(await sender(NOBODY)(BODY), { outcome: 'unreachable', message: /ECONNREFUSED/ })
  const closing = await listen(t, (socket) => socket.once('data', () => socket.destroy()))
  t.match(await sender(closing)(BODY), { outcome: 'unreachable', message: /hang up|ECONNRESET/ })
  const noise = await listen(t, (socket) => socket.end('these are no headers\r\n\r\n'))
  t.match(await sender(noise)(BODY), { outcome: 'unreachable', message: /Parse Error/ })
  const silent = await listen(t, () => undefined)
  t.match(await sender(silent)(BODY, 50), {
    outcome: 'unreachable',
    message: 'no answer within 50 ms',
  })
  t.match(await sender('https://127.0.0.1:1')(BODY), { outcome: 'unreachable' })
})

t.test('an answer that breaks off or never ends counts with its status', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'
  const cut = await listen(t, (socket) => socket.once('data', () => socket.end(head)))
  t.match(await sender(cut)(BODY), { outcome: 'taken' })
  const endless = await listen(t, (socket) => socket.once('data', () => socket.write(head)))
  t.match(await sender(endless)(BODY, 1_000), { outcome: 'taken' })
})

t.test(
  'a kept connection that was closed meanwhile is not held against the collector',
  async (t) => {
    let connections = 0
    const url = await listen(t, (socket) => {
      connections += 1
      // Answers the first request, is gone for the second.
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
        socket.once('data', () => socket.destroy())
      })
    })
    const send = sender(url)
    for (let i = 0; i < 4; i++) t.match(await send(BODY), { outcome: 'taken' })
    t.equal(connections, 4)
  },
)

t.test('what is sent is not traced and knows no context of the application', async (t) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  t.teardown(() => context.disable())
  const key = createContextKey('operation')
  context.with(ROOT_CONTEXT.setValue(key, 'mine'), () => {
    runOutside(() => {
      t.equal(context.active().getValue(key), undefined)
      t.ok(isTracingSuppressed(context.active()))
    })
    t.equal(context.active().getValue(key), 'mine')
  })
})

function sender(url: string) {
  return createSender(readDestination('traces', { OTEL_EXPORTER_OTLP_ENDPOINT: url }))
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function listen(t: Test, onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
    onSocket(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function collect(request: NodeJS.ReadableStream, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => done(Buffer.concat(chunks)))
}
