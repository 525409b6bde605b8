import { once } from 'node:events'
import { createGzip, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import { createCounters } from '../../collector/telemetry/counters'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { CODE, holdRequests, MAX_BODY_BYTES, TIMEOUT_MS } from './door'
import {
  frame,
  type GrpcAnswer,
  type GrpcDoor,
  head,
  METHODS,
  openGrpcDoor,
  readAnswer,
} from './grpc-door'

const GIB = 1024 ** 3

/** A door at which every request meets the same error. */
function openFailing(t: Test, error: Error): Promise<GrpcDoor> {
  return openGrpcDoor(t, {
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.reject(error)
    },
  })
}

/** A call that is framed by hand. */
async function send(
  door: GrpcDoor,
  bytes: Buffer,
  headers: Record<string, string> = {},
): Promise<{ status: string; message: string; headers: Record<string, unknown> }> {
  const stream = door.session().request(head(headers))
  stream.end(bytes)
  const answer = await readAnswer(stream)
  return {
    status: String(answer.headers['grpc-status']),
    message: decodeURIComponent(String(answer.headers['grpc-message'])),
    headers: answer.headers,
  }
}

/** Asserts a code that is the same in the details; returns their types. */
function hasCode(t: Test, answer: GrpcAnswer, code: number): string[] {
  t.equal(answer.code, code, answer.message)
  t.equal(answer.detailsCode, code)
  t.equal(answer.body, null)
  return answer.details.map(({ typeUrl }) => typeUrl)
}

t.test('otlp 40: data that cannot be read is INVALID_ARGUMENT with a BadRequest', async (t) => {
  const door = await openGrpcDoor(t)
  const whole = traces({ service: 'shop' })
  for (const body of [whole.subarray(0, -1), Buffer.from([0xff, 0xff])]) {
    const answer = await door.call(body)
    const types = hasCode(t, answer, CODE.invalidArgument)
    t.strictSame(types, ['type.googleapis.com/google.rpc.BadRequest'])
    t.ok(answer.details[0]?.value.includes(answer.message))
  }
  t.same(door.rows, [])
})

t.test('otlp 39, 41: what cannot be stored now is UNAVAILABLE with a RetryInfo', async (t) => {
  const door = await openFailing(t, new Unavailable('Postgres is away'))
  const answer = await door.call(traces({}))
  const types = hasCode(t, answer, CODE.unavailable)
  t.strictSame(types, ['type.googleapis.com/google.rpc.RetryInfo'])
  // RetryInfo.retry_delay.seconds
  t.strictSame(answer.details[0]?.value, Buffer.from([0x0a, 0x02, 0x08, 0x01]))
  t.equal(answer.message, 'Postgres is away')
})

t.test('a fault of the collector is INTERNAL and tells nothing of its inside', async (t) => {
  const door = await openFailing(t, new TypeError('secret of the inside'))
  const answer = await door.call(traces({}))
  hasCode(t, answer, CODE.internal)
  t.notMatch(answer.message, /secret/)
})

t.test('a message of any text and length arrives readable, and fits into metadata', async (t) => {
  const texts = { short: '100 % of "ü🌍"\n\t\0', long: `${'x'.repeat(599)}ü${'🌍'.repeat(5_000)}` }
  const short = await (await openFailing(t, new BadData(texts.short))).call(Buffer.alloc(0))
  t.equal(short.message, texts.short)
  const door = await openFailing(t, new BadData(texts.long))
  const { message } = await door.call(Buffer.alloc(0))
  t.equal(message, `${'x'.repeat(599)}…`)
  const { headers } = await send(door, frame(Buffer.alloc(0)))
  t.ok(JSON.stringify(headers).length < 8_000)
})

t.test('otlp 36: one byte too many is RESOURCE_EXHAUSTED, and not to be retried', async (t) => {
  const counters = createCounters()
  const door = await openGrpcDoor(t, { counters })
  const body = Buffer.alloc(MAX_BODY_BYTES + 1, ' ')
  for (const gzip of [false, true]) {
    const answer = await door.call(body, { gzip })
    t.strictSame(hasCode(t, answer, CODE.resourceExhausted), [])
    t.match(answer.message, /SIDELIGHT_MAX_BODY_BYTES/)
  }
  // The length of a compressed message counts too, before a byte of it is read.
  const declared = frame(Buffer.alloc(0), { flag: 1, length: MAX_BODY_BYTES + 1 })
  const { status } = await send(door, declared, { 'grpc-encoding': 'gzip' })
  t.equal(status, String(CODE.resourceExhausted))
  t.same(door.requests, [])
  const metrics = await counters.registry.metrics()
  t.match(metrics, /sidelight_refused_requests_total\{reason="body_size"\} 3\n/)
})

