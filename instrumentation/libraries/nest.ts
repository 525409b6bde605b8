import { complain } from '../process/complaint'
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
  if (host.getType() !== 'http') return
  const request = host.getArgByIndex(0) as { raw?: object } | undefined
  if (typeof request !== 'object') return
  failRequest(request.raw ?? request, exception, isAnswer(exception))
}

function isAnswer(exception: unknown): boolean {
  const { getStatus } = (exception ?? {}) as { getStatus?: () => unknown }
  if (typeof getStatus !== 'function') return isRefusal(exception)
  try {
    return isBelow500(getStatus.call(exception))
  } catch {
    // A class of the application that has a method of this name.
    return false
  }
}

/**
 * Nest 12 is ES modules, whose loading nothing here sees. But whoever adds a route is on the stack, so the first one that Nest
 * adds tells where its files are; they are loaded then, and what is imported is the same class.
 */
export function findNest(): void {
  // Nest needs reflect-metadata: without it this costs nothing.
  if (isFound || !('getMetadata' in Reflect)) return
  const core = /file:\/\/[^\s()]*\/node_modules\/@nestjs\/core\//.exec(readStack())?.[0]
  if (core === undefined) return
  isFound = true
  import(`${core}exceptions/exceptions-handler.js`).then(
    (file: ExceptionsFile) => {
      patchExceptions(file)
    },
    (error: unknown) => {
      complain('cannot instrument nestjs-core', error)
    },
  )
}

let isFound = false

function readStack(): string {
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 50
    return String(new Error().stack)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
