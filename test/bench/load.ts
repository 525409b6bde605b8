/**
 * The load generator, a process of its own: posts every body of a file once over a number of keep-alive connections and
 * prints one JSON line { seconds, refused }. Arguments: port, connections, content type, the file that `bodies.ts` wrote.
 */
import { readBodies } from './bodies'
import { open, post, type PostSocket } from './post'

const [port = '', connections = '', contentType = '', file = ''] = process.argv.slice(2)
const bodies = readBodies(file)
let next = 0
let refused = 0

void main()

async function main(): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: Number(connections) }, () => open(Number(port))),
  )
  const startedAt = process.hrtime.bigint()
  await Promise.all(sockets.map(postUntilDone))
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9
  for (const socket of sockets) socket.destroy()
  process.stdout.write(`${JSON.stringify({ seconds, refused })}\n`)
}

async function postUntilDone(socket: PostSocket): Promise<void> {
  for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
    for (let status = 503; status === 503;) {
      status = await post(socket, body, contentType)
      if (status === 503) refused++
      else if (status !== 200) throw new Error(`the collector answered ${status}`)
    }
  }
}