t.test('otlp 36: 10 GiB in 10 MiB of gzip are refused within the memory of one', async (t) => {
  const maxBodyBytes = 64 * 1024 * 1024
  const door = await openGrpcDoor(t, { maxBodyBytes, budgetBytes: 2 * maxBodyBytes })
  const stream = createGzip().end(Buffer.alloc(maxBodyBytes))
  const member = Buffer.concat(await stream.toArray())
  const bomb = Buffer.concat(Array.from({ length: (10 * GIB) / maxBodyBytes }, () => member))
  t.ok(bomb.length > 10_000_000 && bomb.length < 12_000_000)
  // What was allocated so far is not what is looked at.
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
  const message = frame(bomb, { flag: 1 })
  const { status } = await send(door, message, { 'grpc-encoding': 'gzip' })
  clearInterval(watch)
  t.equal(status, String(CODE.resourceExhausted))
  t.ok(most - before < 3 * maxBodyBytes, `${(most - before) / 1024 / 1024} MiB`)
})

t.test('otlp 39: with the budget full a call is UNAVAILABLE, and taken again after', async (t) => {
  const { held, accept } = holdRequests()
  const body = traces({ service: 'shop', count: 3_000 })
  const counters = createCounters()
  const door = await openGrpcDoor(t, {
    counters,
    budgetBytes: 3 * body.length,
    accept,
  })
  const first = door.call(body)
  await until(() => held.length === 1, TIMEOUT_MS, 'a call under way')
  t.equal(door.usedBytes(), 2 * body.length)
  for (const gzip of [false, true]) {
    const answer = await door.call(body, { gzip })
    t.strictSame(hasCode(t, answer, CODE.unavailable), ['type.googleapis.com/google.rpc.RetryInfo'])
  }
  const metrics = await counters.registry.metrics()
  t.match(metrics, /sidelight_refused_requests_total\{reason="admission"\} 2\n/)
  held[0]?.()
  t.equal((await first).code, CODE.ok)
  t.equal(door.usedBytes(), 0)
  const again = door.call(body)
  await until(() => held.length === 2, TIMEOUT_MS, 'a call that was admitted')
  held[1]?.()
  t.equal((await again).code, CODE.ok)
})

t.test('flow control leaves with the client what was not admitted', async (t) => {
  const door = await openGrpcDoor(t, { budgetBytes: 0 })
  let received = () => 0
  door.server.server.on('connection', (socket: { bytesRead: number }) => {
    received = () => socket.bytesRead
  })
  const { status } = await send(door, frame(Buffer.alloc(MAX_BODY_BYTES - 5)))
  t.equal(status, String(CODE.unavailable))
  t.ok(received() > 0 && received() < 128 * 1024, `${received()} bytes`)
})

t.test('otlp 35: what is no Export of the three services is UNIMPLEMENTED', async (t) => {
  const door = await openGrpcDoor(t)
  const package_ = '/opentelemetry.proto.collector'
  const paths = [
    '/',
    '/v1/traces',
    `${METHODS.traces}/`,
    `${package_}.trace.v1.TraceService/Import`,
    `${package_}.profiles.v1development.ProfilesService/Export`,
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  ]
  for (const path of paths) {
    const answer = await door.call(traces({}), { path })
    hasCode(t, answer, CODE.unimplemented)
    t.match(answer.message, /TraceService\/Export.*MetricsService\/Export.*LogsService\/Export/)
  }
  t.same(door.requests, [])
})

t.test('an encoding of messages that is not known is UNIMPLEMENTED', async (t) => {
  const door = await openGrpcDoor(t)
  const message = frame(traces({}), { flag: 1 })
  for (const encoding of ['zstd', 'deflate', 'gzip, identity', '']) {
    const { status, headers } = await send(door, message, { 'grpc-encoding': encoding })
    t.equal(status, String(CODE.unimplemented), encoding)
    t.equal(headers['grpc-accept-encoding'], 'identity,gzip')
  }
  const json = await send(door, message, { 'content-type': 'application/grpc+json' })
  t.equal(json.status, String(CODE.unimplemented))
})

t.test('what is not gRPC is answered by HTTP: 415, and 405 for another method', async (t) => {
  const door = await openGrpcDoor(t)
  const types = ['application/json', 'application/x-protobuf', 'application/grpc-web', '']
  for (const type of types) {
    const { headers } = await send(door, Buffer.from('{}'), { 'content-type': type })
    t.equal(headers[':status'], 415, type)
    t.equal(headers.accept, 'application/grpc')
    t.equal(headers['grpc-status'], undefined)
  }
  const { headers } = await send(door, Buffer.alloc(0), { ':method': 'PUT' })
  t.equal(headers[':status'], 405)
  t.equal(headers.allow, 'POST')
})

