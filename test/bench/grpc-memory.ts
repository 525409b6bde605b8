/**
 * `npx tsx test/bench/grpc-memory.ts`: what an OTLP/gRPC server of our own on node:http2 takes, against one of @grpc/grpc-js:
 * memory under 200 concurrent requests of 16 MiB with an admission budget of 128 MiB, and CPU of requests of 512 spans.
 * Prints a JSON line a figure.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { residentMebibytes } from './process-cost'
import { benchPayload } from './payload'

const VARIANTS = ['node:http2', '@grpc/grpc-js'] as const
const MIB = 1024 * 1024
const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

const LARGE = { requests: 200, bytes: 16 * MIB, connections: 10, holdMs: 100 }
const SMALL = { requests: 6_000, spans: 512, connections: 4, concurrent: 32 }

void main()

async function main(): Promise<void> {
  for (const variant of VARIANTS) {
    print(variant, await measureMemory(variant))
    print(variant, await measureCpu(variant))
  }
}

function print(variant: string, figures: object): void {
  process.stdout.write(`${JSON.stringify({ server: variant, ...figures })}\n`)
}

async function measureMemory(variant: string): Promise<object> {
  return withServer(variant, LARGE.holdMs, async (server, sessions) => {
    const idleMib = Math.round(residentMebibytes(server.pid ?? -1).now)
    const body = frame(Buffer.alloc(LARGE.bytes))
    const startedAt = performance.now()
    const codes = await Promise.all(
      Array.from({ length: LARGE.requests }, (_, index) => send(pick(sessions, index), body)),
    )
    return {
      requests: `${LARGE.requests} of ${LARGE.bytes / MIB} MiB`,
      peakMib: Math.round(residentMebibytes(server.pid ?? -1).peak),
      idleMib,
      answers: count(codes),
      seconds: round((performance.now() - startedAt) / 1_000),
    }
  })
}

async function measureCpu(variant: string): Promise<object> {
  return withServer(variant, 0, async (server, sessions) => {
    const payload = benchPayload({ spans: SMALL.spans, attributes: 12, seed: 1, nowMs: Date.now() })
    const body = frame(payload.protobuf)
    await sendAll(sessions, body, SMALL.requests / 10)
    const before = await cpuOf(server)
    const codes = await sendAll(sessions, body, SMALL.requests)
    const microseconds = (await cpuOf(server)) - before
    return {
      requests: `${SMALL.requests} of ${SMALL.spans} spans, ${body.length} bytes`,
      cpuMicrosecondsARequest: Math.round(microseconds / SMALL.requests),
      answers: count(codes),
    }
  })
}

/** Keeps a number of requests under way until all are answered. */
async function sendAll(
  sessions: readonly ClientHttp2Session[],
  body: Buffer,
  requests: number,
): Promise<string[]> {
  const codes: string[] = []
  let next = 0
  const work = async () => {
    while (next < requests) codes.push(await send(pick(sessions, next++), body))
  }
  await Promise.all(Array.from({ length: SMALL.concurrent }, work))
  return codes
}

async function withServer<T>(
  variant: string,
  holdMs: number,
  use: (server: ChildProcess, sessions: readonly ClientHttp2Session[]) => Promise<T>,
): Promise<T> {
  const server = fork(join(__dirname, 'grpc-peer.ts'), [variant, String(holdMs)])
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  const sessions = Array.from({ length: LARGE.connections }, () =>
    connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 1_000 }),
  )
  try {
    await Promise.all(sessions.map((session) => once(session, 'remoteSettings')))
    return await use(server, sessions)
  } finally {
    for (const session of sessions) session.destroy()
    server.kill()
    await once(server, 'exit')
  }
}

/** The grpc-status of a call, or why there is none. */
async function send(session: ClientHttp2Session, body: Buffer): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let code = 'none'
  const note = (headers: object) => {
    code = String((headers as Record<string, unknown>)['grpc-status'] ?? code)
  }
  stream
    .on('response', note)
    .on('trailers', note)
    .on('error', () => undefined)
  stream.resume()
  stream.end(body)
  await once(stream, 'close')
  return code
}

async function cpuOf(server: ChildProcess): Promise<number> {
  server.send('cpu')
  const [{ cpu }] = (await once(server, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}

function pick(sessions: readonly ClientHttp2Session[], index: number): ClientHttp2Session {
  const session = sessions[index % sessions.length]
  if (session === undefined) throw new RangeError('no connection')
  return session
}

function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** How many answers of each grpc-status there were. */
function count(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
