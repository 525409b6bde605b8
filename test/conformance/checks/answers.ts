import { strict as assert } from 'node:assert'
import { Agent, type ClientRequest, request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Writer } from 'protobufjs'
import { until } from '../../helpers/until'
import { encode, httpOutcome, type Outcome, send, sendBytes, type Way } from '../export'
import {
  ENCODINGS,
  encodingOf,
  type HttpAnswer,
  isRetryableStatus,
  MEDIA_TYPES,
  pathOf,
  readStatus,
  sendHttp,
} from '../http'
import { itemOf, metric, newService, pointOf, requestOf, span } from '../message'
import { readNames } from '../stored'
import { type Check, type Doors, type Message, type Signal, SIGNALS, type Target } from '../target'
import { isFullSuccess } from './transport'

const MIB = 1_024 * 1_024
const BOMB_BYTES = 256 * MIB
/** A receiver with room for fewer uploads than this has none left. */
const MOST_UPLOADS = 64
/** Of a field nobody knows, length-delimited. */
const UNKNOWN_TAG = (3_000 << 3) | 2

/** What the HTTP door answers: limits, successes, failures. */
export const ANSWERS: readonly Check[] = [
  {
    item: 15,
    claim:
      'a body of one byte more than the limit is 413, sent whole, in chunks or compressed; by default of 64 MiB',
    async run(target) {
      assert.equal(target.defaults.maxBodyBytes, 64 * MIB)
      const { limited } = target
      for (const encoding of ENCODINGS) {
        const service = newService()
        const sound = encode(encoding, 'traces', requestOf('traces', service, [span('work')]))
        const fits = padTo(encoding, sound, limited.maxBodyBytes)
        const tooLarge = padTo(encoding, sound, limited.maxBodyBytes + 1)
        for (const [name, options] of Object.entries(waysToSend())) {
          const body = (bytes: Buffer) => (options.gzip ? gzipSync(bytes) : bytes)
          const url = limited.httpUrl + pathOf('traces')
          const { headers } = options
          const taken = await sendHttp(url, body(fits), { encoding, headers })
          isFullSuccess(httpOutcome('traces', taken))
          const answer = await sendHttp(url, body(tooLarge), { encoding, headers })
          assert.equal(answer.status, 413, name)
          assert.notEqual(readStatus(answer), null, 'with a Status')
        }
        await readNames(target, 'traces', service, 1)
      }
      const bomb = gzipSync(Buffer.alloc(BOMB_BYTES))
      const answer = await sendBytes(limited, 'protobuf', 'traces', bomb, {
        headers: { 'content-encoding': 'gzip' },
      })
      assert.equal(answer.code, 413)
    },
  },
  {
    item: 16,
    claim:
      'an answer has no more bytes than its limit, by default 4 MiB: its message is shortened, its count is not',
    async run(target) {
      assert.equal(target.defaults.maxResponseBytes, 4 * MIB)
      for (const way of ENCODINGS) await isShortened(target, way)
    },
  },
  {
    item: 17,
    claim: 'full success is 200 and an empty message: no byte in protobuf, {} in JSON',
    async run(target) {
      for (const signal of SIGNALS) {
        for (const way of ENCODINGS) {
          const request = requestOf(signal, newService(), [itemOf(signal, 'work')])
          const outcome = await send(target, way, signal, request)
          isFullSuccess(outcome)
          assert.equal(outcome.body.toString(), way === 'json' ? '{}' : '')
        }
      }
    },
  },
  {
    item: 18,
    claim:
      'a partial success is 200, says how many were rejected and why, and the others are stored',
    async run(target) {
      for (const way of ENCODINGS) await isPartialSuccess(target, way)
    },
  },
  {
    item: 19,
    claim:
      'what is accepted whole is answered without a warning, even when something in it was mended',
    async run(target) {
      for (const way of ENCODINGS) {
        const mended = span('a\0b', { kind: 99, links: [{ traceId: Buffer.alloc(3) }] })
        isFullSuccess(
          await send(target, way, 'traces', requestOf('traces', newService(), [mended])),
        )
      }
    },
  },
  {
    item: 20,
    claim:
      'every failure has a google.rpc.Status with a message for a body, in the encoding of the request',
    async run(target) {
      for (const encoding of ENCODINGS) {
        for (const [fault, answer] of Object.entries(await failures(target, encoding))) {
          assert.ok(answer.status >= 400, fault)
          assert.equal(encodingOf(answer), encoding, `${fault}: Content-Type`)
          assert.match(readStatus(answer)?.message ?? '', /\w{3}/, `${fault}: message`)
        }
      }
    },
  },
  {
    item: 21,
    claim: 'what cannot be decoded is 400 with a BadRequest, and nothing of it is stored',
    async run(target) {
      for (const signal of SIGNALS) {
        const service = newService()
        for (const encoding of ENCODINGS) {
          const sound = encode(
            encoding,
            signal,
            requestOf(signal, service, [itemOf(signal, 'work')]),
          )
          for (const body of [sound.subarray(0, -1), Buffer.concat([sound, Buffer.from([0xff])])]) {
            const answer = await sendHttp(target.httpUrl + pathOf(signal), body, { encoding })
            assert.equal(answer.status, 400)
            assert.deepEqual(readStatus(answer)?.details, ['BadRequest'])
          }
        }
        await readNames(target, signal, service, 0)
      }
    },
  },
  {
    item: 22,
    claim: 'only what may succeed later has a status that clients retry',
    async run(target) {
      for (const encoding of ENCODINGS) {
        const { overload, ...permanent } = await failures(target, encoding)
        assert.ok(
          overload && isRetryableStatus(overload.status),
          `${overload?.status} may be retried`,
        )
        for (const [fault, { status }] of Object.entries(permanent)) {
          assert.ok(!isRetryableStatus(status), `${fault} must not be retried, and is ${status}`)
        }
      }
    },
  },
  {
    item: 23,
    claim: 'a receiver that has no room says 503 and when to send again, and then takes it',
    async run(target) {
      const { limited } = target
      const service = newService()
      const request = requestOf('traces', service, [span('work')])
      const refused = await withoutRoom(
        limited,
        () => post(limited, 'json', 'traces', request),
        ({ status }) => status !== 200,
      )
      assert.equal(refused.status, 503)
      assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
      assert.deepEqual(readStatus(refused)?.details, ['RetryInfo'])
      await isTakenAgain(target, () => send(limited, 'json', 'traces', request))
      await readNames(target, 'traces', service, 1)
    },
  },
]