t.test('not one message, or a message that is damaged, is refused for good', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop', count: 100 })
  const zipped = gzipSync(body)
  const broken = Buffer.from(zipped)
  broken.writeUInt32LE(0, broken.length - 8)
  const gzip = { 'grpc-encoding': 'gzip' }
  const { unimplemented, internal } = CODE
  const cases: [string, Buffer, number, Record<string, string>?][] = [
    ['no message', Buffer.alloc(0), unimplemented],
    ['two messages', Buffer.concat([frame(body), frame(body)]), unimplemented],
    ['two compressed', Buffer.concat([frame(zipped), frame(zipped)]), unimplemented, gzip],
    ['one and a byte', Buffer.concat([frame(body), Buffer.alloc(1)]), unimplemented],
    ['half a prefix', Buffer.alloc(3), internal],
    ['a prefix alone', frame(body).subarray(0, 5), internal],
    ['a byte less', frame(body).subarray(0, -1), internal],
    ['a flag of 2', frame(body, { flag: 2 }), internal],
    ['a flag of 255', frame(body, { flag: 255 }), internal],
    ['compressed by nothing', frame(zipped, { flag: 1 }), internal],
    ['no gzip', frame(body, { flag: 1 }), internal, gzip],
    ['half a gzip', frame(zipped.subarray(0, -9), { flag: 1 }), internal, gzip],
    ['a wrong check sum', frame(broken, { flag: 1 }), internal, gzip],
    ['a gzip cut off', frame(zipped, { flag: 1 }).subarray(0, -9), internal, gzip],
  ]
  for (const [what, bytes, code, headers] of cases) {
    const { status, message } = await send(door, bytes, headers)
    t.equal(status, String(code), `${what}: ${message}`)
  }
  t.same(door.requests, [])
  const plain = await send(door, frame(body), gzip)
  t.equal(plain.status, String(CODE.ok), 'a message that is not compressed although it might be')
})

t.test('otlp 41: a grpc-timeout that is over is DEADLINE_EXCEEDED, stored or not', async (t) => {
  const { held, accept } = holdRequests()
  const door = await openGrpcDoor(t, {
    accept,
  })
  const slow = await send(door, frame(traces({})), { 'grpc-timeout': '500m' })
  t.equal(slow.status, String(CODE.deadlineExceeded))
  held[0]?.()
  t.equal(door.usedBytes(), 0)

  const stream = door.session().request(head({ 'grpc-timeout': '100000u' }))
  stream.write(frame(traces({})).subarray(0, 10))
  const { headers } = await readAnswer(stream)
  t.equal(headers['grpc-status'], String(CODE.deadlineExceeded))
  await until(() => door.usedBytes() === 0, TIMEOUT_MS, 'the release')
  t.equal(held.length, 1)

  for (const timeout of ['99999999H', '1M', '100S']) {
    const answer = send(door, frame(traces({})), { 'grpc-timeout': timeout })
    const before = held.length
    await until(() => held.length > before, TIMEOUT_MS, 'a call under way')
    held.at(-1)?.()
    t.equal((await answer).status, '0', timeout)
  }
  for (const timeout of ['1', 'S', '1s', '-1S', '123456789S', '1.5S']) {
    const { status } = await send(door, frame(traces({})), { 'grpc-timeout': timeout })
    t.equal(status, String(CODE.internal), timeout)
  }
  t.equal((await door.call(traces({}), { deadlineMs: 50 })).code, CODE.deadlineExceeded)
  held.at(-1)?.()
})

t.test('a message that comes slowly is refused, and its memory is free again', async (t) => {
  const counters = createCounters()
  const door = await openGrpcDoor(t, { counters, bodyTimeoutMs: 200 })
  const message = frame(traces({ service: 'shop', count: 100 }))
  for (const sent of [0, 3, message.length - 1, message.length]) {
    const stream = door.session().request(head())
    const answer = readAnswer(stream)
    await once(stream, 'ready')
    if (sent > 0) stream.write(message.subarray(0, sent))
    const { headers } = await answer
    t.equal(headers['grpc-status'], String(CODE.resourceExhausted), `${sent} bytes`)
    t.match(decodeURIComponent(String(headers['grpc-message'])), /BODY_TIMEOUT_MS/)
    await until(() => door.usedBytes() === 0, TIMEOUT_MS, 'the release')
  }
  const metrics = await counters.registry.metrics()
  t.match(metrics, /sidelight_refused_requests_total\{reason="body_timeout"\} 4\n/)
  t.same(door.requests, [])
})
