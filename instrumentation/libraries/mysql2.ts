import { context } from '@opentelemetry/api'
import { begin, bindTo, createLibrary, observeConnect, type Operation } from './database'
import { Endpoints, type Plan } from './endpoint'
import { PoolWatch } from './pool'

const MYSQL = createLibrary('sidelight/mysql2', codeOf)

/** What of mysql2's connections this file relies on. */
interface Connection {
  config?: Config
  stream?: { remoteAddress?: string }
}

interface Config {
  host?: string
  port?: number | string
  database?: string
  socketPath?: string
}

/** A query or an execution, made by the library or by the caller. */
interface Command {
  sql?: unknown
  values?: unknown
  statement?: { query?: unknown }
  onResult?: unknown
  start?: unknown
  emit(...args: unknown[]): unknown
}

type Method = (...args: unknown[]) => unknown

/** True while a call is being made whose commands have their operation already. */
let isCalling = false

/** Traces the queries and executions of a connection. */
export function patchConnection(Connection: { prototype: object }): void {
  const prototype = Connection.prototype as Record<string, Method>
  if (!Object.hasOwn(prototype, 'addCommand')) return
  for (const name of ['query', 'execute'] as const) {
    const method = prototype[name]
    if (method !== undefined) prototype[name] = traced(method)
  }
  const { addCommand, connect, prepare } = prototype
  if (prepare !== undefined) {
    prototype['prepare'] = function (this: Connection, options: unknown, callback: unknown) {
      const isBound = typeof callback === 'function'
      const bound = isBound ? bindTo(context.active(), callback as Method) : callback
      return prepare.call(this, options, bound)
    } as Method
  }
  if (addCommand !== undefined) {
    // A prepared statement is executed by a command of its own.
    prototype['addCommand'] = function (this: Connection, command: Command) {
      const statement = isCalling ? undefined : command.statement
      if (statement === undefined) return addCommand.call(this, command)
      const operation = begin(MYSQL, () => planOf(this, statement.query, true))
      if (operation !== undefined) follow(command, operation)
      return addCommand.call(this, command)
    } as Method
  }
  if (connect === undefined) return
  prototype['connect'] = function (this: Connection, callback: unknown) {
    if (connectsForPool || typeof callback !== 'function') return connect.call(this, callback)
    return observeConnect(MYSQL, () => endpoints.of(this), connect, this, callback)
  } as Method
}

function traced(method: Method): Method {
  return function (this: Connection, sql: unknown, values: unknown, callback: unknown) {
    const operation = sql ? begin(MYSQL, () => planOfCall(this, sql, values)) : undefined
    if (operation === undefined) return method.call(this, sql, values, callback)
    const outer = isCalling
    isCalling = true
    try {
      return call(method, this, sql, values, callback, operation)
    } catch (thrown) {
      operation.fail(thrown)
      throw thrown
    } finally {
      isCalling = outer
    }
  } as Method
}

/** Makes the call, so that it ends its operation in the way it is told to answer: a callback or events. */
function call(
  method: Method,
  connection: Connection,
  sql: unknown,
  values: unknown,
  callback: unknown,
  operation: Operation,
): unknown {
  if (isCommand(sql)) {
    follow(sql, operation)
    return method.call(connection, sql, values, callback)
  }
  if (typeof values === 'function') {
    return method.call(connection, sql, operation.endBefore(values as Method))
  }
  if (typeof callback === 'function') {
    return method.call(connection, sql, values, operation.endBefore(callback as Method))
  }
  const command = method.call(connection, sql, values, callback)
  if (isEmitter(command)) follow(command, operation)
  return command
}

function isCommand(sql: unknown): sql is Command {
  return typeof (sql as Command).start === 'function' && isEmitter(sql)
}

function isEmitter(value: unknown): value is Command {
  return typeof (value as Command | undefined)?.emit === 'function'
}

function follow(command: Command, operation: Operation): void {
  const { onResult, emit } = command
  if (typeof onResult === 'function') {
    command.onResult = operation.endBefore(onResult as Method)
    return
  }
  // Events are watched where they are emitted: a listener for errors would make them look handled.
  command.emit = function (this: Command, ...args: unknown[]) {
    if (args[0] === 'error') operation.fail(args[1])
    else if (args[0] === 'end') operation.succeed()
    return emit.apply(this, args)
  }
}

function planOfCall(connection: Connection, sql: unknown, values: unknown): Plan {
  if (typeof sql === 'string') return planOf(connection, sql, hasValues(values))
  const options = sql as Command
  return planOf(connection, options.sql, hasValues(options.values) || hasValues(values))
}

function planOf(connection: Connection, sql: unknown, given: boolean): Plan {
  const endpoint = endpoints.of(connection, connection.config?.database ?? '')
  return endpoint.statement(typeof sql === 'string' ? sql : '', 'mysql', given)
}

/** Values by place or by name. */
function hasValues(values: unknown): boolean {
  if (Array.isArray(values)) return values.length > 0
  return typeof values === 'object' && values !== null
}

/** The errno of the server; failures of the network have none. */
function codeOf(thrown: unknown): string | undefined {
  const { errno, sqlState } = (thrown ?? {}) as { errno?: unknown; sqlState?: unknown }
  return typeof errno === 'number' && typeof sqlState === 'string' ? String(errno) : undefined
}

const endpoints = new Endpoints<Connection>(({ config, stream }) => ({
  ...serverOf(config),
  peer: stream?.remoteAddress,
}))

function serverOf({ host, port, database, socketPath }: Config = {}) {
  return {
    system: 'mysql',
    namespace: database || undefined,
    address: socketPath || host || 'localhost',
    port: socketPath ? undefined : Number(port ?? 3306),
  }
}

/** What of mysql2's pools this file relies on. */
interface Pool {
  config: { connectionLimit?: number; connectionConfig?: Config }
  _allConnections: { length: number }
  _freeConnections: { length: number }
  _connectionQueue: { length: number }
}

const poolEndpoints = new Endpoints<Pool>(({ config }) => serverOf(config.connectionConfig))

const pools = new PoolWatch<Pool>(
  'sidelight/mysql2',
  ({ config, _allConnections, _freeConnections, _connectionQueue }) => ({
    idle: _freeConnections.length,
    used: _allConnections.length - _freeConnections.length,
    waiting: _connectionQueue.length,
    max: config.connectionLimit ?? 10,
  }),
  (pool) => poolEndpoints.of(pool).name,
)

let connectsForPool = false

/** Has the callers of a pool keep their context, tells how it is used, and records a connection it cannot give. */
export function patchPool(Pool: { prototype: object }): void {
  const prototype = Pool.prototype as Record<string, Method>
  if (!Object.hasOwn(prototype, 'getConnection')) return
  const { getConnection } = prototype
  if (getConnection === undefined) return
  prototype['getConnection'] = function (this: Pool, callback: unknown) {
    pools.add(this)
    const outer = connectsForPool
    connectsForPool = true
    try {
      return observeConnect(MYSQL, () => poolEndpoints.of(this), getConnection, this, callback)
    } finally {
      connectsForPool = outer
    }
  } as Method
}
