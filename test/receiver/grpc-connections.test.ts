import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  createServer,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { Sessions } from '../../collector/receiver/sessions'
import { createCounters } from '../../collector/telemetry/counters'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { CODE, holdRequests, TIMEOUT_MS, valueOf } from './door'
import { frame, head, openGrpcDoor, readAnswer } from './grpc-door'

/** A door whose requests wait until they are let go. */
async function openHolding(t: Test, overrides: Parameters<typeof openGrpcDoor>[1] = {}) {
  const { held, accept } = holdRequests()
  const door = await openGrpcDoor(t, { accept, ...overrides })
  return { door, held }
}

/** A call on a connection of its own. */
function begin(session: ClientHttp2Session, bytes: Buffer = frame(traces({}))) {
  const stream = session.request(head())
  stream.end(bytes)
  return readAnswer(stream)
}

t.test('an upload that breaks off stores nothing and holds no memory', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop', count: 2_000 })
  const messages = {
    identity: frame(body).subarray(0, -1),
    gzip: frame(gzipSync(body), { flag: 1 }).subarray(0, -1),
  }
  const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR } = constants
  for (const [encoding, sent] of Object.entries(messages)) {
    for (const end of ['cancel', 'no error', 'error', 'destroy', 'socket'] as const) {
      const socket = connect(door.port, '127.0.0.1')
      const session = connectHttp2('http://127.0.0.1', { createConnection: () => socket })
      session.on('error', () => undefined)
      const stream = session.request(head({ 'grpc-encoding': encoding }))
      stream.on('error', () => undefined)
      stream.write(sent)
      await until(() => door.usedBytes() > 0, TIMEOUT_MS, 'an upload under way')
      if (end === 'cancel') stream.close(NGHTTP2_CANCEL)
      else if (end === 'no error') stream.close(NGHTTP2_NO_ERROR)
      else if (end === 'error') stream.close(NGHTTP2_INTERNAL_ERROR)
      else if (end === 'destroy') session.destroy()
      else socket.destroy()
      await until(() => door.usedBytes() === 0, TIMEOUT_MS, `the release after ${end}`)
      session.destroy()
    }
  }
  t.same(door.requests, [])
  t.equal((await door.call(body)).code, CODE.ok)
})

t.test('a call the client gave up while it was stored is released once, and counted', async (t) => {
  const counters = createCounters()
  const { door, held } = await openHolding(t, { counters })
  const streams: ServerHttp2Stream[] = []
  door.server.server.on('stream', (served: ServerHttp2Stream) => streams.push(served))
  const body = traces({ service: 'shop', count: 2_000 })
  const stream = door.session().request(head())
  stream.on('error', () => undefined)
  stream.end(frame(body))
  await until(() => held.length === 1, TIMEOUT_MS, 'a call under way')
  const other = door.call(body)
  await until(() => held.length === 2, TIMEOUT_MS, 'two calls under way')
  const each = door.usedBytes() / 2
  const [served] = streams
  stream.close(constants.NGHTTP2_CANCEL)
  await until(() => served?.closed, TIMEOUT_MS, 'the news of it')
  held[0]?.()
  t.equal(door.usedBytes(), each)
  held[1]?.()
  t.equal((await other).code, CODE.ok)
  const line =
    'sidelight_otlp_requests_total{signal="traces",encoding="protobuf",status="CANCELLED"}'
  await until(async () => (await valueOf(counters, line)) === 1, TIMEOUT_MS, 'a counted call')
})

