import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { Unavailable } from '../../collector/errors'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import {
  type Answer,
  CODE,
  ENCODINGS,
  holdRequests,
  MAX_BODY_BYTES,
  openDoor,
  PATHS,
  readStatus,
  TIMEOUT_MS,
  TYPES,
} from './door'

/** Asserts that an answer is a google.rpc.Status in the encoding given; returns it. */
function isStatus(
  t: Test,
  answer: Answer,
  expected: { status: number; code: number; encoding: keyof typeof TYPES },
) {
  t.equal(answer.status, expected.status)
  t.equal(answer.headers['content-type'], TYPES[expected.encoding])
  const status = readStatus(answer)
  t.equal(status.code, expected.code)
  t.match(status.message, /\w+/)
  return status
}

t.test('otlp 20, 21: data that cannot be read is 400 with a BadRequest', async (t) => {
  const door = await openDoor(t)
  for (const encoding of ENCODINGS) {
    const whole = traces({ service: 'shop' }, encoding)
    for (const body of [whole.subarray(0, -1), Buffer.from([0xff, 0xff])]) {
      const answer = await door.post(body, { encoding })
      const code = CODE.invalidArgument
      const { message, details } = isStatus(t, answer, { status: 400, code, encoding })
      t.match(details[0]?.type, /google\.rpc\.BadRequest$/)
      t.ok(details[0]?.value.includes(encoding === 'json' ? JSON.stringify(message) : message))
    }
  }
  t.same(door.rows, [])
})

t.test('otlp 9, 20: any other path is 404 and told which there are', async (t) => {
  const door = await openDoor(t)
  for (const encoding of ENCODINGS) {
    for (const path of ['/v1development/profiles', '/', '/v1/traces/', '/v1/log?a=b']) {
      const answer = await door.post(traces({}, encoding), { encoding, path })
      const { message } = isStatus(t, answer, { status: 404, code: CODE.notFound, encoding })
      for (const known of PATHS) t.ok(message.includes(known), known)
    }
  }
})

t.test('otlp 9, 20: any method but POST is 405 and told which to use', async (t) => {
  const door = await openDoor(t)
  for (const encoding of ENCODINGS) {
    for (const path of PATHS) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const answer = await door.post(Buffer.alloc(0), { encoding, method, path })
        isStatus(t, answer, { status: 405, code: CODE.unimplemented, encoding })
        t.equal(answer.headers.allow, 'POST')
      }
    }
  }
})

t.test('otlp 10, 20: an unknown media type is 415, answered in protobuf', async (t) => {
  const door = await openDoor(t)
  for (const path of PATHS) {
    for (const type of [
      'text/plain',
      'application/jsonp',
      'multipart/form-data',
      'json',
      'text/<b>',
    ]) {
      const headers = { 'content-type': type }
      const answer = await door.post(traces({}, 'json'), { path, headers })
      isStatus(t, answer, { status: 415, code: CODE.invalidArgument, encoding: 'protobuf' })
      t.match(answer.headers.accept, /x-protobuf.*json/)
    }
  }
})

t.test('otlp 13, 20: an unknown Content-Encoding is 415 and told which is known', async (t) => {
  const door = await openDoor(t)
  for (const encoding of ENCODINGS) {
    const headers = { 'content-encoding': 'zstd' }
    const answer = await door.post(traces({}, encoding), { encoding, headers })
    isStatus(t, answer, { status: 415, code: CODE.invalidArgument, encoding })
    t.equal(answer.headers['accept-encoding'], 'gzip')
  }
})

t.test('otlp 13: truncated gzip, and what is no gzip, is 400', async (t) => {
  const door = await openDoor(t)
  const headers = { 'content-encoding': 'gzip' }
  for (const encoding of ENCODINGS) {
    const body = traces({ service: 'shop', count: 100 }, encoding)
    const zipped = gzipSync(body)
    const damaged = Buffer.from(zipped)
    damaged.writeUInt32LE(0, damaged.length - 8)
    for (const sent of [zipped.subarray(0, -1), zipped.subarray(0, 20), body, damaged]) {
      const answer = await door.post(sent, { encoding, headers })
      isStatus(t, answer, { status: 400, code: CODE.invalidArgument, encoding })
    }
  }
  t.same(door.rows, [])
})

