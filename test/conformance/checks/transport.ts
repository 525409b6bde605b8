import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { encode, type Outcome, REQUESTS, send, sendBytes, type Way, WAYS } from '../export'
import { frame, GRPC, methodOf, readGrpcAnswer, withConnection } from '../grpc'
import { MEDIA_TYPES, pathOf, readAnswer, sendHttp } from '../http'
import { itemOf, newService, requestOf, span } from '../message'
import { readNames, readStored } from '../stored'
import { type Check, type Message, SIGNALS, type Target } from '../target'
import { unknownFields, withUnknownMembers } from './unknown'

/** What exporters in JavaScript have under way at most. */
const CONCURRENT = 30
const NOT_FOUND = 404

export const TRANSPORT: readonly Check[] = [
  {
    item: 1,
    claim: 'requests are taken plain and compressed by gzip, over HTTP and gRPC',
    async run(target) {
      for (const way of WAYS) {
        for (const gzip of [false, true]) {
          const service = newService()
          const request = requestOf('traces', service, [itemOf('traces', 'work')])
          isFullSuccess(await send(target, way, 'traces', request, { gzip }))
          await readStored(target, 'traces', service, 1)
        }
      }
    },
  },
  {
    item: 2,
    claim: 'traces, metrics and logs are taken in protobuf, JSON and over gRPC; profiles are not',
    async run(target) {
      for (const signal of SIGNALS) {
        const service = newService()
        for (const way of WAYS) {
          isFullSuccess(
            await send(target, way, signal, requestOf(signal, service, [itemOf(signal, way)])),
          )
        }
        assert.deepEqual(await readNames(target, signal, service, WAYS.length), [...WAYS].sort())
      }
      const profiles = `${target.httpUrl}/v1development/profiles`
      const answer = await sendHttp(profiles, Buffer.alloc(0), { encoding: 'protobuf' })
      assert.equal(answer.status, NOT_FOUND)
    },
  },
  {
    item: 3,
    claim: 'unknown fields of any wire type, groups included, and unknown JSON members are ignored',
    async run(target) {
      for (const signal of SIGNALS) {
        const service = newService()
        for (const way of WAYS) {
          const request = requestOf(signal, service, [itemOf(signal, way)])
          const body =
            way === 'json'
              ? withUnknownMembers(encode(way, signal, request))
              : unknownFields(REQUESTS[signal], request)
          isFullSuccess(await sendBytes(target, way, signal, body))
        }
        assert.deepEqual(await readNames(target, signal, service, WAYS.length), [...WAYS].sort())
      }
    },
  },
  {
    item: 4,
    claim: 'a request that is sent again, by either door, is stored once',
    async run(target) {
      for (const signal of SIGNALS) {
        for (const ways of [
          ['protobuf', 'protobuf', 'grpc'],
          ['json', 'json'],
        ] as Way[][]) {
          const service = newService()
          const request = requestOf(signal, service, [itemOf(signal, 'work')])
          for (const way of ways) isFullSuccess(await send(target, way, signal, request))
          await readNames(target, signal, service, 1)
        }
      }
    },
  },
  {
    item: 5,
    claim: 'a request without items succeeds, down to one without a byte',
    async run(target) {
      for (const signal of SIGNALS) {
        const whole = requestOf(signal, newService(), [])
        const [[name = '', [envelope]] = ['', [{}]]] = Object.entries(whole) as [
          string,
          Message[],
        ][]
        const empties = [{}, { [name]: [] }, { [name]: [{}] }, { [name]: [envelope] }]
        for (const way of WAYS) {
          for (const request of empties) {
            isFullSuccess(await send(target, way, signal, request as Message))
          }
        }
      }
    },
  },
  {
    item: 6,
    claim: `${CONCURRENT} requests of one client are taken at once`,
    async run(target) {
      await takesAtOnce(target, exportsOverHttp)
      await takesAtOnce(target, exportsOverGrpc)
    },
  },
  {
    item: 7,
    claim: 'both doors take telemetry over TLS',
    async run(target) {
      const { secured } = target
      const { authority, token } = secured
      const headers = { authorization: `Bearer ${token}` }
      for (const way of WAYS) {
        const service = newService()
        const request = requestOf('traces', service, [span('work')])
        const sending = send(secured, way, 'traces', request, { authority, headers })
        const outcome = await sending.catch((error: Error) => error)
        assert.ok(!(outcome instanceof Error), `TLS is spoken: ${String(outcome)}`)
        isFullSuccess(outcome)
        await readStored(target, 'traces', service, 1)
      }
    },
  },
]

/** Asserts that everything was accepted, and nothing said about it. */
export function isFullSuccess(outcome: Outcome): void {
  const why = outcome.status?.message ?? ''
  assert.ok(outcome.isSuccess, `accepted: ${outcome.code} ${why}`)
  assert.equal(outcome.partialSuccess, undefined, 'partial_success is unset')
}

/** Bodies whose requests are all under way before one of them ends. */
type ConcurrentExports = (target: Target, bodies: readonly Buffer[]) => Promise<number[]>

async function takesAtOnce(target: Target, exportAll: ConcurrentExports): Promise<void> {
  const service = newService()
  const names = Array.from({ length: CONCURRENT }, (_, i) => `work ${String(i).padStart(2, '0')}`)
  const bodies = names.map((name) =>
    encode('protobuf', 'traces', requestOf('traces', service, [span(name)])),
  )
  const statuses = await exportAll(target, bodies)
  assert.deepEqual(
    statuses.filter((status) => status !== 200 && status !== GRPC.ok),
    [],
    'every one of them succeeds',
  )
  assert.deepEqual(await readNames(target, 'traces', service, CONCURRENT), names)
}

async function exportsOverHttp(target: Target, bodies: readonly Buffer[]): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT })
  try {
    const requests = await Promise.all(
      bodies.map(async (body) => {
        const request = httpRequest(target.httpUrl + pathOf('traces'), {
          method: 'POST',
          agent,
          headers: { 'content-type': MEDIA_TYPES.protobuf, 'content-length': body.length },
        })
        await new Promise((resolve) => request.write(body.subarray(0, 1), resolve))
        return request
      }),
    )
    const answers = requests.map((request, i) => {
      request.end(bodies[i]?.subarray(1))
      return readAnswer(request)
    })
    return (await Promise.all(answers)).map(({ status }) => status)
  } finally {
    agent.destroy()
  }
}

async function exportsOverGrpc(target: Target, bodies: readonly Buffer[]): Promise<number[]> {
  return withConnection(target.grpcAddress, async (connection) => {
    const calls = bodies.map((body) => {
      const call = connection.begin(methodOf('traces'))
      call.write(frame(body).subarray(0, 1))
      return call
    })
    await Promise.all(calls.map((call) => once(call, 'ready')))
    const answers = calls.map((call, i) => {
      call.end(frame(bodies[i] ?? Buffer.alloc(0)).subarray(1))
      return readGrpcAnswer(call)
    })
    return (await Promise.all(answers)).map(({ code }) => code ?? -1)
  })
}