t.test('what is no HTTP/2 is closed, and the door goes on', async (t) => {
  const door = await openGrpcDoor(t)
  const noises = [
    'GET / HTTP/1.1\r\nhost: a\r\n\r\n',
    'POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
    '\0'.repeat(1_000),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ]
  for (const noise of noises) {
    const socket = connect(door.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(noise, 'latin1')
    await once(socket, 'close')
  }
  t.equal((await door.call(traces({}))).code, CODE.ok)
})

t.test('a connection that does not say it speaks HTTP/2 is closed in time', async (t) => {
  const counters = createCounters()
  const door = await openGrpcDoor(t, { counters, headerTimeoutMs: 200 })
  for (const beginning of ['', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
    const socket = connect(door.port, '127.0.0.1')
    socket.write(beginning)
    socket.resume()
    await once(socket, 'close')
  }
  t.equal(await valueOf(counters, 'sidelight_refused_requests_total{reason="header_timeout"}'), 2)
})

t.test('connections up to the limit are open; one more is closed and counted', async (t) => {
  const counters = createCounters()
  const door = await openGrpcDoor(t, { counters, maxConnections: 2 })
  const sessions = [door.session(), door.session()]
  await Promise.all(sessions.map((session) => once(session, 'remoteSettings')))
  t.equal(await valueOf(counters, 'sidelight_otlp_connections'), 2)
  const third = door.session()
  await once(third, 'close')
  t.equal(await valueOf(counters, 'sidelight_otlp_connections_dropped_total'), 1)
  const first = sessions[0] ?? door.session()
  t.equal((await begin(first)).headers['grpc-status'], '0')
  first.destroy()
  await until(
    async () => (await valueOf(counters, 'sidelight_otlp_connections')) === 1,
    TIMEOUT_MS,
    'a connection less',
  )
  t.equal((await door.call(traces({}))).code, CODE.ok)
})

t.test('a client that does not take its answer loses the stream, not the connection', async (t) => {
  const door = await openGrpcDoor(t, {
    bodyTimeoutMs: 300,
    accept: (request, onReleased) => {
      onReleased()
      const isLong = request.body.length > 0
      return Promise.resolve({ rejected: 1, message: isLong ? 'x'.repeat(100_000) : '' })
    },
  })
  const session = connectHttp2(`http://127.0.0.1:${door.port}`, {
    settings: { initialWindowSize: 1_000 },
  })
  t.teardown(() => session.destroy())
  const stream = session.request(head())
  stream.end(frame(traces({})))
  await once(stream, 'response')
  stream.on('error', () => undefined)
  await once(stream, 'close')
  t.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
  t.equal((await begin(session, frame(Buffer.alloc(0)))).headers['grpc-status'], '0')
})

t.test('a connection on which nothing happens is closed, by GOAWAY', async (t) => {
  const server = createServer()
  const counters = createCounters()
  const sessions = new Sessions(server, { headerTimeoutMs: TIMEOUT_MS, keepAliveMs: 100, counters })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => sessions.close())
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.strictSame((await once(session, 'goaway')).slice(0, 2), [constants.NGHTTP2_NO_ERROR, 0])
  await once(session, 'close')
})

t.test('64 MiB and 30 requests at once pass through one connection', async (t) => {
  const maxBodyBytes = 64 * 1024 * 1024
  const door = await openGrpcDoor(t, {
    maxBodyBytes,
    budgetBytes: 4 * maxBodyBytes,
    bodyTimeoutMs: 6 * TIMEOUT_MS,
  })
  // Fields that nobody knows, two bytes each.
  const largest = Buffer.alloc(maxBodyBytes, ' ')
  t.equal((await door.call(largest)).code, CODE.ok)
  t.equal((await door.call(largest, { gzip: true })).code, CODE.ok)
  const bodies = Array.from({ length: 30 }, () => largest.subarray(0, maxBodyBytes / 32))
  const answers = await Promise.all(bodies.map((body) => door.call(body)))
  t.ok(answers.every(({ code }) => code === CODE.ok))
})

t.test('a stop answers what is under way, takes nothing new, and then closes', async (t) => {
  const { door, held } = await openHolding(t)
  const session = door.session()
  const goaway = once(session, 'goaway')
  const under = begin(session)
  await until(() => held.length === 1, TIMEOUT_MS, 'a call under way')
  const idle = door.session()
  await once(idle, 'remoteSettings')
  const idleClosed = once(idle, 'close')
  const closed = door.server.close()
  t.strictSame((await goaway).slice(0, 2), [constants.NGHTTP2_NO_ERROR, 1])
  await idleClosed
  t.equal((await door.call(traces({}))).code, CODE.unavailable)
  held[0]?.()
  t.equal((await under).headers['grpc-status'], '0')
  await closed
})

t.test('a stop that takes too long is ended by force', async (t) => {
  const { door, held } = await openHolding(t)
  const call = door.call(traces({}))
  await until(() => held.length === 1, TIMEOUT_MS, 'a call under way')
  const closed = door.server.close()
  door.server.closeAllConnections()
  await closed
  t.equal((await call).code, CODE.unavailable)
  held[0]?.()
})