t.test('otlp 15: one byte too many is 413, sent plain, chunked or compressed', async (t) => {
  const door = await openDoor(t)
  const body = Buffer.alloc(MAX_BODY_BYTES + 1, ' ')
  const ways = {
    plain: { body, headers: {} },
    chunked: { body, headers: { 'transfer-encoding': 'chunked' } },
    gzip: { body: gzipSync(body), headers: { 'content-encoding': 'gzip' } },
  }
  for (const encoding of ENCODINGS) {
    for (const [way, { body, headers }] of Object.entries(ways)) {
      t.comment(way)
      const answer = await door.post(body, { encoding, headers })
      isStatus(t, answer, { status: 413, code: CODE.resourceExhausted, encoding })
    }
  }
  t.same(door.requests, [])
})

t.test('otlp 15: a gzip bomb is 413 while the budget has room for little more', async (t) => {
  const budgetBytes = 3 * MAX_BODY_BYTES
  const door = await openDoor(t, { budgetBytes })
  const bomb = gzipSync(Buffer.alloc(256 * MAX_BODY_BYTES))
  const answer = await door.post(bomb, { headers: { 'content-encoding': 'gzip' } })
  isStatus(t, answer, { status: 413, code: CODE.resourceExhausted, encoding: 'protobuf' })
})

t.test('a request without a known token is 401, in either encoding', async (t) => {
  const tokens = [{ token: 'acme-token', tenant: 'acme' }]
  const door = await openDoor(t, { tokens })
  for (const encoding of ENCODINGS) {
    for (const authorization of ['', 'Bearer wrong', 'Basic acme-token', 'acme-token']) {
      const answer = await door.post(traces({}, encoding), { encoding, headers: { authorization } })
      isStatus(t, answer, { status: 401, code: CODE.unauthenticated, encoding })
      t.match(answer.headers['www-authenticate'], /^Bearer/)
    }
  }
  t.same(door.requests, [])
})

t.test(
  'otlp 22, 23: what cannot be stored now is 503 with Retry-After and RetryInfo',
  async (t) => {
    const door = await openDoor(t, {
      accept: (_request, onReleased) => {
        onReleased()
        return Promise.reject(new Unavailable('Postgres is away'))
      },
    })
    for (const encoding of ENCODINGS) {
      const answer = await door.post(traces({}, encoding), { encoding })
      const code = CODE.unavailable
      const { message, details } = isStatus(t, answer, { status: 503, code, encoding })
      t.equal(message, 'Postgres is away')
      t.equal(answer.headers['retry-after'], '1')
      t.match(details[0]?.type, /google\.rpc\.RetryInfo$/)
    }
  },
)

t.test('a fault of the collector is 500 and tells nothing of its inside', async (t) => {
  const door = await openDoor(t, {
    accept: (_request, onReleased) => {
      onReleased()
      return Promise.reject(new TypeError('secret of the inside'))
    },
  })
  for (const encoding of ENCODINGS) {
    const answer = await door.post(traces({}, encoding), { encoding })
    const { message } = isStatus(t, answer, { status: 500, code: CODE.internal, encoding })
    t.notMatch(message, /secret/)
  }
})

t.test(
  'otlp 23: with the memory budget full a request is 503, and taken again after',
  async (t) => {
    const { held, accept } = holdRequests()
    const body = traces({ service: 'shop', count: 100 })
    const door = await openDoor(t, {
      budgetBytes: 3 * body.length,
      accept,
    })
    const first = door.post(body)
    await until(() => held.length === 1, TIMEOUT_MS, 'a request under way')
    t.equal(door.usedBytes(), 2 * body.length)
    const ways = [{}, { 'transfer-encoding': 'chunked' }]
    for (const headers of ways) {
      const refused = await door.post(body, { headers })
      isStatus(t, refused, { status: 503, code: CODE.unavailable, encoding: 'protobuf' })
      t.equal(refused.headers['retry-after'], '1')
    }
    held[0]?.()
    t.equal((await first).status, 200)
    t.equal(door.usedBytes(), 0)
    const again = door.post(body)
    await until(() => held.length === 2, TIMEOUT_MS, 'another request under way')
    held[1]?.()
    t.equal((await again).status, 200)
  },
)
