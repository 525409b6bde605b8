import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { until } from '../helpers/until'

/** Which bytes are counted until the cut: the caller's, or the answers. */
export type Direction = 'asked' | 'answered'

export interface Proxy {
  readonly port: number
  /**
   * Passes on `bytes` more of that direction, on whichever connections they come, and breaks the connection the last of
   * them came on, both ends of it. Resolves when that is done.
   */
  cut(direction: Direction, bytes: number): Promise<void>
  close(): Promise<void>
}

const CUT_MS = 60_000

/** A TCP proxy to a local port, which cuts connections when told to. */
export async function createProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let pending: { readonly direction: Direction; bytes: number } | null = null
  const server = createServer({ noDelay: true }, (caller) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    pass(caller, target, 'asked')
    pass(target, caller, 'answered')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  function pass(from: Socket, to: Socket, direction: Direction): void {
    sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.on('end', () => to.end())
    from.on('drain', () => to.resume())
    from.on('data', (chunk: Buffer) => {
      if (pending?.direction === direction) {
        pending.bytes -= chunk.length
        if (pending.bytes <= 0) {
          const passed = chunk.subarray(0, chunk.length + pending.bytes)
          pending = null
          to.write(passed, () => {
            to.resetAndDestroy()
            from.resetAndDestroy()
          })
          return
        }
      }
      if (!to.write(chunk)) from.pause()
    })
  }

  return {
    port: (server.address() as AddressInfo).port,
    async cut(direction, bytes) {
      pending = { direction, bytes }
      await until(() => pending === null, CUT_MS, `${bytes} bytes to be ${direction}`)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
