import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Body } from './bodies'

/** A plain socket, so that posting costs the machine it shares with the collector as little as possible. */
export type PostSocket = Socket

/** Opens a keep-alive connection to a local port. */
export async function open(port: number): Promise<PostSocket> {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  await once(socket, 'connect')
  return socket
}

/** Posts a body and resolves with the status of the answer. One at a time a socket. Throws when the connection ends before. */
export async function post(
  socket: PostSocket,
  { path, bytes }: Body,
  contentType: string,
): Promise<number> {
  socket.cork()
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: ${contentType}\r\ncontent-length: ${bytes.length}\r\n\r\n`,
  )
  socket.write(bytes)
  socket.uncork()
  return new Promise((resolve, reject) => {
    let answer = ''
    const closed = () => reject(new Error('the connection was closed before the answer'))
    socket.once('error', reject)
    socket.once('close', closed)
    socket.on('data', function read(chunk: Buffer) {
      answer += chunk.toString('latin1')
      const head = answer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: *(\d+)/i.exec(answer)?.[1] ?? 0)
      if (answer.length < head + 4 + length) return
      socket.off('data', read)
      socket.off('error', reject)
      socket.off('close', closed)
      resolve(Number(answer.slice(9, 12)))
    })
  })
}
