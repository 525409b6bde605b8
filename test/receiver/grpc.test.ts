import t from 'tap'
import { createCounters } from '../../collector/telemetry/counters'
import { decodeMessage, ExportTraceServiceResponse, traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { CODE, MAX_BODY_BYTES, TIMEOUT_MS } from './door'
import { frame, head, METHODS, openGrpcDoor, readAnswer } from './grpc-door'

const SIGNALS = ['traces', 'metrics', 'logs'] as const

t.test('otlp 1, 35: Export of each signal arrives as the bytes that were sent', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop', count: 100 })
  for (const signal of SIGNALS) {
    for (const gzip of [false, true]) {
      const answer = await door.call(body, { path: METHODS[signal], gzip })
      t.equal(answer.code, CODE.ok, answer.message)
      t.equal(answer.body?.length, 0)
      const request = door.requests.at(-1)
      t.equal(request?.signal, signal)
      t.equal(request?.encoding, 'protobuf')
      t.ok(request?.body.equals(body))
    }
  }
  t.equal(door.rows.length, 200)
})

t.test('otlp 5, 38: an empty request is a full success, without partial_success', async (t) => {
  const door = await openGrpcDoor(t)
  for (const gzip of [false, true]) {
    const answer = await door.call(Buffer.alloc(0), { gzip })
    t.equal(answer.code, CODE.ok, answer.message)
    t.equal(answer.body?.length, 0)
  }
  t.equal(door.requests.length, 2)
})

t.test('otlp 38, 44: spans without sound ids are counted, the rest is stored', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop', spans: [{}, { traceId: '00'.repeat(16) }, {}] })
  const answer = await door.call(body)
  t.equal(answer.code, CODE.ok)
  t.match(decodeMessage(ExportTraceServiceResponse, answer.body ?? Buffer.alloc(0)), {
    partialSuccess: { rejectedSpans: '1', errorMessage: /\w+/ },
  })
  t.equal(door.rows.length, 2)
})

t.test('otlp 37: a message too long is shortened to the limit of an answer', async (t) => {
  const answerWith = (rejected: number, message: string, maxResponseBytes: number) =>
    openGrpcDoor(t, {
      maxResponseBytes,
      accept: (_request, onReleased) => {
        onReleased()
        return Promise.resolve({ rejected, message })
      },
    })
  const long = await (await answerWith(7, 'ü'.repeat(10_000), 100)).call(Buffer.alloc(0))
  t.equal(long.code, CODE.ok)
  t.ok((long.body?.length ?? 0) > 50 && (long.body?.length ?? 0) <= 100)
  const none = await (await answerWith(7_000_000, '', 5)).call(Buffer.alloc(0))
  t.equal(none.code, CODE.resourceExhausted)
  // With a RetryInfo it would be sent again.
  t.strictSame(none.details, [])
})

t.test('otlp 36: a message of exactly the limit is taken, plain and compressed', async (t) => {
  const door = await openGrpcDoor(t)
  // Fields that nobody knows, two bytes each.
  const body = Buffer.alloc(MAX_BODY_BYTES, ' ')
  for (const gzip of [false, true]) t.equal((await door.call(body, { gzip })).code, CODE.ok)
  t.equal(door.requests.length, 2)
})

t.test('a message is the same however it is cut into frames', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop' })
  const message = frame(body)
  const cuts = [[1], [4], [5], [6], [2, 7], Array.from(message.keys()).slice(1)]
  for (const cut of cuts) {
    const stream = door.session().request(head())
    const answer = readAnswer(stream)
    let from = 0
    for (const to of [...cut, message.length]) {
      const part = message.subarray(from, to)
      await new Promise((resolve) => stream.write(part, resolve))
      from = to
    }
    stream.end()
    t.equal((await answer).headers['grpc-status'], '0')
    t.ok(door.requests.at(-1)?.body.equals(body))
  }
})

t.test('an answer is application/grpc, and says which compressions are known', async (t) => {
  const door = await openGrpcDoor(t)
  for (const type of ['application/grpc', 'application/grpc+proto', 'Application/gRPC; a=b']) {
    const stream = door.session().request(head({ 'content-type': type }))
    stream.end(frame(Buffer.alloc(0)))
    const { headers, body } = await readAnswer(stream)
    t.equal(headers['content-type'], 'application/grpc')
    t.equal(headers['grpc-accept-encoding'], 'identity,gzip')
    t.equal(headers['grpc-status'], '0', type)
    t.strictSame(body, Buffer.alloc(5))
  }
})

t.test('the token of a call decides its tenant', async (t) => {
  const tokens = [
    { token: 'any-token', tenant: null },
    { token: 'acme-token', tenant: 'acme' },
  ]
  const door = await openGrpcDoor(t, { tokens })
  for (const token of ['any-token', 'acme-token']) {
    const metadata = { authorization: `Bearer ${token}` }
    t.equal((await door.call(Buffer.alloc(0), { metadata })).code, CODE.ok)
  }
  for (const metadata of [{}, { authorization: 'Bearer wrong' }]) {
    const answer = await door.call(Buffer.alloc(0), { metadata })
    t.equal(answer.code, CODE.unauthenticated)
    t.equal(answer.detailsCode, CODE.unauthenticated)
    t.match(answer.message, /bearer token/)
  }
  t.same(
    door.requests.map(({ tenant }) => tenant),
    [null, 'acme'],
  )
})

t.test('calls are counted by signal and the name of their code, with their bytes', async (t) => {
  const counters = createCounters()
  const door = await openGrpcDoor(t, { counters })
  const body = traces({ service: 'shop', count: 100 })
  await door.call(body, { path: METHODS.logs, gzip: true })
  await door.call(Buffer.from([0xff]))
  await door.call(body, { path: '/grpc.health.v1.Health/Check' })
  const line = (signal: string, status: string) =>
    `sidelight_otlp_requests_total{signal="${signal}",encoding="protobuf",status="${status}"} 1\n`
  const metrics = await until(
    async () => {
      const text = await counters.registry.metrics()
      return text.includes(line('other', 'UNIMPLEMENTED')) ? text : undefined
    },
    TIMEOUT_MS,
    'a counted call',
  )
  t.ok(metrics.includes(line('logs', 'OK')))
  t.ok(metrics.includes(line('traces', 'INVALID_ARGUMENT')))
  t.ok(metrics.includes(`sidelight_otlp_received_bytes_total ${body.length + 1}\n`))
  t.ok(metrics.includes('sidelight_otlp_answer_seconds_count 3\n'))
})

t.test('otlp 6: 64 calls at once on one connection are all answered', async (t) => {
  const door = await openGrpcDoor(t)
  const bodies = Array.from({ length: 64 }, () => traces({ service: 'shop', count: 50 }))
  const answers = await Promise.all(bodies.map((body) => door.call(body)))
  t.ok(answers.every(({ code }) => code === CODE.ok))
  t.equal(door.rows.length, 64 * 50)
})
