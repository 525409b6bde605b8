import { context } from '@opentelemetry/api'
import { IncomingMessage, ServerResponse } from 'node:http'
import type * as http2 from 'node:http2'
import { Server, type Socket } from 'node:net'
import { complain } from '../process/complaint'
import { type Emit, exchangeOf, followMessages, joinExchange, letMove } from './http/exchange'
import { type Answer, ServedRequest } from './http/served'
import { followUpgrade } from './http/upgrade'

/**
 * One SERVER span for each request that a server of `node:http`, `node:https` or the compatibility layer of `node:http2`
 * hands to its listeners, which run in the span's context. All of these servers, and every class made of them,
 * inherit `emit` from the server of `node:net`: that is the one place that is patched.
 */
export function traceServers(): void {
  letMove()
  followMessages(IncomingMessage.prototype)
  followMessages(ServerResponse.prototype)
  const prototype = Server.prototype as unknown as { emit: Emit }
  const emit = prototype.emit
  prototype.emit = {
    emit(this: object, type: unknown, request?: unknown, answer?: unknown): boolean {
      const args = arguments as unknown as unknown[]
      let served: ServedRequest | undefined
      if (type === 'request' || type === 'checkContinue' || type === 'checkExpectation') {
        served = serve(request, answer)
      } else if (type === 'upgrade') {
        served = serveUpgrade(request, answer)
      }
      return served === undefined ? emit.apply(this, args) : runListeners(served, emit, this, args)
    },
  }.emit
}

/** Undefined for what is no request of Node, or was seen before: servers hand requests on to each other. */
function serve(request: unknown, response: unknown): ServedRequest | undefined {
  if (!(response instanceof ServerResponse) && !isCompatible(response)) return undefined
  const message = request as IncomingMessage
  if (typeof message.method !== 'string' || exchangeOf(message) !== undefined) return undefined
  const served = startServing(message, response)
  if (served === undefined) return undefined
  joinExchange(message, served)
  joinExchange(response, served)
  return served
}

/** The request that asks for a WebSocket, say: what answers it is the application, on the socket itself. */
function serveUpgrade(request: unknown, socket: unknown): ServedRequest | undefined {
  const message = request as IncomingMessage
  if (!(message instanceof IncomingMessage) || exchangeOf(message) !== undefined) return undefined
  const answer: Answer = { headersSent: false, statusCode: 0, writableFinished: true }
  const served = startServing(message, answer)
  if (served === undefined) return undefined
  joinExchange(message, served)
  followUpgrade(socket as Socket, (statusCode) => {
    if (statusCode !== undefined) Object.assign(answer, { headersSent: true, statusCode })
    else Object.assign(answer, { writableFinished: false })
    served.end()
  })
  return served
}

function startServing(request: IncomingMessage, answer: Answer): ServedRequest | undefined {
  try {
    return new ServedRequest(request, answer)
  } catch (error) {
    complain('cannot trace a request', error)
    return undefined
  }
}

function runListeners(served: ServedRequest, emit: Emit, server: object, args: unknown[]): boolean {
  try {
    return context.with(served.context, callEmit, undefined, emit, server, args)
  } catch (error) {
    served.fail(error)
    throw error
  }
}

function callEmit(emit: Emit, server: object, args: unknown[]): boolean {
  return emit.apply(server, args)
}

let compatibleResponse: typeof http2.Http2ServerResponse | undefined

/** Whether it is a response of HTTP/2. Its module is loaded by whoever makes such servers, not by us. */
function isCompatible(response: unknown): response is Answer & object {
  if (compatibleResponse === undefined) {
    if (
      (response as { constructor?: Function } | null)?.constructor?.name !== 'Http2ServerResponse'
    ) {
      return false
    }
    const { Http2ServerRequest, Http2ServerResponse } = require('node:http2') as typeof http2
    compatibleResponse = Http2ServerResponse
    followMessages(Http2ServerRequest.prototype)
    followMessages(Http2ServerResponse.prototype)
  }
  return response instanceof compatibleResponse
}
