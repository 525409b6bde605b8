import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { contextOf, createMessaging, handle, linksOf, type Server } from './messaging'

const KAFKAJS = createMessaging('sidelight/kafkajs', 'kafka')

/** What of kafkajs this file relies on. */
interface Cluster {
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, unknown>
  brokerPool?: {
    brokers?: Record<string, { connectionPool?: { host?: string; port?: number } }>
  }
}

interface Message {
  headers?: Record<string, unknown> | null
  key?: unknown
  value?: unknown
  partition?: unknown
  offset?: string
}

interface TopicMessages {
  topic: string
  messages: Message[]
}

interface BatchRequest {
  topicMessages?: TopicMessages[]
}

type CreateMessageProducer = (options: { cluster?: Cluster }) => {
  send(request: TopicMessages): unknown
  sendBatch(request: BatchRequest): unknown
}

/** Traces what producers and transactions send: one span a call, whose context each of its messages carries. */
export function patchMessageProducer(createMessageProducer: CreateMessageProducer): unknown {
  return function traced(options: { cluster?: Cluster }) {
    const producer = createMessageProducer(options)
    const cluster = options.cluster
    return {
      ...producer,
      send(request: TopicMessages): unknown {
        const sending = beginSend([request])
        if (sending === undefined) return producer.send(request)
        const messages = sending.carried?.[0]?.messages
        const carrying = messages === undefined ? request : { ...request, messages }
        return sending.end(producer.send(carrying), cluster)
      },
      sendBatch(request: BatchRequest): unknown {
        const topics = request?.topicMessages
        const hasSome = Array.isArray(topics) && topics.length > 0
        const sending = hasSome ? beginSend(topics) : undefined
        if (sending === undefined) return producer.sendBatch(request)
        const { carried } = sending
        const carrying = carried === undefined ? request : { ...request, topicMessages: carried }
        return sending.end(producer.sendBatch(carrying), cluster)
      },
    }
  }
}

/** Whether kafkajs will take it: what it refuses must reach it as it was given, for its errors quote it. */
function isSendable(given: unknown): given is TopicMessages {
  const { topic, messages } = (given ?? {}) as Partial<TopicMessages>
  return (
    typeof topic === 'string' &&
    Array.isArray(messages) &&
    messages.every(
      (message) => typeof message === 'object' && (message as Message | null)?.value !== undefined,
    )
  )
}

interface Sending {
  /** What to send: copies that carry the context; undefined if kafkajs will refuse it. */
  readonly carried: TopicMessages[] | undefined
  end(result: unknown, cluster: Cluster | undefined): unknown
}

/** Undefined if it cannot be traced, which is no reason not to send it. */
function beginSend(given: readonly unknown[]): Sending | undefined {
  try {
    const sendable = given.every(isSendable) ? given : undefined
    const count = sendable?.reduce((sum, { messages }) => sum + messages.length, 0)
    const handling = handle(KAFKAJS, () => describe(given, sendable, count))
    if (handling === undefined) return undefined
    const headers: Record<string, string> = {}
    propagation.inject(handling.context, headers)
    return {
      carried: sendable?.map((one) => ({
        ...one,
        messages: one.messages.map((message) => copyOf(message, headers)),
      })),
      end: (result, cluster) =>
        handling.endWith(result, (placed) => {
          const [only, ...others] = (placed ?? []) as Placed[]
          if (cluster === undefined || only === undefined) return
          handling.server = leaderOf(cluster, only.topicName, only.partition)
          if (others.length > 0 || !handling.span.isRecording()) return
          handling.span.setAttribute('messaging.destination.partition.id', String(only.partition))
          if (count === 1) setOffset(handling.span, only.baseOffset)
        }),
    }
  } catch {
    return undefined
  }
}

function describe(
  given: readonly unknown[],
  sendable: readonly TopicMessages[] | undefined,
  count: number | undefined,
) {
  const attributes: Record<string, string | number | boolean> = {}
  const named = given.map((one) => (one as Partial<TopicMessages> | undefined)?.topic)
  const [first] = named
  const isOne = typeof first === 'string' && named.every((topic) => topic === first)
  const destination = isOne ? first : undefined
  if (destination !== undefined) attributes['messaging.destination.name'] = destination
  if (
    count === 1 &&
    sendable?.find(({ messages }) => messages.length > 0)?.messages[0]?.value === null
  )
    attributes['messaging.kafka.message.tombstone'] = true
  if (count !== undefined && count !== 1) attributes['messaging.batch.message_count'] = count
  return { name: 'send', type: 'send' as const, destination, server: undefined, attributes }
}

/** Where messages came to. */
interface Placed {
  readonly topicName: string
  readonly partition: number
  readonly baseOffset?: string
}

/**
 * A message as it was given, with headers more. What a message of a class has in getters is read by kafkajs to choose the
 * partition, but not sent; so it is with the copy.
 */
