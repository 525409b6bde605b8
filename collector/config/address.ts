import { BlockList, isIPv6 } from 'node:net'
import { BadValue } from './fault'

/** Where a door listens. Port 0 takes a free one. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, `[v6]:port` or `:port` (every IPv4 address). Throws BadValue. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(.*)$/.exec(text)
  if (isIPv6(text)) throw new BadValue('an IPv6 address needs brackets and a port')
  if (match === null) throw new BadValue('it is not an address and a port')
  const [, bracketed, plain, port = ''] = match
  if (bracketed !== undefined && !isIPv6(bracketed)) {
    throw new BadValue('there is no IPv6 address between the brackets')
  }
  if (plain !== undefined && plain !== '' && !isHostOrIPv4(plain)) {
    throw new BadValue('the host is neither a name nor an IPv4 address')
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new BadValue('the port is not a whole number from 0 to 65535')
  }
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(port) }
}

/** The address as it is written in a URL or a setting. */
export function formatAddress(address: Address): string {
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`
}

/** Whether only this machine (in Kubernetes: this pod) can reach the address. Names other than localhost count as not. */
export function isLoopback(address: Address): boolean {
  if (/^localhost\.?$/i.test(address.host)) return true
  return loopback.check(address.host, isIPv6(address.host) ? 'ipv6' : 'ipv4')
}

/** Whether two doors would ask for the same port. */
export function isSameDoor(a: Address, b: Address): boolean {
  const isEverywhere = (host: string) => host === '0.0.0.0' || host === '::'
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || isEverywhere(a.host) || isEverywhere(b.host)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isHostOrIPv4(text: string): boolean {
  if (/^[\d.]+$/.test(text)) {
    const parts = text.split('.')
    return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  }
  return text.length <= 253 && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(text)
}
