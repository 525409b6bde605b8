/**
 * The load generator, a process of its own: posts every body of a file once over a number of keep-alive connections and
 * prints one JSON line { seconds, refused }. Plain sockets, so that it costs the machine it shares as little as possible.
 * Arguments: port, connections, content type, path of the bodies (each with a 4-byte length before it).
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

const [port = '', connections = '', contentType = '', bodiesPath = ''] = process.argv.slice(2)
const bodies = readBodies(bodiesPath)
let next = 0
let refused = 0

void main()

async function main(): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: Number(connections) }, open))
  const startedAt = process.hrtime.bigint()
  await Promise.all(sockets.map(postUntilDone))
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9
  for (const socket of sockets) socket.destroy()
  process.stdout.write(`${JSON.stringify({ seconds, refused })}\n`)
}

async function open(): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay()
  await once(socket, 'connect')
  return socket
}

async function postUntilDone(socket: Socket): Promise<void> {
  for (let index = next++; index < bodies.length; index = next++) {
    const body = bodies[index] ?? Buffer.alloc(0)
    for (let status = 503; status === 503;) {
      status = await post(socket, body)
      if (status === 503) refused++
      else if (status !== 200) throw new Error(`the collector answered ${status}`)
    }
  }
}

async function post(socket: Socket, body: Buffer): Promise<number> {
  socket.cork()
  socket.write(
    `POST /v1/traces HTTP/1.1\r\nhost: bench\r\ncontent-type: ${contentType}\r\ncontent-length: ${body.length}\r\n\r\n`,
  )
  socket.write(body)
  socket.uncork()
  return new Promise((resolve, reject) => {
    let answer = ''
    socket.once('error', reject)
    socket.on('data', function read(chunk: Buffer) {
      answer += chunk.toString('latin1')
      const head = answer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: *(\d+)/i.exec(answer)?.[1] ?? 0)
      if (answer.length < head + 4 + length) return
      socket.off('data', read)
      socket.off('error', reject)
      resolve(Number(answer.slice(9, 12)))
    })
  })
}

function readBodies(path: string): Buffer[] {
  const file = readFileSync(path)
  const found: Buffer[] = []
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at)
    found.push(file.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return found
}
