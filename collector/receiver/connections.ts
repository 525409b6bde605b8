import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Server, Socket } from 'node:net'
import { encodeStatus } from '../otlp/status'
import type { Counters } from '../telemetry/counters'
import { Refusal, type RefusalKind } from './refusal'

/** How long an idle connection stays open: longer than the 60 s between the metric exports of a quiet application. */
export const KEEP_ALIVE_MS = 90_000

const HEAD_TIMEOUT_CODE = 'ERR_HTTP_REQUEST_TIMEOUT'
const KINDS: Readonly<Record<string, RefusalKind>> = {
  HPE_HEADER_OVERFLOW: 'headTooLarge',
  [HEAD_TIMEOUT_CODE]: 'tooSlow',
}

/** Closes connections above the limit at once, and counts those and the open ones. */
export function limitConnections(
  server: Server,
  maxConnections: number,
  counters: Pick<Counters, 'connections' | 'droppedConnections'>,
): void {
  server.maxConnections = maxConnections
  server.on('connection', (socket: Socket) => {
    counters.connections.inc()
    socket.once('close', () => counters.connections.dec())
  })
  server.on('drop', () => counters.droppedConnections.inc())
}

/** Ends connections on which HTTP broke off, came too slowly or cannot be read. */
export class BrokenConnections {
  readonly #counters: Pick<Counters, 'refusedRequests'>
  readonly #latest = new WeakMap<Socket, IncomingMessage>()

  constructor(counters: Pick<Counters, 'refusedRequests'>) {
    this.#counters = counters
  }

  /** Takes note of a request whose head was read. */
  noteHead(request: IncomingMessage): void {
    this.#latest.set(request.socket, request)
  }

  /** What cannot be parsed as HTTP has no encoding to answer in: JSON can be read by people. */
  end(error: NodeJS.ErrnoException, socket: Socket): void {
    const isTimeout = error.code === HEAD_TIMEOUT_CODE
    // A body that is late has its own time-out, and what remains of it was refused by an answer.
    const isInBody = isTimeout && this.#latest.get(socket)?.complete === false
    // Where TLS failed nothing can be said.
    const isHttp = isTimeout || error.code?.startsWith('HPE_') === true
    if (!isHttp || !socket.writable || isInBody) {
      socket.destroy()
      return
    }
    if (isTimeout) this.#counters.refusedRequests.inc({ reason: 'header_timeout' })
    const message = isTimeout ? 'its head took too long to arrive' : error.message
    const kind = KINDS[error.code ?? ''] ?? 'badData'
    socket.write(encodeAnswer(new Refusal(kind, `cannot read the request: ${message}`)))
    socket.destroySoon()
  }
}

function encodeAnswer({ httpStatus, status }: Refusal): string {
  const body = encodeStatus('json', status)
  const head = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body.toString()}`
}
