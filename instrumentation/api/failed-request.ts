import { SpanStatusCode, trace } from '@opentelemetry/api'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import { describeThrown } from '../errors/describe'
import { propertyOf } from './argument'
import { contextAttributes } from './context'

/** Records what a handler threw: on the span of the request; where nothing is traced, as an event of its own. */
export function recordFailure(error: unknown): void {
  try {
    const span = trace.getActiveSpan()
    const described = describeThrown(error)
    if (span?.isRecording() === true) {
      span.addEvent('exception', described)
      span.setStatus({ code: SpanStatusCode.ERROR })
      return
    }
    logs.getLogger('sidelight').emit({
      eventName: 'exception',
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: described['exception.message'] ?? described['exception.type'] ?? '',
      attributes: { ...contextAttributes(), ...described },
    })
  } catch {
    // Not recorded.
  }
}

/** What an error says it is to be answered with, if that blames the request. */
export function statusOf(error: unknown): number {
  const statusCode = propertyOf(error, 'statusCode') ?? propertyOf(error, 'status')
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : 500
}

/** Next.js throws what its redirects and the like are to be answered with. */
export function statusOfNext(error: unknown): number | undefined {
  const digest = propertyOf(error, 'digest')
  if (typeof digest !== 'string' || !digest.startsWith('NEXT_')) return undefined
  if (digest === 'NEXT_NOT_FOUND') return 404
  const [status] = /(?<=;)[34]\d\d(?=;|$)/.exec(digest) ?? []
  return status === undefined ? 200 : Number(status)
}

/** Answers without details; an answer that has begun is broken off. */
export function answerFailure(response: ServerResponse, status: number, requestId: string): void {
  if (response.headersSent) {
    // The client must not take half an answer for a whole one.
    if (!response.writableEnded) response.destroy()
    return
  }
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.removeHeader('content-length')
  response.removeHeader('content-encoding')
  response.end(JSON.stringify({ error: STATUS_CODES[status] ?? 'Error', requestId }))
}
