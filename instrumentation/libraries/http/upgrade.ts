import type { Socket } from 'node:net'

/**
 * Tells the status a request for another protocol is answered with: the first thing that is written on its socket is a
 * status line. Tells undefined if the socket closes before. `answered` is called once.
 */
export function followUpgrade(
  socket: Socket,
  answered: (status: number | undefined) => void,
): void {
  let isAnswered = false
  const tell = (status: number | undefined): void => {
    if (isAnswered) return
    isAnswered = true
    answered(status)
  }
  for (const name of ['write', 'end'] as const)
    watchOnce(socket, name, (chunk) => tell(statusOf(chunk)))
  socket.once('close', () => tell(undefined))
}

function watchOnce(socket: Socket, name: 'write' | 'end', seen: (chunk: unknown) => void): void {
  const original = socket[name] as (...args: unknown[]) => unknown
  const watching = function (this: Socket, ...args: unknown[]): unknown {
    // Somebody else may have wrapped it meanwhile.
    if (socket[name] === watching) delete (socket as Partial<Socket>)[name]
    if (args.length > 0) seen(args[0])
    return original.apply(this, args)
  } as Socket['write'] & Socket['end']
  socket[name] = watching
}

function statusOf(chunk: unknown): number | undefined {
  const start = Buffer.isBuffer(chunk) ? chunk.toString('latin1', 0, STATUS_LINE_LENGTH) : chunk
  if (typeof start !== 'string') return undefined
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(start)?.[1]
  return status === undefined ? undefined : Number(status)
}

const STATUS_LINE_LENGTH = 16
