import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { encode, grpcOutcome, send, sendBytes } from '../export'
import {
  callGrpc,
  frame,
  GRPC,
  type GrpcAnswer,
  isRetryableCode,
  methodOf,
  withConnection,
} from '../grpc'
import { type HttpAnswer, isRetryableStatus, pathOf, readStatus, sendHttp } from '../http'
import { itemOf, newService, requestOf, span } from '../message'
import { readNames, readStored } from '../stored'
import { type Check, SIGNALS, type Target } from '../target'
import { isPartialSuccess, isTakenAgain, isShortened, padTo, post, withoutRoom } from './answers'
import { isFullSuccess } from './transport'

const DEFAULT_PORT = 4317
const MIB = 1_024 * 1_024
const BOMB_BYTES = 256 * MIB
const PINGS = 10

export const GRPC_CHECKS: readonly Check[] = [
  {
    item: 34,
    claim: 'OTLP/gRPC is at port 4317 by default, for this machine alone',
    async run({ defaults }) {
      assert.equal(defaults.grpcPort, DEFAULT_PORT)
      assert.match(defaults.grpcHost, /^(127\.0\.0\.1|::1|localhost)$/)
    },
  },
  {
    item: 35,
    claim: 'Export of the three services is taken; any other service or method is UNIMPLEMENTED',
    async run(target) {
      for (const signal of SIGNALS) {
        const service = newService()
        isFullSuccess(
          await send(target, 'grpc', signal, requestOf(signal, service, [itemOf(signal, 'work')])),
        )
        await readStored(target, signal, service, 1)
      }
      const profiles =
        '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'
      const others = [
        profiles,
        `${methodOf('traces')}All`,
        '/Export',
        methodOf('traces').toLowerCase(),
      ]
      for (const path of others) {
        const answer = await withConnection(target.grpcAddress, (connection) =>
          connection.send(path, frame(Buffer.alloc(0))),
        )
        assert.equal(answer.httpStatus, 200, 'told by a gRPC status')
        assert.equal(answer.code, GRPC.unimplemented, path)
      }
    },
  },
  {
    item: 36,
    claim:
      'a message of one byte more than the limit, before or after decompression, is RESOURCE_EXHAUSTED and not to be retried; by default of 64 MiB',
    async run(target) {
      assert.equal(target.defaults.maxBodyBytes, 64 * MIB)
      const { grpcAddress, maxBodyBytes } = target.limited
      const service = newService()
      const sound = encode('grpc', 'traces', requestOf('traces', service, [span('work')]))
      for (const gzip of [false, true]) {
        const fits = padTo('protobuf', sound, maxBodyBytes)
        isFullSuccess(grpcOutcome('traces', await callGrpc(grpcAddress, 'traces', fits, { gzip })))
        const tooLarge = [padTo('protobuf', sound, maxBodyBytes + 1)]
        if (gzip) tooLarge.push(Buffer.alloc(BOMB_BYTES))
        for (const message of tooLarge) {
          isTooLarge(await callGrpc(grpcAddress, 'traces', message, { gzip }))
        }
      }
      // What cannot be compressed is larger than the limit as it comes, too.
      isTooLarge(
        await callGrpc(grpcAddress, 'traces', randomBytes(2 * maxBodyBytes), { gzip: true }),
      )
      await readNames(target, 'traces', service, 1)
    },
  },
  {
    item: 37,
    claim:
      'a response has no more bytes than its limit: its message is shortened, its count is not',
    async run(target) {
      assert.equal(target.defaults.maxResponseBytes, 4 * MIB)
      await isShortened(target, 'grpc')
    },
  },
  {
    item: 38,
    claim: 'full success is OK and an empty message, partial success OK and says how many and why',
    async run(target) {
      for (const signal of SIGNALS) {
        const request = requestOf(signal, newService(), [itemOf(signal, 'work')])
        const answer = await callGrpc(target.grpcAddress, signal, encode('grpc', signal, request))
        isFullSuccess(grpcOutcome(signal, answer))
        assert.equal(answer.body?.length, 0)
      }
      await isPartialSuccess(target, 'grpc')
    },
  },
  {
    item: 39,
    claim: 'a receiver that has no room is UNAVAILABLE with RetryInfo, and then takes it',
    async run(target) {
      const { limited } = target
      const service = newService()
      const message = encode('grpc', 'traces', requestOf('traces', service, [span('work')]))
      const refused = await overloaded(target, message)
      assert.equal(refused.code, GRPC.unavailable)
      assert.ok(refused.status?.details.includes('RetryInfo'), 'says when to send again')
      await isTakenAgain(target, () => sendBytes(limited, 'grpc', 'traces', message))
      await readNames(target, 'traces', service, 1)
    },
  },
  {
    item: 40,
    claim:
      'what cannot be decoded is INVALID_ARGUMENT with a BadRequest, and nothing of it is stored',
    async run(target) {
      for (const signal of SIGNALS) {
        const service = newService()
        const sound = encode('grpc', signal, requestOf(signal, service, [itemOf(signal, 'work')]))
        for (const message of [
          sound.subarray(0, -1),
          Buffer.concat([sound, Buffer.from([0xff])]),
        ]) {
          const answer = await callGrpc(target.grpcAddress, signal, message)
          assert.equal(answer.code, GRPC.invalidArgument)
          assert.deepEqual(answer.status?.details, ['BadRequest'])
          assert.match(answer.message, /\w{3}/)
        }
        await readNames(target, signal, service, 0)
      }
    },
  },
  {
    item: 41,
    claim: 'only what may succeed later has a code that clients retry',
    async run(target) {
      for (const [fault, pair] of Object.entries(await faultsByBoth(target))) {
        const isPassing = fault === 'overload'
        assert.equal(isRetryableCode(pair.grpc), isPassing, `${fault} is ${pair.grpc.code}`)
      }
    },
  },
  {
    item: 42,
    claim: 'a fault has the same meaning over HTTP and over gRPC',
    async run(target) {
      const expected: Record<string, readonly [http: number, grpc: number]> = {
        damaged: [400, GRPC.invalidArgument],
        unauthenticated: [401, GRPC.unauthenticated],
        'unknown method': [404, GRPC.unimplemented],
        'too large': [413, GRPC.resourceExhausted],
        overload: [503, GRPC.unavailable],
      }
      for (const [fault, { http, grpc }] of Object.entries(await faultsByBoth(target))) {
        assert.deepEqual([http.status, grpc.code], expected[fault], fault)
        assert.equal(isRetryableStatus(http.status), isRetryableCode(grpc), `${fault}: retryable`)
        if (fault !== 'unknown method') assert.equal(readStatus(http)?.code, grpc.code, fault)
      }
    },
  },
  {
    item: 43,
    claim:
      'gRPC has a port of its own, on which a connection is kept and PINGs come back, at any rate',
    async run(target) {
      const body = encode('protobuf', 'traces', requestOf('traces', newService(), [span('work')]))
      await withConnection(target.grpcAddress, async (connection) => {
        for (let i = 0; i < PINGS; i++) assert.ok(await connection.ping(), 'without a call')
        for (let call = 0; call < 2; call++) {
          assert.ok(connection.isOpen, 'the connection is still open')
          const answer = await connection.export('traces', body).catch((error: Error) => error)
          assert.ok(!(answer instanceof Error), String(answer))
          isFullSuccess(grpcOutcome('traces', answer))
          assert.ok(await connection.ping(), 'after a call')
        }
        const json = connection.begin(pathOf('traces'), { 'content-type': 'application/json' })
        json.end(body)
        const [headers] = (await once(json, 'response')) as [{ ':status': number }]
        assert.equal(headers[':status'], 415, 'what is not gRPC belongs to the other door')
      })
      const headers = { 'content-type': 'application/grpc' }
      const answer = await sendHttp(target.httpUrl + pathOf('traces'), frame(body), { headers })
      assert.equal(answer.status, 415, 'and what is gRPC to this one')
    },
  },
]

