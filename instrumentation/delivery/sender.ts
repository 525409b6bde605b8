import http from 'node:http'
import type * as nodeHttps from 'node:https'
import type * as nodeZlib from 'node:zlib'
import { type Answer, judgeResponse } from './answer'
import { runOutside } from './outside'
import type { Destination } from './settings'

/**
 * Sends the bytes of a body once; `limitMs` shortens the time an answer is waited for. Never rejects and never throws. Nothing it
 * does keeps the process alive, but for a connection being made (2 s at most).
 */
export type Send = (bytes: Uint8Array, limitMs?: number) => Promise<Answer>

/** The signals share one kept-alive connection an origin. */
export function createSender(destination: Destination): Send {
  const { compression, headers, timeoutMs, tls, url } = destination
  const client = url.protocol === 'https:' ? httpsClient() : httpClient
  const options: nodeHttps.RequestOptions = {
    method: 'POST',
    agent: client.agent,
    headers: {
      ...headers,
      'content-type': 'application/x-protobuf',
      ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
    },
    ...tls,
  }
  const attempt = async (bytes: Uint8Array, limitMs: number): Promise<Answer> => {
    try {
      const content = compression === 'gzip' ? await gzip(bytes) : bytes
      const call: Call = { client, url, options, content, timeoutMs: limitMs }
      return (await post(call)) ?? (await post({ ...call, isLast: true })) ?? unreachable()
    } catch (error) {
      return unreachable(error)
    }
  }
  return (bytes, limitMs = timeoutMs) =>
    runOutside(() => attempt(bytes, Math.min(limitMs, timeoutMs)))
}

interface Client {
  readonly request: typeof nodeHttps.request
  readonly agent: http.Agent
}

interface Call {
  readonly client: Client
  readonly url: URL
  readonly options: nodeHttps.RequestOptions
  readonly content: Uint8Array
  readonly timeoutMs: number
  /** No further attempt follows a connection that the collector had closed. */
  readonly isLast?: boolean
}

const CONNECT_TIMEOUT_MS = 2_000
/** An answer is a few bytes; of a larger one only the beginning is read. */
const MAX_ANSWER_BYTES = 65_536
/** One connection stays; signals that are sent at the same moment do not wait for each other. */
const AGENT_OPTIONS = { keepAlive: true, maxFreeSockets: 1 }

/** Taken when this file is loaded: before anybody, ourselves included, has replaced it. */
const httpClient: Client = { request: http.request, agent: new http.Agent(AGENT_OPTIONS) }
let loadedHttps: Client | undefined

/** Loaded for the first sender that needs it, which is made before libraries are instrumented. */
function httpsClient(): Client {
  if (loadedHttps === undefined) {
    const https = require('node:https') as typeof nodeHttps
    loadedHttps = { request: https.request, agent: new https.Agent(AGENT_OPTIONS) }
  }
  return loadedHttps
}

function gzip(bytes: Uint8Array): Promise<Buffer> {
  const zlib = require('node:zlib') as typeof nodeZlib
  return new Promise((resolve, reject) => {
    zlib.gzip(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error)))
  })
}

/** Undefined when a kept connection turned out to be closed, which says nothing about the collector. */
function post(call: Call): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const request = call.client.request(call.url, {
      ...call.options,
      headers: { ...call.options.headers, 'content-length': call.content.byteLength },
    })
    const settle = (answer: Answer | undefined): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    let isAnswered = false
    const timer = setTimeout(() => {
      // An answer that has begun is judged by its status when the connection is closed.
      if (!isAnswered) settle(unreachable(new Error(`no answer within ${call.timeoutMs} ms`)))
      request.destroy()
    }, call.timeoutMs).unref()
    request.once('socket', (socket) => {
      socket.unref()
      if (socket.connecting) limitConnecting(request, socket)
    })
    request.once('response', (response) => {
      isAnswered = true
      collect(response, (body) => {
        const { statusCode: status = 0, headers } = response
        const retryAfter = headers['retry-after']
        settle(judgeResponse({ status, retryAfter, body }, Date.now()))
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale =
        request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      if (isAnswered) return
      settle(isStale && call.isLast !== true ? undefined : unreachable(error))
    })
    request.end(call.content)
  })
}

/** A connection under way keeps the event loop alive, and the system tries it for minutes. */
function limitConnecting(request: http.ClientRequest, socket: NodeJS.Socket): void {
  const timer = setTimeout(() => {
    request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`))
  }, CONNECT_TIMEOUT_MS).unref()
  const stop = (): void => clearTimeout(timer)
  socket.once('connect', stop)
  socket.once('close', stop)
}

/** The answer stands with its status: a body cut short or too long takes nothing from it. */
function collect(response: http.IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const finish = (): void => done(Buffer.concat(chunks))
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size <= MAX_ANSWER_BYTES) return
    finish()
    response.destroy()
  })
  response.once('end', finish)
  response.once('error', finish)
  response.once('close', finish)
}

function unreachable(error?: unknown): Answer {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const message =
    first instanceof Error ? first.message : 'the connection is closed again and again'
  return { outcome: 'unreachable', message }
}
