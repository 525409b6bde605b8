import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'

/**
 * Sends a whole answer, and ends it, which closes the connection, only when the rest of the request has been discarded or its
 * connection is gone. Closed on a client that still sends, TCP would reset it, and the answer might be lost (RFC 9112, 9.6).
 * How long that may take is limited by the server's requestTimeout. The answer needs a Content-Length to be read at once.
 */
export function answerAndLinger(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
): void {
  response.write(content)
  request.resume()
  finished(request, () => response.end())
}
