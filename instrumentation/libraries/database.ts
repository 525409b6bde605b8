import {
  type AttributeValue,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import { type DurationHistogram, durationHistogram } from '../measures/durations'
import type { Endpoint, Plan } from './endpoint'

/** What all calls of one library have in common. */
export interface Library {
  readonly tracer: Tracer
  readonly durations: DurationHistogram
  /** The code of a failure as the database has it (SQLSTATE, errno); undefined if it did not come from the database. */
  readonly codeOf: (thrown: unknown) => string | undefined
}

/** `scope` as `sidelight/pg`. */
export function createLibrary(scope: string, codeOf: Library['codeOf']): Library {
  return {
    tracer: trace.getTracer(scope),
    durations: durationHistogram({
      scope,
      name: 'db.client.operation.duration',
      description: 'Duration of database client operations.',
    }),
    codeOf,
  }
}

/** A call that was begun. It is ended once, by what comes first; nothing of it throws. */
export class Operation {
  readonly context: Context
  readonly #library: Library
  readonly #plan: Plan
  readonly #span: Span
  readonly #startedMs: number
  #ended = false

  constructor(library: Library, plan: Plan, caller = context.active()) {
    this.context = caller
    this.#library = library
    this.#plan = plan
    this.#startedMs = performance.now()
    this.#span = library.tracer.startSpan(plan.name, plan.options, this.context)
  }

  /** Says something of this call that its plan does not. */
  set(key: string, value: () => AttributeValue): void {
    if (this.#span.isRecording()) this.#span.setAttribute(key, value())
  }

  succeed(): void {
    if (this.#ended) return
    this.#ended = true
    try {
      this.#span.end()
      const { key, measured } = this.#plan
      this.#library.durations.record(this.#seconds(), key, () => measured)
    } catch {
      // An answer of a database reaches the application, whatever becomes of its span.
    }
  }

  fail(thrown: unknown): void {
    if (this.#ended) return
    this.#ended = true
    try {
      this.#recordFailure(thrown)
    } catch {
      // As above.
    }
  }

  /** Has a callback of the caller run in the context of the call. */
  bind<Callback extends (this: never, ...args: never[]) => unknown>(callback: Callback): Callback {
    const caller = this.context
    return caller === ROOT_CONTEXT ? callback : bindTo(caller, callback)
  }

  /** A callback (error, …) of the caller that ends the operation first. */
  endBefore(callback: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    const end = (thrown: unknown) => {
      if (thrown) this.fail(thrown)
      else this.succeed()
    }
    const caller = this.context
    return function (this: unknown, ...args: unknown[]) {
      end(args[0])
      return context.with(caller, callback, this, ...args)
    }
  }

  /** The promise to give the caller instead: as that of the library, after the operation has ended. */
  endWith(promise: unknown): unknown {
    if (!isThenable(promise)) {
      this.succeed()
      return promise
    }
    return promise.then(
      (value) => {
        this.succeed()
        return value
      },
      (thrown: unknown) => {
        this.fail(thrown)
        throw thrown
      },
    )
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  #recordFailure(thrown: unknown): void {
    const { key, measured } = this.#plan
    const code = this.#library.codeOf(thrown)
    const type = code ?? typeOf(thrown)
    endFailed(this.#span, thrown, code, type)
    this.#library.durations.record(this.#seconds(), `${key}\0${type}`, () =>
      code === undefined
        ? { ...measured, 'error.type': type }
        : { ...measured, 'error.type': type, 'db.response.status_code': code },
    )
  }
}

/** Begins a call; undefined if that fails, which is no reason not to make it. */
export function begin(library: Library, plan: () => Plan, caller?: Context): Operation | undefined {
  try {
    return new Operation(library, plan(), caller)
  } catch {
    return undefined
  }
}

/** A call of a client or pool that connects: takes a callback, or returns a promise. */
export type Connect = (...args: never[]) => unknown

/**
 * Calls what connects, for a caller whose context its callback keeps. Only an attempt that fails has a span, named
 * `connect`: it is what is left of the calls that would have followed.
 */
export function observeConnect(
  library: Library,
  endpoint: () => Endpoint | undefined,
  connect: Connect,
  client: object,
  callback: unknown,
): unknown {
  const caller = context.active()
  const startedMs = performance.now()
  const fail = (thrown: unknown) => {
    recordRefusal(library, endpoint, thrown, caller, startedMs)
  }
  if (typeof callback !== 'function') {
    const result = connect.call(client as never, callback as never)
    if (!isThenable(result)) return result
    return result.then(undefined, (thrown: unknown) => {
      fail(thrown)
      throw thrown
    })
  }
  return connect.call(
    client as never,
    function (this: unknown, ...args: unknown[]) {
      if (args[0]) fail(args[0])
      return context.with(caller, callback as (...args: unknown[]) => unknown, this, ...args)
    } as never,
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

function recordRefusal(
  library: Library,
  endpoint: () => Endpoint | undefined,
  thrown: unknown,
  caller: Context,
  startedMs: number,
): void {
  try {
    const startTime = Date.now() - (performance.now() - startedMs)
    const options = { kind: SpanKind.CLIENT, ...endpoint()?.connecting, startTime }
    const span = library.tracer.startSpan('connect', options, caller)
    const code = library.codeOf(thrown)
    endFailed(span, thrown, code, code ?? typeOf(thrown))
  } catch {
    // The application learns of the failure in any case.
  }
}

function endFailed(span: Span, thrown: unknown, code: string | undefined, type: string): void {
  if (span.isRecording()) {
    if (code !== undefined) span.setAttribute('db.response.status_code', code)
    span.setAttribute('error.type', type)
    recordThrown(span, thrown)
    span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(thrown) })
  }
  span.end()
}

/** A callback that runs in the context of a caller. */
export function bindTo<Callback extends (this: never, ...args: never[]) => unknown>(
  caller: Context,
  callback: Callback,
): Callback {
  const bound = function (this: never, ...args: never[]) {
    return context.with(caller, callback as (...args: never[]) => unknown, this, ...args)
  }
  return bound as Callback
}

function typeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '_OTHER'
  const { code } = thrown as { code?: unknown }
  return typeof code === 'string' && code !== '' ? code : thrown.constructor.name || thrown.name
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