function isTooLarge(answer: GrpcAnswer): void {
  assert.equal(answer.code, GRPC.resourceExhausted)
  assert.ok(!isRetryableCode(answer), 'has no RetryInfo')
}

function overloaded({ limited }: Target, message: Buffer): Promise<GrpcAnswer> {
  return withoutRoom(
    limited,
    () => callGrpc(limited.grpcAddress, 'traces', message),
    ({ code }) => code !== GRPC.ok,
  )
}

interface Pair {
  readonly http: HttpAnswer
  readonly grpc: GrpcAnswer
}

/** The answers of both doors to the same faults. */
async function faultsByBoth(target: Target): Promise<Record<string, Pair>> {
  const { limited, secured } = target
  const { authority } = secured
  const request = requestOf('traces', newService(), [span('work')])
  const sound = encode('protobuf', 'traces', request)
  const tooLarge = gzipSync(Buffer.alloc(limited.maxBodyBytes + 1))
  const over = (url: string, body: Buffer, options = {}) =>
    sendHttp(url, body, { encoding: 'protobuf', ...options })
  const path = pathOf('traces')
  return {
    damaged: {
      http: await over(target.httpUrl + path, sound.subarray(0, -1)),
      grpc: await callGrpc(target.grpcAddress, 'traces', sound.subarray(0, -1)),
    },
    unauthenticated: {
      http: await over(secured.httpUrl + path, sound, { authority }),
      grpc: await callGrpc(secured.grpcAddress, 'traces', sound, { authority }),
    },
    'unknown method': {
      http: await over(`${target.httpUrl}/v1/other`, sound),
      grpc: await withConnection(target.grpcAddress, (connection) =>
        connection.send('/v1.Other/Export', frame(sound)),
      ),
    },
    'too large': {
      http: await over(limited.httpUrl + path, tooLarge, {
        headers: { 'content-encoding': 'gzip' },
      }),
      grpc: await callGrpc(limited.grpcAddress, 'traces', Buffer.alloc(limited.maxBodyBytes + 1), {
        gzip: true,
      }),
    },
    overload: {
      http: await withoutRoom(
        limited,
        () => post(limited, 'protobuf', 'traces', request),
        ({ status }) => status !== 200,
      ),
      grpc: await overloaded(target, sound),
    },
  }
}
