import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import type { DurationHistogram } from '../measures/durations'
import { type Dialect, readStatement, type Statement } from './statement'
import { Recent } from './recent'

/** What all calls of one library have in common. */
export interface Library {
  readonly tracer: Tracer
  /** The code of a failure as the database has it (SQLSTATE, errno); undefined if it did not come from the database. */
  readonly codeOf: (thrown: unknown) => string | undefined
}

/** `scope` as `sidelight/pg`. */
export function createLibrary(scope: string, codeOf: Library['codeOf']): Library {
  return { tracer: trace.getTracer(scope), codeOf }
}

/** Where calls of a client go. */
export interface Server {
  /** db.system.name */
  readonly system: string
  /** db.namespace, if it is the same for all calls. */
  readonly namespace?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
  /** network.peer.address, told only where it says more than `address`. */
  readonly peer?: string | undefined
}

/** What is the same each time the same thing is asked of the same server, made once. */
export interface Plan {
  readonly name: string
  readonly options: SpanOptions
  /** Names the combination of `measured` attributes. */
  readonly key: string
  readonly measured: Attributes
}

/** A server with the plans of what was asked of it of late. */
export class Endpoint {
  readonly #server: Server
  readonly #attributes: Attributes
  readonly #parametrised = new Recent<Plan>(RECENT_STATEMENTS)
  readonly #literal = new Recent<Plan>(RECENT_STATEMENTS)

  constructor(server: Server) {
    this.#server = server
    this.#attributes = describe(server)
  }

  /** As `db.example:5432/shop`. */
  get name(): string {
    const { system, address = system, port, namespace } = this.#server
    return `${address}${port === undefined ? '' : `:${port}`}${namespace === undefined ? '' : `/${namespace}`}`
  }

  /** What there is to say of an attempt to connect. */
  get connecting(): SpanOptions {
    const { system, namespace } = this.#server
    const attributes: Attributes = { ...this.#attributes, 'db.system.name': system }
    if (namespace !== undefined) attributes['db.namespace'] = namespace
    return { kind: SpanKind.CLIENT, attributes }
  }

  /** The plan of a statement of SQL; `given` says that its values travel apart from its text. */
  statement(sql: string, dialect: Dialect, given: boolean): Plan {
    const plans = given ? this.#parametrised : this.#literal
    const known = plans.get(sql)
    if (known !== undefined) return known
    const plan = this.#planStatement(readStatement(sql, dialect, given))
    if (sql.length <= MAX_KEPT) plans.set(sql, plan)
    return plan
  }

  /** The plan of what has no SQL; `key` names it among all plans of the endpoint. */
  call(key: string, describeCall: () => Call): Plan {
    const known = this.#literal.get(key)
    if (known !== undefined) return known
    const plan = this.#plan(describeCall())
    this.#literal.set(key, plan)
    return plan
  }

  #planStatement(statement: Statement): Plan {
    const { operation, collection, procedure, summary, count, text } = statement
    const extra: Attributes = { 'db.query.summary': summary, 'db.query.text': text }
    if (procedure !== undefined) extra['db.stored_procedure.name'] = procedure
    if (count > 1) extra['db.operation.batch.size'] = count
    return this.#plan({ operation, collection, name: summary, extra })
  }

  #plan({ operation, collection, namespace, name, extra }: Call): Plan {
    const { system } = this.#server
    const place = namespace ?? this.#server.namespace
    const measured: Attributes = { 'db.system.name': system }
    if (place !== undefined) measured['db.namespace'] = place
    if (operation !== undefined) measured['db.operation.name'] = operation
    if (collection !== undefined) measured['db.collection.name'] = collection
    return {
      name: name || operation || system,
      options: {
        kind: SpanKind.CLIENT,
        attributes: { ...this.#attributes, ...measured, ...extra },
      },
      key: `${system}\0${place ?? ''}\0${operation ?? ''}\0${collection ?? ''}`,
      measured,
    }
  }
}

/** What is asked of a database, in the words of the semantic conventions. */
export interface Call {
  readonly operation: string | undefined
  readonly collection?: string | undefined
  readonly namespace?: string | undefined
  /** The name of the span. */
  readonly name: string
  readonly extra?: Attributes
}

/** Statements remembered in each half of what an endpoint keeps. */
const RECENT_STATEMENTS = 500
/** Characters of a statement above which it is read again each time. */
const MAX_KEPT = 16_384

/** A call that was begun. It is ended once, by what comes first; nothing of it throws. */
export class Operation {
  readonly context: Context
  readonly #library: Library
  readonly #plan: Plan
  readonly #span: Span
  readonly #startedMs: number
  #ended = false

  constructor(library: Library, plan: Plan) {
    this.context = context.active()
    this.#library = library
    this.#plan = plan
    this.#startedMs = performance.now()
    this.#span = library.tracer.startSpan(plan.name, plan.options, this.context)
  }

  succeed(): void {
    if (this.#ended) return
    this.#ended = true
    try {
      this.#span.end()
      const { key, measured } = this.#plan
      recordDuration((performance.now() - this.#startedMs) / 1000, key, () => measured)
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

  #recordFailure(thrown: unknown): void {
    const { key, measured } = this.#plan
    const code = this.#library.codeOf(thrown)
    const type = code ?? typeOf(thrown)
    endFailed(this.#span, thrown, code, type)
    recordDuration((performance.now() - this.#startedMs) / 1000, `${key}\0${type}`, () =>
      code === undefined
        ? { ...measured, 'error.type': type }
        : { ...measured, 'error.type': type, 'db.response.status_code': code },
    )
  }
}

/** Begins a call; undefined if that fails, which is no reason not to make it. */
export function begin(library: Library, plan: () => Plan): Operation | undefined {
  try {
    return new Operation(library, plan())
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

let histogram: DurationHistogram | undefined

function recordDuration(seconds: number, key: string, attributes: () => Attributes): void {
  histogram?.record(seconds, key, attributes)
}

function describe({ address, port, peer }: Server): Attributes {
  const attributes: Attributes = {}
  if (address !== undefined) attributes['server.address'] = address
  if (port !== undefined) attributes['server.port'] = port
  if (peer !== undefined && peer !== address) {
    attributes['network.peer.address'] = peer
    if (port !== undefined) attributes['network.peer.port'] = port
  }
  return attributes
}

function typeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '_OTHER'
  const { code } = thrown as { code?: unknown }
  return typeof code === 'string' && code !== '' ? code : thrown.constructor.name || thrown.name
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
