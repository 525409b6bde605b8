import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A network of containers, which have its loopback in common. */
export interface Network {
  /** As `ip netns` knows it. */
  readonly name: string
  /** Where its containers are reached from outside. */
  readonly host: string
  /** Where they reach what is outside. */
  readonly gateway: string
  /** Passes what they connect to on to a port of this machine's loopback; resolves with `gateway` and the port there, a free one by default. */
  forward(to: number, port?: number): Promise<string>
}

let networks = 0

/** A network namespace that is connected to this one by a pair of interfaces. Needs Linux, root and iproute2. */
export function openNetwork(t: { teardown(fn: () => unknown): void }): Network {
  const id = (process.pid * 8 + networks++) & 0x3fff
  const name = `sidelight-${id}`
  const host = (last: number) => `10.213.${id >> 6}.${((id & 63) << 2) + last}`
  const [outer, inner] = [`sl${id}o`, `sl${id}i`]
  const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: 'pipe' })
  ip(`netns add ${name}`)
  t.teardown(() => ip(`netns del ${name}`))
  ip(`link add ${outer} type veth peer name ${inner} netns ${name}`)
  ip(`addr add ${host(1)}/30 dev ${outer}`)
  ip(`link set ${outer} up`)
  ip(`-n ${name} addr add ${host(2)}/30 dev ${inner}`)
  for (const device of [inner, 'lo']) ip(`-n ${name} link set ${device} up`)
  return {
    name,
    host: host(2),
    gateway: host(1),
    async forward(to, port = 0) {
      const server = createServer((socket) => {
        const onward = connect(to, '127.0.0.1')
        socket.pipe(onward).pipe(socket)
        for (const end of [socket, onward])
          end.on('error', () => [socket, onward].map((one) => one.destroy()))
      }).listen(port, host(1))
      await once(server, 'listening')
      t.teardown(() => server.close())
      return `${host(1)}:${(server.address() as AddressInfo).port}`
    },
  }
}
