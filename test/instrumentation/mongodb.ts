import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { ROOT } from './application'

/** The library that MongoDB's driver brings along. */
const { calculateObjectSize, deserialize, serialize } = createRequire(
  join(ROOT, 'test', 'libraries', 'current', 'package.json'),
)('bson') as Bson

interface Bson {
  calculateObjectSize(document: Document): number
  serialize(document: Document): Uint8Array
  deserialize(bytes: Uint8Array): Document
}

type Document = Readonly<Record<string, unknown>>

const HEADER = 16
const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

/**
 * A stand-in for the wire protocol of a MongoDB without replicas: every collection has two documents, one a batch; an
 * insert of the id 1 as the only key, and the command `fail`, are refused. Closed at teardown.
 */
export async function startMongodb(t: { teardown(fn: () => Promise<void>): void }) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const size = received.readInt32LE(0)
        const reply = answerTo(received.subarray(0, size))
        if (reply !== undefined) socket.write(reply)
        received = received.subarray(size)
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  const { port } = server.address() as AddressInfo
  return { url: `mongodb://127.0.0.1:${port}`, port }
}

function answerTo(message: Buffer): Buffer | undefined {
  const request = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_QUERY) {
    const start = message.indexOf(0, HEADER + 4) + 9
    const head = Buffer.alloc(20)
    head.writeInt32LE(1, 16)
    return frame(request, OP_REPLY, head, reply(deserialize(message.subarray(start))))
  }
  const flags = message.readUInt32LE(HEADER)
  const command = commandOf(message)
  const isUnanswered = (flags & 2) !== 0
  return isUnanswered ? undefined : frame(request, OP_MSG, Buffer.alloc(5), reply(command))
}

/** Of a message with the command as one document, and lists of documents as sections of their own. */
function commandOf(message: Buffer): Document {
  let command: Document = {}
  for (let at = HEADER + 4; at < message.length;) {
    const isList = message[at] === 1
    const size = message.readInt32LE(at + 1)
    const end = at + 1 + size
    if (isList) {
      const nameEnd = message.indexOf(0, at + 5)
      const documents: Document[] = []
      for (let next = nameEnd + 1; next < end; next += message.readInt32LE(next)) {
        documents.push(deserialize(message.subarray(next, next + message.readInt32LE(next))))
      }
      command = { ...command, [message.toString('utf8', at + 5, nameEnd)]: documents }
    } else command = { ...deserialize(message.subarray(at + 1, end)), ...command }
    at = end
  }
  return command
}

function frame(request: number, code: number, head: Buffer, document: Document): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeInt32LE(HEADER + head.length + calculateObjectSize(document), 0)
  header.writeInt32LE(request, 8)
  header.writeInt32LE(code, 12)
  return Buffer.concat([header, head, serialize(document)])
}

function reply(command: Document): Document {
  const [name = ''] = Object.keys(command)
  const answer = ANSWERS[name.toLowerCase()]
  return answer === undefined ? { ok: 1 } : answer(command)
}

const HELLO = {
  ok: 1,
  ismaster: true,
  isWritablePrimary: true,
  helloOk: true,
  minWireVersion: 0,
  maxWireVersion: 21,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
}

const ANSWERS: Readonly<Record<string, (command: Document) => Document>> = {
  hello: () => HELLO,
  ismaster: () => HELLO,
  find: ({ find, limit }) => cursor(String(find), limit === 1),
  aggregate: ({ aggregate }) => cursor(String(aggregate), false),
  getmore: ({ collection }) => ({
    ok: 1,
    cursor: { id: 0n, ns: `shop.${String(collection)}`, nextBatch: [{ _id: 2 }] },
  }),
  insert: ({ documents }) => {
    const items = documents as Document[]
    if (JSON.stringify(items) !== '[{"_id":1}]') return { ok: 1, n: items.length }
    const refused = { index: 0, code: 11_000, errmsg: 'duplicate key' }
    return { ok: 1, n: 0, writeErrors: [refused] }
  },
  update: () => ({ ok: 1, n: 1, nModified: 1 }),
  delete: () => ({ ok: 1, n: 0 }),
  fail: () => ({ ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: 'no such command' }),
}

function cursor(collection: string, isWhole: boolean): Document {
  const id = isWhole ? 0n : 7n
  return { ok: 1, cursor: { id, ns: `shop.${collection}`, firstBatch: [{ _id: 1 }] } }
}
