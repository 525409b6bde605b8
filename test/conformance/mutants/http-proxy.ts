import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HttpAnswer, readAnswer } from '../http'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What is different from the receiver behind: what it gets to see, or what is said in its name. */
export interface HttpMutation {
  /** Of a request that was read whole; an answer is sent without asking the receiver. */
  request?(request: HttpRequest): HttpRequest | HttpAnswer
  answer?(answer: HttpAnswer, request: Omit<HttpRequest, 'body'>): HttpAnswer
}

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

interface Receiver {
  readonly url: string
  readonly agent: Agent
}

/** Longer than anybody is silent; the receiver's own. */
const KEEP_ALIVE_MS = 90_000
/** Of a connection, not of what is sent over it (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
]

/** An HTTP/1.1 server that is the receiver at `url` but for the mutation. */
export async function startHttpProxy(url: string, mutation: HttpMutation): Promise<Proxy> {
  // A receiver that closes on a client that still sends might cost it the answer.
  const agent = new Agent({ keepAlive: true })
  const receiver = { url, agent }
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    incoming.on('error', () => undefined)
    response.on('error', () => undefined)
    // Whoever asked is told by the end of the connection that the receiver did not answer.
    exchange(receiver, mutation, incoming, response).catch(() => incoming.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      agent.destroy()
      await once(server.close(), 'close')
    },
  }
}

async function exchange(
  receiver: Receiver,
  mutation: HttpMutation,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: path = '', headers } = incoming
  const head = { method, path, headers }
  if (mutation.request === undefined) {
    // Not read first: a check may hold it back.
    reply(response, mutate(mutation, await forward(receiver, head, incoming), head))
    return
  }
  const body = await readWhole(incoming)
  const changed = mutation.request({ ...head, body })
  const isAnswer = 'status' in changed
  const answer = isAnswer ? changed : await forward(receiver, changed, changed.body)
  reply(response, isAnswer ? answer : mutate(mutation, answer, head))
}

function mutate(
  { answer: change }: HttpMutation,
  answer: HttpAnswer,
  head: Omit<HttpRequest, 'body'>,
): HttpAnswer {
  return change === undefined ? answer : change(answer, head)
}

async function forward(
  { url, agent }: Receiver,
  { method, path, headers }: Omit<HttpRequest, 'body'>,
  body: Buffer | IncomingMessage,
): Promise<HttpAnswer> {
  const length = Buffer.isBuffer(body) ? String(body.length) : headers['content-length']
  const request = httpRequest(url, {
    method,
    path,
    agent,
    headers: {
      ...endToEnd(headers),
      ...(length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }),
    },
  })
  if (Buffer.isBuffer(body)) request.end(body)
  else {
    body.once('close', () => {
      if (!body.complete) request.destroy()
    })
    body.pipe(request)
  }
  const answer = await readAnswer(request)
  if (!Buffer.isBuffer(body)) body.unpipe(request).resume()
  return { ...answer, headers: endToEnd(answer.headers) }
}

function reply(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
}

async function readWhole(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)))
}
