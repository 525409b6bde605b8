import { context, trace } from '@opentelemetry/api'
import type { LoadedModule } from '../modules/hook'
import { begin, createLibrary, type Operation } from './database'
import { Endpoints } from './endpoint'
import { codeOfRedis } from './ioredis'
import { planBatch, planCommand, showBatch, showCommand } from './keyvalue'

const REDIS = createLibrary('sidelight/redis', codeOfRedis)

/** What of a client's options this file relies on. */
interface Options {
  socket?: SocketOptions | undefined
  database?: number
}

interface SocketOptions {
  host?: string
  port?: number
  path?: string
}

/** Of version 5 and later. */
interface Client {
  _self?: Client
  options?: Options
}

interface Sent {
  readonly args: readonly unknown[]
}

type Method = (...args: unknown[]) => unknown
type Class = new (...args: unknown[]) => object

/** Commands that are about the connection; whoever asks for them asks for no data. */
const SILENT = new Set(['AUTH', 'HELLO', 'QUIT', 'CLIENT', 'SELECT', 'READONLY', 'ASKING'])

/** Traces the commands and batches of a client. Until version 4 single commands are seen by its queue only. */
export function patchClient({ default: Client }: { default: Class }): void {
  const prototype = Client.prototype as Record<string, Method>
  if (typeof prototype['_executeCommand'] === 'function') {
    patchSend(prototype)
    patchBatch(prototype, '_executePipeline', 'PIPELINE')
    patchBatch(prototype, '_executeMulti', 'MULTI')
    return
  }
  const { multiExecutor } = prototype
  if (multiExecutor === undefined) return
  prototype['multiExecutor'] = function (this: unknown, ...args: unknown[]) {
    const outer = batch
    const own: Batch = { commands: args[0] as Sent[], operation: undefined }
    batch = own
    let result: unknown
    try {
      result = multiExecutor.apply(this, args)
    } finally {
      batch = outer
    }
    return own.operation === undefined ? result : own.operation.endWith(result)
  }
}

function patchSend(prototype: Record<string, Method>): void {
  const { sendCommand } = prototype
  if (sendCommand === undefined) return
  prototype['sendCommand'] = function (this: Client, ...args: unknown[]) {
    const command = args[0] as readonly unknown[]
    const operation = isSilent(command) ? undefined : beginCommand(this, command)
    const result = sendCommand.apply(this, args)
    return operation === undefined ? result : operation.endWith(result)
  }
}

function beginCommand(client: Client, command: readonly unknown[]): Operation | undefined {
  const operation = begin(REDIS, () =>
    planCommand(endpoints.of(client._self ?? client), String(command[0])),
  )
  operation?.set('db.query.text', () => showCommand(String(command[0]), command, 1))
  return operation
}

function patchBatch(
  prototype: Record<string, Method>,
  name: string,
  kind: 'PIPELINE' | 'MULTI',
): void {
  const method = prototype[name]
  if (method === undefined) return
  prototype[name] = function (this: Client, ...args: unknown[]) {
    const operation = beginBatch(this._self ?? this, kind, args[0] as Sent[])
    const result = method.apply(this, args)
    return operation === undefined ? result : operation.endWith(result)
  }
}

function beginBatch(
  client: Client,
  kind: 'PIPELINE' | 'MULTI',
  sent: readonly Sent[],
): Operation | undefined {
  const commands = sent.filter(({ args }) => args[0] !== 'MULTI' && args[0] !== 'EXEC')
  const operation = begin(REDIS, () =>
    planBatch(
      endpoints.of(client),
      kind,
      commands.map(({ args }) => String(args[0])),
    ),
  )
  operation?.set('db.operation.batch.size', () => commands.length)
  operation?.set('db.query.text', () =>
    showBatch(commands.map(({ args }) => showCommand(String(args[0]), args, 1))),
  )
  return operation
}

function isSilent(command: readonly unknown[]): boolean {
  const name = command[0]
  if (typeof name !== 'string') return true
  // The client asks for an answer now and then, to know that the connection lives.
  if (name === 'PING') return trace.getSpan(context.active()) === undefined
  return SILENT.has(name)
}

const endpoints = new Endpoints<Client>(({ options }) => {
  const { host, port, path } = options?.socket ?? {}
  const address = path ?? host ?? 'localhost'
  return {
    system: 'redis',
    namespace: String(options?.database ?? 0),
    address,
    port: path === undefined ? (port ?? 6379) : undefined,
    peer: address,
  }
})

interface Batch {
  readonly commands: readonly Sent[]
  operation: Operation | undefined
}

/** The batch whose commands are being queued. */
let batch: Batch | undefined

/** A client makes its queue and its socket one after the other; the socket is told where the server is. */
let made: { queue?: object | undefined; options?: SocketOptions | undefined } = {}
/** What stands for the client of a queue, until version 4. */
const clientOfQueue = new WeakMap<object, Client & { options: Options }>()

/** Traces the commands a client of version 4 queues. */
export function patchQueue(exports: { default: Class }, { version }: LoadedModule): void {
  if (!isOld(version)) return
  const Queue = exports.default
  const { addCommand } = Queue.prototype as Record<string, Method>
  if (addCommand === undefined) return
  class TracedQueue extends Queue {
    constructor(...args: unknown[]) {
      super(...args)
      made.queue = this
      matchUp()
    }

    addCommand(...args: unknown[]): unknown {
      const [command, options] = args as [readonly unknown[], { asap?: boolean } | undefined]
      const client = clientOfQueue.get(this)
      if (client === undefined) return (addCommand as Method).apply(this, args)
      if (command[0] === 'SELECT')
        client.options = { ...client.options, database: Number(command[1]) }
      if (options?.asap === true || isSilent(command))
        return (addCommand as Method).apply(this, args)
      if (batch !== undefined) {
        batch.operation ??= beginBatch(client, kindOf(batch.commands), batch.commands)
        return (addCommand as Method).apply(this, args)
      }
      const operation = beginCommand(client, command)
      const result = (addCommand as Method).apply(this, args)
      return operation === undefined ? result : operation.endWith(result)
    }
  }
  exports.default = TracedQueue
}

function kindOf(commands: readonly Sent[]): 'PIPELINE' | 'MULTI' {
  return commands[0]?.args[0] === 'MULTI' ? 'MULTI' : 'PIPELINE'
}

/** Notes where the server of a client of version 4 is. */
export function patchSocket(exports: { default: Class }, { version }: LoadedModule): void {
  if (!isOld(version)) return
  const Socket = exports.default
  exports.default = class extends Socket {
    constructor(...args: unknown[]) {
      super(...args)
      made.options = (args[1] ?? {}) as SocketOptions
      matchUp()
    }
  }
}

/** Version 4 of the package `redis` is 1 of the client's. */
function isOld(version: string): boolean {
  return version.startsWith('1.')
}

function matchUp(): void {
  const { queue, options } = made
  if (queue === undefined || options === undefined) return
  clientOfQueue.set(queue, { options: { socket: options } })
  made = {}
}
