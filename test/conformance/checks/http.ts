import { strict as assert } from 'node:assert'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { once } from 'node:events'
import { encode, httpOutcome, send } from '../export'
import { ENCODINGS, encodingOf, MEDIA_TYPES, pathOf, sendHttp } from '../http'
import { itemOf, newService, requestOf, span } from '../message'
import { readNames, readStored } from '../stored'
import { type Check, type Doors, SIGNALS, type Target } from '../target'
import { isFullSuccess } from './transport'

const DEFAULT_PORT = 4318
/** The longest that exporters in JavaScript are silent: from one export of metrics to the next. */
const LONGEST_CADENCE_S = 60
const COMMON_ORIGIN = 'https://elsewhere.example.com'

/** How the door speaks HTTP: addresses, methods, encodings, connections. */
export const HTTP: readonly Check[] = [
  {
    item: 8,
    claim: 'OTLP/HTTP is at port 4318 by default, for this machine alone',
    async run({ defaults }) {
      assert.equal(defaults.httpPort, DEFAULT_PORT)
      assert.match(defaults.httpHost, /^(127\.0\.0\.1|::1|localhost)$/)
    },
  },
  {
    item: 9,
    claim:
      'requests are POSTs to /v1/traces, /v1/metrics and /v1/logs; other paths are 404, other methods 405',
    async run(target) {
      for (const signal of SIGNALS) {
        const body = encode(
          'protobuf',
          signal,
          requestOf(signal, newService(), [itemOf(signal, 'work')]),
        )
        const at = (path: string, method = 'POST') =>
          sendHttp(target.httpUrl + path, body, { encoding: 'protobuf', method })
        const path = pathOf(signal)
        isFullSuccess(httpOutcome(signal, await at(path)))
        for (const other of [
          '/',
          '/v1',
          `${path}/`,
          `${path}x`,
          `/v2/${signal}`,
          `/V1/${signal}`,
        ]) {
          assert.equal((await at(other)).status, 404, other)
        }
        for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          const answer = await at(path, method)
          assert.equal(answer.status, 405, method)
          assert.equal(answer.headers.allow, 'POST', 'says which method to use')
        }
      }
    },
  },
  {
    item: 10,
    claim: 'the media type chooses between protobuf and JSON, in any case and with parameters',
    async run(target) {
      const service = newService()
      const types = {
        protobuf: [
          'application/x-protobuf',
          'Application/X-Protobuf',
          'application/x-protobuf; v=1',
        ],
        json: [
          'application/json',
          'APPLICATION/JSON;charset=UTF-8',
          'application/json ; charset=utf-8',
        ],
      }
      for (const encoding of ENCODINGS) {
        for (const type of types[encoding]) {
          const body = encode(encoding, 'traces', requestOf('traces', service, [span(type)]))
          const headers = { 'content-type': type }
          const answer = await sendHttp(target.httpUrl + pathOf('traces'), body, { headers })
          isFullSuccess(httpOutcome('traces', answer))
        }
      }
      const all = [...types.protobuf, ...types.json].sort()
      assert.deepEqual(await readNames(target, 'traces', service, all.length), all)
      for (const type of ['text/plain', 'application/jsonp', 'application/protobuf']) {
        const headers = { 'content-type': type }
        const answer = await sendHttp(target.httpUrl + pathOf('traces'), Buffer.alloc(0), {
          headers,
        })
        assert.equal(answer.status, 415, type)
      }
    },
  },
  {
    item: 11,
    claim:
      'an answer is in the encoding of its request, be it a success, a partial one or a failure',
    async run(target) {
      for (const signal of SIGNALS) {
        for (const encoding of ENCODINGS) {
          const service = newService()
          const sound = encode(
            encoding,
            signal,
            requestOf(signal, service, [itemOf(signal, 'work')]),
          )
          for (const body of [sound, sound.subarray(0, -1)]) {
            const answer = await sendHttp(target.httpUrl + pathOf(signal), body, { encoding })
            assert.equal(encodingOf(answer), encoding, `${answer.status} to ${encoding}`)
          }
        }
      }
      for (const encoding of ENCODINGS) {
        const faulty = requestOf('traces', newService(), [
          span('work', { traceId: Buffer.alloc(3) }),
        ])
        const body = encode(encoding, 'traces', faulty)
        const answer = await sendHttp(target.httpUrl + pathOf('traces'), body, { encoding })
        assert.equal(encodingOf(answer), encoding, 'partial success')
      }
    },
  },
  {
    item: 12,
    claim: 'HTTP/1.1 is spoken, and a client that offers HTTP/2 is answered in it',
    async run(target) {
      const body = encode('json', 'traces', requestOf('traces', newService(), [span('work')]))
      const head = [
        `POST ${pathOf('traces')} HTTP/1.1`,
        'host: receiver',
        `content-type: ${MEDIA_TYPES.json}`,
        `content-length: ${body.length}`,
      ]
      const upgrade = [
        'connection: Upgrade, HTTP2-Settings',
        'upgrade: h2c',
        'http2-settings: AAMAAABk',
      ]
      for (const offer of [[], upgrade]) {
        const text = [...head, ...offer].join('\r\n')
        const answer = await converse(target, [`${text}\r\n\r\n`, body])
        assert.match(answer, /^HTTP\/1\.1 200 /)
      }
      const { secured } = target
      const socket = connectSecurely({
        port: portOf(secured),
        host: '127.0.0.1',
        ca: secured.authority,
        ALPNProtocols: ['h2', 'http/1.1'],
      })
      await once(socket, 'secureConnect')
      assert.equal(socket.alpnProtocol, 'http/1.1')
      socket.destroy()
    },
  },
  {
    item: 13,
    claim: 'gzip is undone, in several members too; what is damaged is 400, what is unknown 415',
    async run(target) {
      const gzip = { 'content-encoding': 'gzip' }
      for (const encoding of ENCODINGS) {
        const service = newService()
        const body = encode(encoding, 'traces', requestOf('traces', service, [span('work')]))
        const url = target.httpUrl + pathOf('traces')
        const post = (bytes: Buffer, headers: Record<string, string> = gzip) =>
          sendHttp(url, bytes, { encoding, headers })
        const members = [gzipSync(body.subarray(0, 9)), gzipSync(body.subarray(9))]
        isFullSuccess(httpOutcome('traces', await post(Buffer.concat(members))))
        const zipped = gzipSync(
          Buffer.concat([body, Buffer.alloc(1, encoding === 'json' ? ' ' : '')]),
        )
        const wrongSum = Buffer.from(zipped)
        wrongSum.writeUInt32LE(0, wrongSum.length - 8)
        for (const damaged of [zipped.subarray(0, -1), zipped.subarray(0, 12), body, wrongSum]) {
          assert.equal((await post(damaged)).status, 400)
        }
        assert.equal((await post(body, { 'content-encoding': 'br' })).status, 415)
        await readNames(target, 'traces', service, 1)
      }
    },
  },
  {
    item: 14,
    claim: 'answers are not compressed, least of all for those who did not ask',
    async run(target) {
      const request = requestOf('traces', newService(), [span('work', { spanId: Buffer.alloc(1) })])
      const body = encode('json', 'traces', request)
      for (const headers of [{}, { 'accept-encoding': 'gzip' }] as Record<string, string>[]) {
        const options = { encoding: 'json', headers } as const
        const answer = await sendHttp(target.httpUrl + pathOf('traces'), body, options)
        assert.equal(answer.headers['content-encoding'], undefined)
        assert.equal(answer.body[0], '{'.charCodeAt(0))
      }
    },
  },
  {
    item: 24,
    claim: 'a request whose answer was lost is stored once when it is sent again',
    async run(target) {
      const service = newService()
      const body = encode('protobuf', 'traces', requestOf('traces', service, [span('work')]))
      const head = [
        `POST ${pathOf('traces')} HTTP/1.1`,
        'host: receiver',
        `content-type: ${MEDIA_TYPES.protobuf}`,
        `content-length: ${body.length}`,
      ]
      const socket = connect(portOf(target), '127.0.0.1')
      socket.pause().write(`${head.join('\r\n')}\r\n\r\n`)
      socket.write(body)
      await readStored(target, 'traces', service, 1)
      socket.resetAndDestroy()
      const again = await sendHttp(target.httpUrl + pathOf('traces'), body, {
        encoding: 'protobuf',
      })
      isFullSuccess(httpOutcome('traces', again))
      await readNames(target, 'traces', service, 1)
    },
  },
  {
    item: 25,
    claim: 'connections are kept, also after a refusal and for longer than a minute of silence',
    async run(target) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const sockets = new Set<unknown>()
      agent.on('free', (socket) => sockets.add(socket))
      try {
        const sound = encode('json', 'traces', requestOf('traces', newService(), [span('work')]))
        for (const body of [sound, sound.subarray(0, -1), sound]) {
          const answer = await sendHttp(target.httpUrl + pathOf('traces'), body, {
            encoding: 'json',
            agent,
          })
          assert.doesNotMatch(answer.headers.connection ?? '', /close/i)
          const announced = /timeout=(\d+)/.exec(String(answer.headers['keep-alive'] ?? ''))
          const isLong = announced === null || Number(announced[1]) > LONGEST_CADENCE_S
          assert.ok(isLong, `idle connections stay: ${announced?.[0]}`)
        }
        assert.equal(sockets.size, 1, 'one connection served them all')
      } finally {
        agent.destroy()
      }
    },
  },
  {
    item: 26,
    claim: 'browsers may send from the origins that were configured, by default from none',
    async run({ secured, ...target }) {
      const { authority, origin, token } = secured
      const preflight = (doors: Doors, from: string) =>
        sendHttp(doors.httpUrl + pathOf('traces'), Buffer.alloc(0), {
          method: 'OPTIONS',
          headers: {
            origin: from,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
          ...('authority' in doors && { authority }),
        })
      const allowOrigin = 'access-control-allow-origin'
      assert.equal((await preflight(target, origin)).headers[allowOrigin], undefined)
      assert.equal((await preflight(secured, COMMON_ORIGIN)).headers[allowOrigin], undefined)
      const { status, headers } = await preflight(secured, origin)
      assert.equal(status, 204)
      assert.equal(headers[allowOrigin], origin)
      assert.match(headers['access-control-allow-methods'] ?? '', /\bPOST\b/)
      assert.match(headers['access-control-allow-headers'] ?? '', /\bcontent-type\b/i)
      const body = encode('json', 'traces', requestOf('traces', newService(), [span('work')]))
      const answer = await sendHttp(secured.httpUrl + pathOf('traces'), body, {
        encoding: 'json',
        headers: { origin, authorization: `Bearer ${token}` },
        authority,
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers[allowOrigin], origin)
      const plain = await send(
        target,
        'json',
        'traces',
        requestOf('traces', newService(), [span('x')]),
      )
      assert.ok(plain.isSuccess, 'clients that are no browsers are not concerned')
    },
  },
]

function portOf({ httpUrl }: Doors): number {
  return Number(new URL(httpUrl).port)
}

/** Writes to a connection of its own and reads until the head of the first answer is complete. */
async function converse(target: Target, chunks: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(portOf(target), '127.0.0.1')
  for (const chunk of chunks) socket.write(chunk)
  let text = ''
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    text += bytes.toString('latin1')
    if (text.includes('\r\n\r\n')) break
  }
  socket.destroy()
  return text
}
