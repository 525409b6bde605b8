import { context, propagation, trace } from '@opentelemetry/api'
import { contextOf, createMessaging, handle, type Handling, type Server } from './messaging'
import { awaitSettling, patchSettling, settleAll, type Settler, type Settling } from './settling'

const AMQPLIB = createMessaging('sidelight/amqplib', 'rabbitmq')

/** What of amqplib's channels this file relies on; those with callbacks and those with promises have it in common. */
interface Channel extends Settling {
  connection?: { stream?: Socket; [SERVER]?: Server }
}

interface Socket {
  /** What was looked up; Node has no public name for it. */
  _host?: string | null
  servername?: string | false
  remoteAddress?: string
  remotePort?: number
}

interface Delivered {
  fields: { exchange?: string; routingKey?: string; deliveryTag?: number }
  properties?: { headers?: unknown; messageId?: unknown; correlationId?: unknown }
}

type Method = (this: Channel, ...args: unknown[]) => unknown

const SERVER = Symbol('sidelight.server')

/** The publication on a channel with confirms that is being made; what ends it is called with its answer. */
let confirming: { handling?: Handling | undefined } | undefined

/** Traces what is published, and ends what is processed when the channel is closed. */
export function patchBaseChannel(exports: {
  Channel: { prototype: Record<'sendMessage' | 'toClosed', Method> }
}): void {
  const { prototype } = exports.Channel
  const { sendMessage, toClosed } = prototype
  prototype.sendMessage = function (fields, properties, content) {
    const confirmation = confirming
    confirming = undefined
    const handling = beginPublish(this, fields as Delivered['fields'], content)
    if (handling === undefined) return sendMessage.call(this, fields, properties, content)
    const given = (properties ?? {}) as NonNullable<Delivered['properties']>
    carry(handling, given)
    let result: unknown
    try {
      result = sendMessage.call(this, fields, properties, content)
    } catch (error) {
      handling.fail(error)
      throw error
    }
    if (confirmation === undefined) handling.succeed()
    else confirmation.handling = handling
    return result
  }
  prototype.toClosed = function (...args) {
    settleAll(this, (handling) => {
      handling.refuse('channel_closed', 'the channel was closed before the message was settled')
    })
    return toClosed.apply(this, args)
  }
}

function beginPublish(
  channel: Channel,
  { exchange = '', routingKey = '' }: Delivered['fields'],
  content: unknown,
): Handling | undefined {
  return handle(AMQPLIB, () => {
    const destination = exchange === '' ? routingKey : exchange
    const attributes = attributesOf(destination, routingKey)
    if (Buffer.isBuffer(content)) attributes['messaging.message.body.size'] = content.length
    return {
      name: 'publish',
      type: 'send',
      destination: nameOf(destination),
      server: serverOf(channel),
      attributes,
    }
  })
}

/** The headers are an object of amqplib's own, which inherits from what the application gave. */
function carry(handling: Handling, properties: NonNullable<Delivered['properties']>): void {
  try {
    properties.headers ??= {}
    propagation.inject(handling.context, properties.headers)
    const { messageId, correlationId } = properties
    if (typeof messageId === 'string') handling.span.setAttribute('messaging.message.id', messageId)
    if (typeof correlationId === 'string')
      handling.span.setAttribute('messaging.message.conversation_id', correlationId)
  } catch {
    // It is sent without.
  }
}

type Prototype = Record<'publish' | 'consume' | 'get', Method> & Settler

/** Traces what channels receive, and what they publish with confirms. */
export function patchModel(exports: {
  Channel: { prototype: Prototype }
  ConfirmChannel: { prototype: Prototype }
}): void {
  const { prototype } = exports.Channel
  patchConsume(prototype)
  patchGet(prototype)
  patchSettling(prototype)
  patchConfirms(exports.ConfirmChannel.prototype)
}

function patchConfirms(prototype: Prototype): void {
  const { publish } = prototype
  prototype.publish = function (exchange, routingKey, content, options, callback) {
    const confirmation: typeof confirming = {}
    const caller = context.active()
    const confirmed = function (this: unknown, ...answer: unknown[]): unknown {
      const { handling } = confirmation
      if (answer[0]) handling?.fail(answer[0])
      else handling?.succeed()
      if (typeof callback !== 'function') return undefined
      return context.with(caller, callback as Method, this as Channel, ...answer)
    }
    confirming = confirmation
    try {
      return publish.call(this, exchange, routingKey, content, options, confirmed)
    } finally {
      confirming = undefined
    }
  }
}