function copyOf(message: Message, headers: Record<string, string>): Message {
  const copy = { ...message }
  copy.headers = { ...copy.headers, ...headers }
  const prototype: unknown = Object.getPrototypeOf(message)
  if (prototype === Object.prototype || prototype === null) return copy
  for (const name of ['key', 'value', 'partition'] as const) {
    if (!(name in copy)) Object.defineProperty(copy, name, { value: message[name] })
  }
  return copy
}

interface Runner {
  eachMessage?: EachMessage
  eachBatch?: EachBatch
  consumerGroup?: { groupId?: string; cluster?: Cluster }
  [WRAPPED]?: true
}

const WRAPPED = Symbol('sidelight.wrapped')

type EachMessage = (payload: { topic: string; partition: number; message: Message }) => unknown
type EachBatch = (payload: {
  batch: { topic: string; partition: number; messages: Message[] }
}) => unknown

/** Traces what consumers do with messages: a span for each message that continues its sender's trace, or one a batch. */
export function patchRunner(exports: { prototype: { start: () => unknown } }): void {
  const { prototype } = exports
  const { start } = prototype
  prototype.start = function (this: Runner) {
    if (this[WRAPPED] === undefined) {
      this[WRAPPED] = true
      if (typeof this.eachMessage === 'function') {
        this.eachMessage = traceMessages(this.eachMessage, this)
      }
      if (typeof this.eachBatch === 'function') this.eachBatch = traceBatches(this.eachBatch, this)
    }
    return start.call(this)
  }
}

function traceMessages(eachMessage: EachMessage, runner: Runner): EachMessage {
  return function (this: unknown, payload) {
    const { topic, partition, message } = payload
    const parent = contextOf(message.headers)
    const handling = handle(
      KAFKAJS,
      () => {
        const attributes: Record<string, string | number | boolean> = {
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': String(partition),
        }
        const offset = Number(message.offset)
        if (Number.isSafeInteger(offset)) attributes['messaging.kafka.offset'] = offset
        if (message.value === null) attributes['messaging.kafka.message.tombstone'] = true
        return processing(runner, topic, partition, attributes)
      },
      parent,
    )
    if (handling === undefined) return eachMessage.call(this, payload)
    return callIn(handling, () => eachMessage.call(this, payload))
  }
}

function traceBatches(eachBatch: EachBatch, runner: Runner): EachBatch {
  return function (this: unknown, payload) {
    const { topic, partition, messages } = payload.batch
    const handling = handle(
      KAFKAJS,
      () => ({
        ...processing(runner, topic, partition, {
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': String(partition),
          'messaging.batch.message_count': messages.length,
        }),
        links: linksOf(headersOf(messages)),
      }),
      ROOT_CONTEXT,
    )
    if (handling === undefined) return eachBatch.call(this, payload)
    return callIn(handling, () => eachBatch.call(this, payload))
  }
}

function* headersOf(messages: readonly Message[]): Iterable<unknown> {
  for (const { headers } of messages) yield headers
}

function processing(
  { consumerGroup }: Runner,
  topic: string,
  partition: number,
  attributes: Record<string, string | number | boolean>,
) {
  const { groupId, cluster } = consumerGroup ?? {}
  return {
    name: 'process',
    type: 'process' as const,
    destination: topic,
    group: groupId,
    server: cluster === undefined ? undefined : leaderOf(cluster, topic, partition),
    attributes,
  }
}

function callIn(handling: NonNullable<ReturnType<typeof handle>>, call: () => unknown): unknown {
  let result: unknown
  try {
    result = context.with(handling.context, call)
  } catch (error) {
    handling.fail(error)
    throw error
  }
  return handling.endWith(result)
}

function setOffset(span: { setAttribute(key: string, value: number): unknown }, offset: unknown) {
  const number = Number(offset)
  if (Number.isSafeInteger(number) && number >= 0)
    span.setAttribute('messaging.kafka.offset', number)
}

const leaders = new WeakMap<Cluster, Map<string, Leader>>()
interface Leader {
  readonly server: Server | undefined
  readonly untilMs: number
}

/** A partition may move to another broker at any time. */
const LEADER_TTL_MS = 30_000

function leaderOf(cluster: Cluster, topic: string, partition: number): Server | undefined {
  let known = leaders.get(cluster)
  if (known === undefined) leaders.set(cluster, (known = new Map<string, Leader>()))
  const key = `${partition} ${topic}`
  const leader = known.get(key)
  const nowMs = performance.now()
  if (leader !== undefined && leader.untilMs > nowMs) return leader.server
  const server = findLeader(cluster, topic, partition)
  known.set(key, { server, untilMs: nowMs + LEADER_TTL_MS })
  return server
}

function findLeader(cluster: Cluster, topic: string, partition: number): Server | undefined {
  try {
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
    const pool = cluster.brokerPool?.brokers?.[nodeId ?? '']?.connectionPool
    return pool === undefined ? undefined : { address: pool.host, port: pool.port }
  } catch {
    return undefined
  }
}
