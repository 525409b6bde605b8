import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { CODE, MAX_BODY_BYTES, openDoor, readStatus, TIMEOUT_MS, TYPES } from './door'

t.test('otlp 15: a Content-Length over the limit is refused before the body is sent', async (t) => {
  const door = await openDoor(t)
  const answer = await door.raw([head({ 'content-length': String(MAX_BODY_BYTES + 1) })], 1)
  t.match(answer, /^HTTP\/1\.1 413 /)
})

t.test('otlp 15, 24: a refusal reaches a client that still sends its body', async (t) => {
  const door = await openDoor(t)
  const random = randomBytes(2 * MAX_BODY_BYTES)
  const early = gzipSync(Buffer.concat([Buffer.alloc(2 * MAX_BODY_BYTES), random]))
  const gzip = { 'content-encoding': 'gzip' }
  const chunked = { 'transfer-encoding': 'chunked' }
  const large = Buffer.alloc(32 * MAX_BODY_BYTES)
  const ways = {
    plain: { body: large, headers: {} },
    chunked: { body: large, headers: chunked },
    gzip: { body: early, headers: { ...gzip, ...chunked } },
  }
  for (const [way, options] of Object.entries(ways)) {
    const answer = await door.post(options.body, { headers: options.headers })
    t.equal(answer.status, 413, way)
  }
  const notGzip = await door.post(large, { headers: { ...gzip, ...chunked } })
  t.equal(notGzip.status, 400)
})

t.test('otlp 25: a connection goes on after a refusal, and takes pipelined requests', async (t) => {
  const door = await openDoor(t)
  const sound = traces({ service: 'shop' }, 'json')
  const large = Buffer.alloc(2 * MAX_BODY_BYTES, ' ')
  const answer = await door.raw(
    [
      ...[head({ 'content-length': String(sound.length) }), sound],
      ...[head({ 'content-length': String(large.length) }), large],
      ...[head({ 'transfer-encoding': 'chunked' }), chunk(large), '0\r\n\r\n'],
      ...[head({ 'content-length': '3', 'content-encoding': 'gzip' }), 'abc'],
      ...[head({ 'content-length': '1', 'content-encoding': 'br' }), 'a'],
      ...[head({ 'content-length': '1' }), '{'],
      ...[head({ 'transfer-encoding': 'chunked' }), chunk(sound), '0\r\n\r\n'],
    ],
    7,
  )
  t.same(answer.match(/(?<=HTTP\/1\.1 )\d+/g), [200, 413, 413, 400, 415, 400, 200].map(String))
  t.equal(door.rows.length, 2)
})

t.test('otlp 24: an upload that breaks off stores nothing and holds no memory', async (t) => {
  const door = await openDoor(t)
  const body = traces({ service: 'shop', count: 100 })
  const zipped = gzipSync(body)
  const uploads = [
    [head({ 'content-length': String(body.length) }), body.subarray(0, -1)],
    [head({ 'transfer-encoding': 'chunked' }), chunk(body)],
    [
      head({ 'content-length': String(zipped.length), 'content-encoding': 'gzip' }),
      zipped.subarray(0, -1),
    ],
    [head({ 'transfer-encoding': 'chunked', 'content-encoding': 'gzip' }), chunk(zipped)],
  ]
  for (const upload of uploads) {
    for (const end of ['destroy', 'end', 'resetAndDestroy'] as const) {
      const socket = connect(door.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      for (const part of upload) socket.write(part)
      await until(() => door.usedBytes() > 0, TIMEOUT_MS, 'an upload under way')
      socket[end]()
      await until(() => door.usedBytes() === 0, TIMEOUT_MS, 'the release')
      socket.destroy()
    }
  }
  t.same(door.requests, [])
  t.equal((await door.post(body)).status, 200)
})

t.test('HTTP that cannot be read is answered with a Status in JSON', async (t) => {
  const door = await openDoor(t)
  const broken = {
    'NONSENSE\r\n\r\n': 400,
    'POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n': 400,
    [`POST /v1/traces HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]: 431,
  }
  for (const [request, status] of Object.entries(broken)) {
    const answer = await door.raw([request])
    t.ok(answer.startsWith(`HTTP/1.1 ${status} `))
    t.match(answer, /content-type: application\/json/)
    const { code, message } = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as Record<
      string,
      unknown
    >
    t.equal(code, CODE.invalidArgument)
    t.match(message, /\w+/)
  }
  const badPath = await door.post(Buffer.alloc(0), { path: '/v1/%' })
  t.equal(badPath.status, 400)
  t.equal(readStatus(badPath).code, CODE.invalidArgument)
})

/** The head of an export in JSON. */
function head(headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'a', 'content-type': TYPES.json, ...headers })
  return `POST /v1/traces HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}
