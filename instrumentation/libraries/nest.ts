import { isBelow500, isRefusal } from './refusal'
import { failRequest } from './route'

interface Host {
  getType(): string
  getArgByIndex(index: number): unknown
}

/** The exports of the file `exceptions/exceptions-handler.js` of @nestjs/core. */
export interface ExceptionsFile {
  readonly ExceptionsHandler: {
    readonly prototype: { next(exception: unknown, host: Host): unknown }
  }
}

/**
 * Nest's routes are routes of Express or Fastify, which say them; what its handlers throw never gets to these, since one of Nest's
 * exception filters answers it.
 */
export function patchExceptions({ ExceptionsHandler }: ExceptionsFile): void {
  const { prototype } = ExceptionsHandler
  const { next } = prototype
  if ((next as { [PATCHED]?: boolean })[PATCHED]) return
  prototype.next = function (exception, host) {
    noteException(exception, host)
    return next.call(this, exception, host)
  }
  Object.defineProperty(prototype.next, PATCHED, { value: true })
}

const PATCHED = Symbol('sidelight.patched')

function noteException(exception: unknown, host: Host): void {
  if (host.getType() !== 'http' || isHttpException(exception) || isRefusal(exception)) return
  const request = host.getArgByIndex(0) as { raw?: object } | undefined
  if (typeof request === 'object') failRequest(request.raw ?? request, exception)
}

function isHttpException(exception: unknown): boolean {
  const { getStatus } = (exception ?? {}) as { getStatus?: () => unknown }
  return typeof getStatus === 'function' && isBelow500(getStatus.call(exception))
}
