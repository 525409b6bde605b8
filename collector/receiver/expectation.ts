import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Requests whose clients wait to be told to go on before they send a body (RFC 9110, 10.1.1). By itself Node tells them at
 * once, before anybody has looked whether the body is wanted.
 */
export class Expectations {
  /** Whether the connection was to stay open, of those who wait. */
  readonly #waiting = new WeakMap<IncomingMessage, boolean>()

  constructor(server: Server) {
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#waiting.set(request, response.shouldKeepAlive)
      // Who is refused may send the body still or not: what follows on the connection cannot be told apart.
      response.shouldKeepAlive = false
      server.emit('request', request, response)
    })
  }

  /** The body is wanted. */
  meet(request: IncomingMessage, response: ServerResponse): void {
    const keepsAlive = this.#waiting.get(request)
    if (keepsAlive === undefined) return
    this.#waiting.delete(request)
    response.shouldKeepAlive = keepsAlive
    response.writeContinue()
  }
}
