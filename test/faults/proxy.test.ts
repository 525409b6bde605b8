import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { createProxy } from './proxy'

t.test('a proxy passes everything on until it is told to cut', async (t) => {
  const { port } = await openEcho(t)
  const proxy = await createProxy(port)
  t.teardown(() => proxy.close())
  const socket = connect(proxy.port, '127.0.0.1')
  socket.write('hello')
  const [echo] = (await once(socket, 'data')) as [Buffer]
  t.equal(echo.toString(), 'hello')
  socket.destroy()
})

for (const direction of ['asked', 'answered'] as const) {
  t.test(`a cut of what is ${direction} breaks both ends after that many bytes`, async (t) => {
    const { port, accepted } = await openEcho(t)
    const proxy = await createProxy(port)
    t.teardown(() => proxy.close())
    const socket = connect(proxy.port, '127.0.0.1')
    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    const closed = Promise.all([closing(socket), accepted.then(closing)])
    const cut = proxy.cut(direction, 3)
    socket.write('hello')
    await cut
    await closed
    t.ok(received <= 3, `${received} of 5 bytes came back`)
  })
}

/** Resolves when the connection is gone, reset or ended. */
function closing(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function openEcho(t: { teardown(fn: () => void): void }) {
  let accept: (socket: Socket) => void = () => undefined
  const accepted = new Promise<Socket>((resolve) => (accept = resolve))
  const server = createServer((socket) => {
    socket.pipe(socket)
    accept(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close())
  return { port: (server.address() as AddressInfo).port, accepted }
}
