import { context } from '@opentelemetry/api'
import { begin, bindTo, createLibrary } from './database'
import { Endpoints, type Plan } from './endpoint'

const MONGODB = createLibrary('sidelight/mongodb', codeOf)

/** What of the driver's `Connection` this file relies on. */
interface Connection {
  /** As `host:27017` or `[::1]:27017`. */
  address?: string
}

type Method = (...args: unknown[]) => unknown
type Document = Readonly<Record<string, unknown>>

/** Traces the commands that go over a connection. */
export function patchConnection({ Connection }: { Connection: { prototype: object } }): void {
  const prototype = Connection.prototype as { command: Method }
  const { command } = prototype
  // Since it returns a promise its fourth argument is a class, which is no callback.
  const isAsync = Object.prototype.toString.call(command) === '[object AsyncFunction]'
  prototype.command = function (this: Connection, ...args: unknown[]) {
    const [namespace, document, options, callback] = args
    const name = nameOf(document as Document | undefined)
    if (name === undefined || SILENT.has(name)) return command.apply(this, args)
    const operation = begin(MONGODB, () =>
      planOf(this, namespace as { db?: string }, document as Document, name),
    )
    if (operation === undefined) return command.apply(this, args)
    const size = batchSize(document as Document)
    if (size > 1) operation.set('db.operation.batch.size', () => size)
    if (!isAsync && typeof callback === 'function') {
      return command.call(this, namespace, document, options, function (
        this: unknown,
        ...answer: unknown[]
      ) {
        const thrown = answer[0] ?? refusalOf(answer[1])
        if (thrown) operation.fail(thrown)
        else operation.succeed()
        return context.with(operation.context, callback as Method, this, ...answer)
      } as Method)
    }
    const result = command.apply(this, args) as PromiseLike<unknown>
    // The driver itself waits for this promise and handles it.
    result.then(
      (reply) => {
        const refusal = refusalOf(reply)
        if (refusal === undefined) operation.succeed()
        else operation.fail(refusal)
      },
      (thrown: unknown) => {
        operation.fail(thrown)
      },
    )
    return result
  }
}

/** Has those who wait for a connection or a server go on in their own context, where the driver has callbacks (4 and 5). */
export function patchWaiting(exports: Record<string, { prototype?: object } | undefined>): void {
  keepContext(exports['ConnectionPool']?.prototype, 'checkOut')
  keepContext(exports['Topology']?.prototype, 'selectServer')
}

function keepContext(prototype: object | undefined, name: string): void {
  const methods = prototype as Record<string, Method> | undefined
  const method = methods?.[name]
  if (methods === undefined || method === undefined) return
  methods[name] = function (this: unknown, ...args: unknown[]) {
    const last = args.at(-1)
    // A selector alone is a function too, but no callback.
    if (typeof last === 'function' && (name === 'checkOut' || args.length > 1)) {
      args[args.length - 1] = bindTo(context.active(), last as Method)
    }
    return method.apply(this, args)
  }
}

/** What the driver does on its own: monitoring, authentication, the end of sessions. */
const SILENT = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'ping',
  'saslStart',
  'saslContinue',
  'authenticate',
  'getnonce',
  'buildInfo',
  'endSessions',
])

/** The name of a command is its first key. */
function nameOf(document: Document | undefined): string | undefined {
  for (const name in document) return name
  return undefined
}

function planOf(
  connection: Connection,
  { db: namespace }: { db?: string },
  document: Document,
  operation: string,
): Plan {
  const named = operation === 'getMore' ? document['collection'] : document[operation]
  const collection = typeof named === 'string' && !ADMINISTRATIVE.has(operation) ? named : undefined
  return endpoints
    .of(connection)
    .call(`${operation}\0${namespace ?? ''}\0${collection ?? ''}`, () => ({
      operation,
      collection,
      namespace,
      name: collection === undefined ? operation : `${operation} ${collection}`,
    }))
}

/** Commands whose first value is a string, but no collection. */
const ADMINISTRATIVE = new Set(['createUser', 'dropUser', 'updateUser', 'createRole', 'dropRole'])

/** How many documents a command writes; newer drivers send them apart from it, as a sequence. */
function batchSize({ documents, updates, deletes }: Document): number {
  const items = documents ?? updates ?? deletes
  const list = Array.isArray(items)
    ? items
    : (items as { documents?: unknown } | undefined)?.documents
  return Array.isArray(list) ? list.length : 0
}

/** An error of single documents in an answer that is a success as a whole; the driver throws it later. */
function refusalOf(reply: unknown): WriteError | undefined {
  try {
    const writeErrors = writeErrorsOf((reply ?? {}) as Reply)
    if (!Array.isArray(writeErrors) || writeErrors.length === 0) return undefined
    const { code, errmsg } = writeErrors[0] as { code?: number; errmsg?: string }
    return new WriteError(code, errmsg)
  } catch {
    return undefined
  }
}

/** A document, or, in newer drivers, one that is decoded when it is asked for. */
interface Reply {
  readonly writeErrors?: unknown
  has?(key: string): boolean
  toObject?(): { readonly writeErrors?: unknown }
}

function writeErrorsOf(reply: Reply): unknown {
  if (typeof reply.has !== 'function') return reply.writeErrors
  return reply.has('writeErrors') ? reply.toObject?.().writeErrors : undefined
}

class WriteError extends Error {
  override readonly name = 'WriteError'
  readonly code: number | undefined

  constructor(code: number | undefined, message: string | undefined) {
    super(message)
    this.code = code
    this.stack = `${this.name}: ${this.message}`
  }
}

function codeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return typeof code === 'number' ? String(code) : undefined
}

const endpoints = new Endpoints<Connection>(({ address = '' }) => {
  const at = address.lastIndexOf(':')
  const host = at < 0 ? address : address.slice(0, at)
  const plain = host.replace(/^\[|\]$/g, '')
  return {
    system: 'mongodb',
    address: plain || undefined,
    port: at < 0 ? undefined : Number(address.slice(at + 1)),
    peer: plain,
  }
})
