import { type Context, context } from '@opentelemetry/api'
import { begin, createLibrary } from './database'
import { Endpoints } from './endpoint'
import { planBatch, planCommand, showBatch, showCommand } from './keyvalue'

const IOREDIS = createLibrary('sidelight/ioredis', codeOfRedis)

/** What of ioredis' clients this file relies on. */
interface Redis {
  status?: string
  options?: { host?: string; port?: number; path?: string; db?: number }
  condition?: { select?: number } | null
  stream?: { remoteAddress?: string }
}

interface Command extends Settling {
  name: string
  args: unknown[]
  /** Its place among those it is sent together with. */
  pipelineIndex?: number
  [CALLER]?: Context | null
}

interface Settling {
  resolve: (value: unknown) => unknown
  reject: (thrown: unknown) => unknown
}

interface Pipeline extends Settling {
  redis: Redis
  _queue: Command[]
}

type Method = (...args: unknown[]) => unknown

/** The context a command was first called in; null once it is traced, for commands are sent again after a reconnect. */
const CALLER = Symbol('sidelight.caller')

/** Commands a client sends itself while it connects. */
const OF_HANDSHAKE = new Set(['auth', 'client', 'hello', 'info', 'ping', 'readonly', 'select'])
const OF_CONNECTING = new Set(['connecting', 'connect', 'wait'])

/** Traces the commands of a client, each once. */
export function patchRedis(exports: { default?: Patchable } & Patchable): void {
  const prototype = (exports.default ?? exports).prototype as { sendCommand: Method }
  const { sendCommand } = prototype
  prototype.sendCommand = function (this: Redis, ...args: unknown[]) {
    const command = args[0] as Command
    if (command.pipelineIndex === undefined && command[CALLER] !== null) trace(this, command)
    return sendCommand.apply(this, args)
  }
}

interface Patchable {
  prototype?: object
}

function trace(redis: Redis, command: Command): void {
  const { name, args } = command
  if (OF_HANDSHAKE.has(name) && OF_CONNECTING.has(redis.status ?? '')) return
  const caller = command[CALLER] ?? context.active()
  setCaller(command, null)
  const operation = begin(
    IOREDIS,
    () => planCommand(endpoints.of(redis, selectedBy(redis)), name),
    caller,
  )
  if (operation === undefined) return
  operation.set('db.query.text', () => showCommand(name, args))
  const { resolve, reject } = command
  command.resolve = (value) => {
    operation.succeed()
    return resolve(value)
  }
  command.reject = (thrown) => {
    operation.fail(thrown)
    return reject(thrown)
  }
}

function setCaller(command: Command, caller: Context | null): void {
  Object.defineProperty(command, CALLER, { value: caller, writable: true, configurable: true })
}

/** Has a command of a cluster keep its caller's context until a node is found for it. */
export function patchCluster(exports: { default?: Patchable } & Patchable): void {
  const prototype = (exports.default ?? exports).prototype as { sendCommand: Method }
  const { sendCommand } = prototype
  prototype.sendCommand = function (this: unknown, ...args: unknown[]) {
    const command = args[0] as Command
    if (command[CALLER] === undefined) setCaller(command, context.active())
    return sendCommand.apply(this, args)
  }
}

const traced = new WeakSet<Pipeline>()

/** Traces commands that are sent together as one call. */
export function patchPipeline(exports: { default?: Patchable } & Patchable): void {
  const prototype = (exports.default ?? exports).prototype as { exec: Method }
  const { exec } = prototype
  prototype.exec = function (this: Pipeline, ...args: unknown[]) {
    if (!traced.has(this) && this._queue.length > 0) tracePipeline(this)
    return exec.apply(this, args)
  }
}

function tracePipeline(pipeline: Pipeline): void {
  traced.add(pipeline)
  const { redis, _queue: queue, resolve, reject } = pipeline
  const kind = queue[0]?.name === 'multi' ? 'MULTI' : 'PIPELINE'
  const commands = queue.filter(({ name }) => name !== 'multi' && name !== 'exec')
  const operation = begin(IOREDIS, () =>
    planBatch(
      endpoints.of(redis, selectedBy(redis)),
      kind,
      commands.map(({ name }) => name),
    ),
  )
  if (operation === undefined) return
  operation.set('db.operation.batch.size', () => commands.length)
  operation.set('db.query.text', () =>
    showBatch(commands.map(({ name, args }) => showCommand(name, args))),
  )
  pipeline.resolve = (value) => {
    const failed = firstError(value)
    if (failed === undefined) operation.succeed()
    else operation.fail(failed)
    return resolve(value)
  }
  pipeline.reject = (thrown) => {
    operation.fail(thrown)
    return reject(thrown)
  }
}

/** Of the answers [error, value] to a pipeline. */
function firstError(results: unknown): unknown {
  if (!Array.isArray(results)) return undefined
  const failed = results.find((result) => Array.isArray(result) && result[0]) as
    unknown[] | undefined
  return failed?.[0]
}

/** The first word of an error's message, as WRONGTYPE. */
export function codeOfRedis(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined
  return /^[A-Z]{3,20}(?= )/.exec(thrown.message)?.[0]
}

function selectedBy({ condition, options }: Redis): string {
  return String(condition?.select ?? options?.db ?? 0)
}

const endpoints = new Endpoints<Redis>((redis) => {
  const { host, port, path } = redis.options ?? {}
  return {
    system: 'redis',
    namespace: selectedBy(redis),
    address: path ?? host,
    port: path === undefined ? port : undefined,
    peer: redis.stream?.remoteAddress,
  }
})