/** One good item and two that no signal accepts. */
export async function isPartialSuccess(target: Target, way: Way): Promise<void> {
  for (const signal of SIGNALS) {
    const service = newService()
    const faulty = [0, 1].map((i) => rejectedItem(signal, `faulty ${i}`))
    const request = requestOf(signal, service, [...faulty, itemOf(signal, 'sound')])
    const { isSuccess, partialSuccess, code } = await send(target, way, signal, request)
    assert.ok(isSuccess, `${signal} are accepted in part: ${code}`)
    assert.equal(partialSuccess?.rejected, '2')
    assert.match(partialSuccess.message, /\w+ \w+/, 'says why')
    assert.deepEqual(await readNames(target, signal, service, 1), ['sound'])
  }
}

export async function isShortened(target: Target, way: Way): Promise<void> {
  const { limited } = target
  const sendFaults = (doors: Doors) =>
    send(doors, way, 'traces', requestOf('traces', newService(), [...manyFaults(), span('sound')]))
  const whole = await sendFaults(target)
  assert.ok(whole.body.length > limited.maxResponseBytes, 'there is more to say than the limit')
  const outcome = await sendFaults(limited)
  assert.ok(outcome.isSuccess, `${outcome.code}`)
  assert.ok(outcome.body.length <= limited.maxResponseBytes, `${outcome.body.length} bytes`)
  assert.equal(outcome.partialSuccess?.rejected, String(manyFaults().length))
  assert.match(outcome.partialSuccess.message, /\w+ \w+/, 'still says why')
}

/** An item of the signal that must or should be rejected: nothing of it would be found again. */
function rejectedItem(signal: Signal, name: string): Message {
  if (signal === 'traces') return span(name, { traceId: Buffer.alloc(16) })
  if (signal === 'metrics') return metric(name, 'gauge', pointOf('gauge', { timeUnixNano: '0' }))
  // Log records are kept whatever their ids; but nothing can be kept under a time of the next century.
  return { ...itemOf('logs', name), timeUnixNano: '9223372036854775807' }
}

