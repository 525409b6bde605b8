import { begin, createLibrary, observeConnect, type Operation } from './database'
import { type Endpoint, Endpoints, type Plan } from './endpoint'
import { PoolWatch } from './pool'

const PG = createLibrary('sidelight/pg', codeOf)

/** The operation whose call is being made, until the query it is for has been created. */
let starting: Operation | undefined

/** What of pg's `Client` this file relies on. */
interface Client {
  host?: string
  port?: number
  database?: string
  connection?: { stream?: { remoteAddress?: string } }
}

interface Submittable {
  text?: unknown
  values?: unknown
  name?: unknown
  callback?: unknown
  cursor?: Submittable
  handleReadyForQuery(...args: unknown[]): unknown
  handleError(...args: unknown[]): unknown
}

type Callback = (this: never, ...args: never[]) => unknown

/** Has each query end the operation it was created for. Replaces the class of `pg/lib/query.js`. */
export function patchQuery(Query: new (...args: unknown[]) => Submittable): unknown {
  class TracedQuery extends Query {
    #operation: Operation | undefined

    constructor(config: unknown, values: unknown, callback: unknown) {
      super(config, values, callback)
      const operation = starting
      if (operation === undefined) return
      starting = undefined
      TracedQuery.trace(this, operation)
    }

    /** False if it is no query of this class. */
    static trace(query: object, operation: Operation): boolean {
      if (!(#operation in query)) return false
      query.#operation = operation
      if (typeof query.callback === 'function') {
        query.callback = operation.bind(query.callback as Callback)
      }
      return true
    }

    override handleReadyForQuery(...args: unknown[]): unknown {
      const operation = this.#operation
      if (operation !== undefined) {
        this.#operation = undefined
        const unread = (this as { _canceledDueToError?: unknown })._canceledDueToError
        if (unread) operation.fail(unread)
        else operation.succeed()
      }
      return super.handleReadyForQuery(...args)
    }

    override handleError(...args: unknown[]): unknown {
      const operation = this.#operation
      if (operation !== undefined) {
        this.#operation = undefined
        const unread = (this as { _canceledDueToError?: unknown })._canceledDueToError
        operation.fail(unread || args[0])
      }
      return super.handleError(...args)
    }
  }
  Object.defineProperty(TracedQuery, 'name', { value: Query.name, configurable: true })
  traceQuery = TracedQuery.trace
  return TracedQuery
}

let traceQuery: (query: object, operation: Operation) => boolean = () => false

/** Traces the queries of a client in all their forms, and a connection that cannot be made. */
export function patchClient(Client: { prototype: object }): void {
  const prototype = Client.prototype as {
    query: (...args: unknown[]) => unknown
    connect: (...args: unknown[]) => unknown
  }
  const { query, connect } = prototype
  prototype.query = function (this: Client, config: unknown, values: unknown, callback: unknown) {
    const operation = config ? begin(PG, () => planOf(this, config, values)) : undefined
    if (operation === undefined) return query.call(this, config, values, callback)
    if (isSubmittable(config)) follow(config, operation)
    else starting = operation
    try {
      return query.call(this, config, values, callback)
    } catch (thrown) {
      operation.fail(thrown)
      throw thrown
    } finally {
      starting = undefined
    }
  }
  prototype.connect = function (this: Client, callback: unknown) {
    if (connectsForPool) return connect.call(this, callback)
    return observeConnect(PG, () => endpoints.of(this), connect, this, callback)
  }
}

/** SQLSTATE: five characters, of which Node's own codes (`ECONNREFUSED`) are no case. */
function codeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined
}

const SQLSTATE = /^[0-9A-Z]{5}$/

function planOf(client: Client, config: unknown, values: unknown): Plan {
  const endpoint = endpoints.of(client)
  if (typeof config === 'string') {
    return endpoint.statement(config, 'postgresql', isGiven(values))
  }
  const query = config as Submittable
  const { text, values: own, name } = query.cursor ?? query
  const given = name !== undefined || isGiven(own) || isGiven(values)
  return endpoint.statement(typeof text === 'string' ? text : '', 'postgresql', given)
}

function isGiven(values: unknown): boolean {
  return Array.isArray(values) && values.length > 0
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof (config as { submit?: unknown }).submit === 'function'
}

/** Ends the operation with a query the caller created: one of pg's own class, a cursor or a stream. */
function follow(query: Submittable, operation: Operation): void {
  if (traceQuery(query, operation)) return
  const { handleReadyForQuery, handleError } = query
  if (typeof handleReadyForQuery !== 'function' || typeof handleError !== 'function') {
    operation.succeed()
    return
  }
  query.handleReadyForQuery = function (this: unknown, ...args) {
    operation.succeed()
    return handleReadyForQuery.apply(this, args)
  }
  query.handleError = function (this: unknown, ...args) {
    operation.fail(args[0])
    return handleError.apply(this, args)
  }
}

const endpoints = new Endpoints<Client>(({ host, port, database, connection }) => ({
  system: 'postgresql',
  namespace: database ?? undefined,
  address: host ?? undefined,
  port: host?.startsWith('/') === true ? undefined : Number(port),
  peer: connection?.stream?.remoteAddress,
}))

/** What of pg-pool's `Pool` this file relies on. */
interface Pool {
  _clients?: Client[]
  totalCount: number
  idleCount: number
  waitingCount: number
  options: { max?: number }
}

const endpointOfPool = new WeakMap<Pool, Endpoint>()

const pools = new PoolWatch<Pool>(
  'sidelight/pg',
  ({ totalCount, idleCount, waitingCount, options }) => ({
    idle: idleCount,
    used: totalCount - idleCount,
    waiting: waitingCount,
    max: options.max ?? 10,
  }),
  (pool) => endpointOfPool.get(pool)?.name ?? 'postgresql',
)

let connectsForPool = false

/** Has the callers of a pool keep their context, tells how it is used, and records a connection it cannot give. */
export function patchPool(Pool: { prototype: object }): void {
  const prototype = Pool.prototype as {
    connect: (...args: unknown[]) => unknown
    newClient: (...args: unknown[]) => unknown
  }
  const { connect, newClient } = prototype
  prototype.connect = function (this: Pool, callback: unknown) {
    return observeConnect(PG, () => endpointOfPool.get(this), connect, this, callback)
  }
  prototype.newClient = function (this: Pool, pending: unknown) {
    connectsForPool = true
    try {
      return newClient.call(this, pending)
    } finally {
      connectsForPool = false
      watchPool(this)
    }
  }
}

function watchPool(pool: Pool): void {
  if (endpointOfPool.has(pool)) return
  try {
    const client = pool._clients?.at(-1)
    if (client === undefined) return
    endpointOfPool.set(pool, endpoints.of(client))
    pools.add(pool)
  } catch {
    // The pool works without being watched.
  }
}
