import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** Speaks as much of the Redis protocol as a client needs to connect and `GET` a value; closed at teardown. */
export async function startRedis(
  t: { teardown(fn: () => Promise<void>): void },
  value: string,
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
      for (let command = nextCommand(received); command; command = nextCommand(received)) {
        received = received.slice(command.length)
        socket.write(answer(command.words, value))
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The first complete command, an array of bulk strings; ASCII only. */
function nextCommand(text: string): { words: string[]; length: number } | undefined {
  const header = /^\*(\d+)\r\n/.exec(text)
  if (header === null) return undefined
  const words: string[] = []
  let at = header[0].length
  for (let index = 0; index < Number(header[1]); index += 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (size === null) return undefined
    const start = at + size[0].length
    at = start + Number(size[1]) + 2
    if (text.length < at) return undefined
    words.push(text.slice(start, at - 2))
  }
  return { words, length: at }
}

function answer([name = '']: string[], value: string): string {
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
  if (name.toLowerCase() === 'info') return bulk('redis_version:7.2.0\r\nloading:0\r\n')
  return name.toLowerCase() === 'get' ? bulk(value) : '+OK\r\n'
}
