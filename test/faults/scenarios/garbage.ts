import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Signal, SIGNALS } from '../../../collector/translate/rows'
import { exportRequest } from '../../helpers/export-request'
import type { Scenario } from '../scenario'
import type { Stage } from '../stage'

const ANSWER_MS = 15_000
const SLOW_SOCKETS = 50
const BOMB_BYTES = 256 * 1_024 * 1_024
/** The admission budget, what Node holds beside it, and room. */
const MAX_RSS_MIB = 400

/** Senders that mean harm, or know no better, beside one that does right and may not notice. */
export const GARBAGE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'garbage',
    fault: 'random bytes, truncated bodies, gzip bombs and slow-loris sockets at the door',
    times: { full: 50, short: 5 },
    async run(stage) {
      const { sidecar, client } = await stage.play()
      const port = Number(new URL(sidecar.otlpUrl).port)
      const slow = Array.from({ length: SLOW_SOCKETS }, () => openSlowly(port))
      stage.teardown(() => slow.forEach((socket) => socket.destroy()))
      const bomb = gzipSync(Buffer.alloc(BOMB_BYTES), { level: 1 })
      await stage.repeat(async (round) => {
        const signal = SIGNALS[round % SIGNALS.length] ?? 'traces'
        const body = exportRequest(signal, { service: 'truncated', count: 50 })
        const refused = async (what: string, wanted: number[], sent: Buffer, encoding?: 'gzip') => {
          const status = await post(port, signal, sent, encoding)
          stage.claim(wanted.includes(status), `${what} was answered ${status}`)
        }
        for (const socket of slow) socket.write(Buffer.from([97 + stage.random.below(26)]))
        await sendBytes(port, stage.random.bytes(1 + stage.random.below(4_096)))
        await cutBodyShort(port, signal, body, stage)
        await refused(`a body of ${signal} without its end`, [400], shorten(body, stage))
        await refused('a gzip bomb', [413, 503], bomb, 'gzip')
        const noise = stage.random.bytes(stage.random.below(4_096))
        await refused('noise as gzip', [400], noise, 'gzip')
      })
      await stage.flow()
      stage.claimNoFailure(client)
      const peakMib = Math.round(sidecar.peakRssMib())
      stage.claim(peakMib < MAX_RSS_MIB, `the collector took ${peakMib} MiB`)
    },
  },
]

/** A message of one field: any prefix of it is damaged. */
function shorten(body: Buffer, stage: Stage): Buffer {
  return body.subarray(0, 1 + stage.random.below(body.length - 1))
}

async function post(
  port: number,
  signal: Signal,
  body: Buffer,
  encoding: 'gzip' | undefined,
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  await response.arrayBuffer()
  return response.status
}

/** Bytes that are no HTTP; whatever comes back, the connection ends. */
async function sendBytes(port: number, bytes: Buffer): Promise<void> {
  const socket = open(port)
  socket.end(bytes)
  await closed(socket)
}

/** The head promises more than is sent before the connection is dropped. */
async function cutBodyShort(
  port: number,
  signal: Signal,
  body: Buffer,
  stage: Stage,
): Promise<void> {
  const socket = open(port)
  await once(socket, 'connect')
  socket.write(headOf(signal, body.length))
  socket.write(shorten(body, stage), () => socket.resetAndDestroy())
  await closed(socket)
}

/** A head that never ends. */
function openSlowly(port: number): Socket {
  const socket = open(port)
  socket.write('POST /v1/traces HTTP/1.1\r\nhost: faults\r\nx-slow: ')
  return socket
}

function headOf(signal: Signal, length: number): string {
  return `POST /v1/${signal} HTTP/1.1\r\nhost: faults\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${length}\r\n\r\n`
}

function open(port: number): Socket {
  return connect(port, '127.0.0.1')
    .on('error', () => undefined)
    .resume()
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(ANSWER_MS) })
}
