import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Broker, TOPICS } from './kafka-broker'
import { array, bytes, int16, int32, int64, int8, NONE, Reader, string } from './kafka-wire'

/**
 * A stand-in for the wire protocol of a Kafka of one broker. Its topics are there from the start, each group has one
 * member, and what a transaction sent is there for all once it ended. Closed at teardown.
 */
export async function startKafka(t: { teardown(fn: () => Promise<void>): void }) {
  const sockets = new Set<Socket>()
  const broker = new Broker()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const size = 4 + received.readInt32BE(0)
        void answer(broker, new Reader(received.subarray(4, size)), socket)
        received = received.subarray(size)
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  broker.port = port
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return { broker: `127.0.0.1:${port}`, port }
}

async function answer(broker: Broker, request: Reader, socket: Socket): Promise<void> {
  const key = request.int16()
  const version = request.int16()
  const correlation = request.int32()
  request.string()
  const reply = await ANSWERS[key]?.[1](broker, request, version)
  if (reply === undefined) return
  const body = Buffer.concat([int32(correlation), ...reply])
  socket.write(bytes(body))
}

type Answer = (
  broker: Broker,
  request: Reader,
  version: number,
) => Buffer[] | undefined | Promise<Buffer[]>

/** By the number of the request: the newest version that is understood, and what it is answered with. */
const ANSWERS: Readonly<Record<number, readonly [version: number, Answer]>> = {
  0: [3, produce],
  1: [4, fetch],
  // ListOffsets
  2: [
    1,
    (broker, request) => {
      request.int32()
      return forPartitions(request, (topic, partition) => {
        const isEarliest = request.int64() === -2
        return [int16(0), int64(-1), int64(isEarliest ? 0 : broker.log(topic, partition).end)]
      })
    },
  ],
  3: [1, metadata],
  // OffsetCommit
  8: [
    2,
    (broker, request) => {
      const group = request.string()
      request.int32()
      request.string()
      request.int64()
      return forPartitions(request, (topic, partition) => {
        broker.offsets.set(`${group} ${topic} ${partition}`, request.int64())
        request.string()
        return [int16(0)]
      })
    },
  ],
  // OffsetFetch
  9: [
    1,
    (broker, request) => {
      const group = request.string()
      return forPartitions(request, (topic, partition) => {
        const offset = broker.offsets.get(`${group} ${topic} ${partition}`) ?? -1
        return [int64(offset), NONE, int16(0)]
      })
    },
  ],
  // FindCoordinator, of a group or a transaction
  10: [1, ({ port }) => [int32(0), int16(0), NONE, ...self(port)]],
  11: [1, joinGroup],
  // Heartbeat
  12: [0, () => [int16(0)]],
  // LeaveGroup
  13: [0, () => [int16(0)]],
  // SyncGroup, of the one member
  14: [
    0,
    (_broker, request) => {
      request.string()
      request.int32()
      request.string()
      const [assigned] = request.array(() => [request.string(), request.bytes()] as const)
      return [int16(0), bytes(assigned?.[1] ?? Buffer.alloc(0))]
    },
  ],
  18: [2, apiVersions],
  // InitProducerId
  22: [0, () => [int32(0), int16(0), int64(1), int16(0)]],
  // AddPartitionsToTxn
  24: [0, () => [int32(0), int32(0)]],
  // EndTxn
  26: [
    0,
    (broker, request) => {
      const transaction = request.string()
      request.int64()
      request.int16()
      broker.settle(transaction, request.int8() === 1)
      return [int32(0), int16(0)]
    },
  ],
}

/** The newest version is all there is, but for this request, with which clients feel their way. */
function apiVersions(_broker: Broker, _request: Reader, version: number): Buffer[] {
  const known = array(Object.entries(ANSWERS), ([key, [newest]]) => [
    int16(Number(key)),
    int16(Number(key) === 18 ? 0 : newest),
    int16(newest),
  ])
  return [int16(0), known, ...(version === 0 ? [] : [int32(0)])]
}

function metadata({ port }: Broker, request: Reader): Buffer[] {
  const asked = request.array(() => request.string())
  const topics = asked.length === 0 ? Object.keys(TOPICS) : asked
  const only = array([0], (id) => [int32(id)])
  return [
    array([port], () => [...self(port), NONE]),
    int32(0),
    array(topics, (topic) => [
      int16(0),
      string(topic),
      int8(0),
      array([...Array(TOPICS[topic] ?? 1).keys()], (partition) => [
        int16(0),
        int32(partition),
        int32(0),
        only,
        only,
      ]),
    ]),
  ]
}

/** The broker's number, host and port. */
function self(port: number): Buffer[] {
  return [int32(0), string('127.0.0.1'), int32(port)]
}

function produce(broker: Broker, request: Reader): Buffer[] | undefined {
  const transaction = request.string()
  const isAcknowledged = request.int16() !== 0
  request.int32()
  const placed = forPartitions(request, (topic, partition) => {
    const { error, base } = broker.produce(topic, partition, request.bytes(), transaction)
    return [int16(error), int64(base), int64(-1)]
  })
  return isAcknowledged ? [...placed, int32(0)] : undefined
}

/** Waits for messages, if there are none, only a little: the clients of a test want to end. */
async function fetch(broker: Broker, request: Reader): Promise<Buffer[]> {
  request.int32()
  const waitMs = Math.min(request.int32(), 50)
  request.int32()
  request.int32()
  request.int8()
  const wanted = request.array(() => ({
    topic: request.string(),
    partitions: request.array(() => {
      const [partition, offset] = [request.int32(), request.int64()]
      request.int32()
      return { partition, offset }
    }),
  }))
  const hasNone = wanted.every(({ topic, partitions }) =>
    partitions.every(
      ({ partition, offset }) => broker.log(topic, partition).from(offset).length === 0,
    ),
  )
  if (hasNone) await broker.news(waitMs)
  const found = array(wanted, ({ topic, partitions }) => [
    string(topic),
    array(partitions, ({ partition, offset }) => {
      const log = broker.log(topic, partition)
      const ends = int64(log.end)
      return [int32(partition), int16(0), ends, ends, int32(0), bytes(log.from(offset))]
    }),
  ])
  return [int32(0), found]
}

/** Whoever joins leads, and is the only one. */
function joinGroup(broker: Broker, request: Reader): Buffer[] {
  request.string()
  request.int32()
  request.int32()
  const member = request.string() || `member-${(broker.members += 1)}`
  request.string()
  const [protocol] = request.array(() => [request.string(), request.bytes()] as const)
  const [name, about] = protocol ?? ['', Buffer.alloc(0)]
  const members = array([member], (id) => [string(id), bytes(about)])
  return [int16(0), int32(1), string(name), string(member), string(member), members]
}

/** Answers a list of topics with lists of partitions, whose first value is their number. */
function forPartitions(
  request: Reader,
  answerTo: (topic: string, partition: number) => Buffer[],
): Buffer[] {
  const topics = request.array(() => {
    const topic = request.string()
    const partitions = request.array(() => {
      const partition = request.int32()
      return [int32(partition), ...answerTo(topic, partition)]
    })
    return [string(topic), array(partitions, (one) => one)]
  })
  return [array(topics, (one) => one)]
}