function patchConsume(prototype: Prototype): void {
  const { consume } = prototype
  prototype.consume = function (...args) {
    const [queue, callback, options] = args
    if (typeof callback === 'function') {
      const isSettled = (options as { noAck?: unknown } | null | undefined)?.noAck === true
      args[1] = traceConsumer(this, String(queue), callback as Consumer, isSettled)
    }
    return consume.apply(this, args)
  }
}

type Consumer = (this: unknown, message: Delivered | null) => unknown

function traceConsumer(
  channel: Channel,
  queue: string,
  consumer: Consumer,
  isSettled: boolean,
): Consumer {
  return function (this: unknown, message) {
    // The server has cancelled the consumer.
    if (message === null) return consumer.call(this, message)
    const handling = handle(
      AMQPLIB,
      () => ({
        name: 'process',
        type: 'process',
        destination: nameOf(queue),
        server: serverOf(channel),
        attributes: describe(message, queue),
      }),
      contextOf(message.properties?.headers),
    )
    if (handling === undefined) return consumer.call(this, message)
    if (!isSettled) awaitSettling(channel, message.fields.deliveryTag, handling)
    let result: unknown
    try {
      result = context.with(handling.context, consumer, this, message)
    } catch (error) {
      handling.fail(error)
      throw error
    }
    if (isSettled) handling.succeed()
    return result
  }
}

function describe({ fields, properties }: Delivered, queue: string) {
  const attributes = attributesOf(queue, fields.routingKey ?? '')
  const { deliveryTag } = fields
  if (typeof deliveryTag === 'number')
    attributes['messaging.rabbitmq.message.delivery_tag'] = deliveryTag
  const { messageId, correlationId } = properties ?? {}
  if (typeof messageId === 'string') attributes['messaging.message.id'] = messageId
  if (typeof correlationId === 'string')
    attributes['messaging.message.conversation_id'] = correlationId
  return attributes
}

/** Only a message that was there is a span: most of a poller's calls find none. */
function patchGet(prototype: Prototype): void {
  const { get } = prototype
  prototype.get = function (...args) {
    const [queue, , callback] = args
    const caller = context.active()
    const startTime = Date.now()
    const got = (message: unknown): void => {
      if (typeof message !== 'object' || message === null) return
      const received = message as Delivered
      const sender = trace.getSpanContext(contextOf(received.properties?.headers))
      handle(
        AMQPLIB,
        () => ({
          name: 'get',
          type: 'receive',
          destination: nameOf(String(queue)),
          server: serverOf(this),
          attributes: describe(received, String(queue)),
          links: sender === undefined ? [] : [{ context: sender }],
          startTime,
        }),
        caller,
      )?.succeed()
    }
    if (typeof callback === 'function') {
      args[2] = function (this: unknown, ...answer: unknown[]): unknown {
        attempt(() => {
          got(answer[1])
        })
        return context.with(caller, callback as Method, this as Channel, ...answer)
      }
      return get.apply(this, args)
    }
    const result = get.apply(this, args)
    if (result === this || typeof (result as { then?: unknown } | null)?.then !== 'function') {
      return result
    }
    return (result as PromiseLike<unknown>).then((message) => {
      attempt(() => {
        got(message)
      })
      return message
    })
  }
}

function attempt(action: () => void): void {
  try {
    action()
  } catch {
    // The message reaches whom it is for, whatever becomes of its span.
  }
}

function attributesOf(destination: string, routingKey: string) {
  const attributes: Record<string, string | number | boolean> = {
    'messaging.destination.name': destination,
  }
  if (nameOf(destination) === ANONYMOUS) attributes['messaging.destination.anonymous'] = true
  if (routingKey !== '') attributes['messaging.rabbitmq.destination.routing_key'] = routingKey
  return attributes
}

/** Of the queues that a server names there is no end. */
function nameOf(destination: string): string {
  return /^amq\.(?:gen-|rabbitmq\.reply-to)/.test(destination) ? ANONYMOUS : destination
}

const ANONYMOUS = '(anonymous)'

function serverOf({ connection }: Channel): Server | undefined {
  if (connection === undefined) return undefined
  const server = connection[SERVER] ?? findServer(connection.stream)
  if (server !== undefined) connection[SERVER] = server
  return server
}

function findServer(stream: Socket | undefined): Server | undefined {
  if (stream?.remotePort === undefined) return undefined
  const { _host: host, servername, remoteAddress, remotePort } = stream
  return { address: host || servername || remoteAddress, port: remotePort }
}
