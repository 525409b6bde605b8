import { once } from 'node:events'
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Counters } from '../telemetry/counters'

interface SessionLimits {
  /** How long a client may take to say that it speaks HTTP/2. */
  readonly headerTimeoutMs: number
  /** How long a connection on which nothing happens stays open. */
  readonly keepAliveMs: number
  readonly counters: Pick<Counters, 'refusedRequests'>
}

/** The HTTP/2 connections of a server: ends those that stay silent, and all of them at a stop. */
export class Sessions {
  readonly #server: Http2Server | Http2SecureServer
  readonly #limits: SessionLimits
  readonly #sessions = new Set<ServerHttp2Session>()
  /** Connections that are in a TLS handshake have no session yet. */
  readonly #sockets = new Set<Socket>()

  constructor(server: Http2Server | Http2SecureServer, limits: SessionLimits) {
    this.#server = server
    this.#limits = limits
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('session', (session) => this.#add(session))
  }

  /** No new connections and requests; resolves when those under way are over. Clients are told by GOAWAY which were not taken. */
  async close(): Promise<void> {
    // A server that never listened has nothing to close.
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve()
    this.#server.close()
    for (const session of this.#sessions) session.close()
    await closed
  }

  /** Ends every connection at once. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #add(session: ServerHttp2Session): void {
    const { headerTimeoutMs, keepAliveMs, counters } = this.#limits
    this.#sessions.add(session)
    const greeting = setTimeout(() => {
      counters.refusedRequests.inc({ reason: 'header_timeout' })
      session.destroy()
    }, headerTimeoutMs)
    session.once('remoteSettings', () => clearTimeout(greeting))
    session.once('close', () => {
      clearTimeout(greeting)
      this.#sessions.delete(session)
    })
    session.setTimeout(keepAliveMs, () => session.close())
  }
}
