/** What went through an interface in one direction. */
export interface Traffic {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

/** An interface of /proc/net/dev, since it came up. */
export interface InterfaceReading {
  readonly name: string
  readonly receive: Traffic
  readonly transmit: Traffic
}

/**
 * The loopback, the host's ends of what containers and virtual machines have inside, the bridges between those, and what
 * the kernel puts up unasked: their traffic is counted at a real interface, or never leaves the machine.
 */
const NOT_COUNTED = new RegExp(
  [
    '^lo$',
    '^(?:veth|docker|br-|virbr|vnet|tap|cni|flannel|cali|lxc|lxdbr|cilium|kube-|nodelocaldns)',
    '^(?:ifb|dummy|sit|tunl|gre|gretap|erspan|ip6tnl|ip6gre|ip_vti|ip6_vti)\\d',
  ].join('|'),
)

/** The interfaces that traffic of the machine, or of the network namespace of a pod, goes through. */
export function parseInterfaces(netDev: string): InterfaceReading[] {
  const interfaces: InterfaceReading[] = []
  for (const [, name = '', figures = ''] of netDev.matchAll(/^ *([^\s:]+): *(\d[\d ]*)$/gm)) {
    if (NOT_COUNTED.test(name)) continue
    const columns = figures.trim().split(/ +/).map(Number)
    interfaces.push({
      name,
      receive: readTraffic(columns.slice(0, 8)),
      transmit: readTraffic(columns.slice(8)),
    })
  }
  return interfaces
}

function readTraffic([bytes = 0, packets = 0, errors = 0, dropped = 0]: readonly number[]) {
  return { bytes, packets, errors, dropped }
}