/** Spans that are rejected for as many reasons as there are, with names that make the reasons long. */
function manyFaults(): Message[] {
  const name = 'n'.repeat(80)
  const faults: Message[] = [
    { traceId: Buffer.alloc(40, 1) },
    { spanId: Buffer.alloc(40, 1) },
    { parentSpanId: Buffer.alloc(40, 1) },
    { startTimeUnixNano: '0', endTimeUnixNano: '0' },
    { startTimeUnixNano: '1', endTimeUnixNano: '1' },
    { startTimeUnixNano: '9223372036854775807', endTimeUnixNano: '9223372036854775807' },
  ]
  return faults.map((fault) => span(name, fault))
}

export function post(
  doors: Doors,
  encoding: 'json' | 'protobuf',
  signal: Signal,
  request: Message,
): Promise<HttpAnswer> {
  const body = encode(encoding, signal, request)
  return sendHttp(doors.httpUrl + pathOf(signal), body, { encoding })
}

/** The answer to every failure that can be brought about, `overload` being the only one that passes. */
async function failures(
  { limited, secured, httpUrl }: Target,
  encoding: 'json' | 'protobuf',
): Promise<Record<string, HttpAnswer>> {
  const path = pathOf('traces')
  const sound = encode(encoding, 'traces', requestOf('traces', newService(), [span('work')]))
  const at = (url: string, body: Buffer, method = 'POST', headers = {}) =>
    sendHttp(url, body, { encoding, method, headers })
  const { authority } = secured
  return {
    damaged: await at(httpUrl + path, sound.subarray(0, -1)),
    'not gzip': await at(httpUrl + path, sound, 'POST', { 'content-encoding': 'gzip' }),
    'unknown compression': await at(httpUrl + path, sound, 'POST', { 'content-encoding': 'br' }),
    'unknown path': await at(`${httpUrl}/v1/other`, sound),
    'wrong method': await at(httpUrl + path, sound, 'PUT'),
    'too large': await at(limited.httpUrl + path, Buffer.alloc(limited.maxBodyBytes + 1)),
    unauthenticated: await sendHttp(secured.httpUrl + path, sound, { encoding, authority }),
    overload: await withoutRoom(
      limited,
      () => at(limited.httpUrl + path, sound),
      ({ status }) => status !== 200,
    ),
  }
}

/**
 * Does `act` while more and more uploads are under way that never end, until its result is that of a receiver without room;
 * then breaks them off. Returns the last result.
 */
export async function withoutRoom<T>(
  { httpUrl, maxBodyBytes }: Target['limited'],
  act: () => Promise<T>,
  isRefused: (result: T) => boolean,
): Promise<T> {
  const uploads: ClientRequest[] = []
  const closed: Promise<void>[] = []
  try {
    for (;;) {
      const upload = httpRequest(httpUrl + pathOf('traces'), {
        method: 'POST',
        agent: new Agent(),
        headers: { 'content-type': MEDIA_TYPES.protobuf, 'content-length': String(maxBodyBytes) },
      })
      upload.on('error', () => undefined)
      closed.push(new Promise((resolve) => upload.once('close', resolve)))
      uploads.push(upload)
      await new Promise((resolve) => upload.write(Buffer.alloc(1), resolve))
      const result = await act()
      if (isRefused(result) || uploads.length === MOST_UPLOADS) return result
    }
  } finally {
    for (const upload of uploads) upload.destroy()
    await Promise.all(closed)
  }
}

/** Sends again, as clients do, until there is room. */
export async function isTakenAgain(
  { settleMs }: Target,
  sendAgain: () => Promise<Outcome>,
): Promise<void> {
  const takes = async () => {
    const outcome = await sendAgain()
    return outcome.isRetryable ? null : outcome
  }
  isFullSuccess(await until(takes, settleMs, 'room for another request'))
}

interface WayToSend {
  readonly gzip: boolean
  readonly headers: Readonly<Record<string, string>>
}

function waysToSend(): Record<string, WayToSend> {
  return {
    whole: { gzip: false, headers: {} },
    'in chunks': { gzip: false, headers: { 'transfer-encoding': 'chunked' } },
    compressed: { gzip: true, headers: { 'content-encoding': 'gzip' } },
  }
}

/** The same request in exactly so many bytes: in JSON by spaces, in protobuf by a field nobody knows. */
export function padTo(encoding: 'json' | 'protobuf', body: Buffer, bytes: number): Buffer {
  if (encoding === 'json') return Buffer.concat([body, Buffer.alloc(bytes - body.length, ' ')])
  for (let padding = bytes - body.length; ; padding--) {
    const field = new Writer().uint32(UNKNOWN_TAG).bytes(Buffer.alloc(padding)).finish()
    if (body.length + field.length === bytes) return Buffer.concat([body, field])
  }
}
