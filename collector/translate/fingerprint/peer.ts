import { isLoopback } from './message-address'

/**
 * Whom a call went to that failed with a code. The message says so where it can, `connect ECONNREFUSED 10.0.0.7:5432`, `getaddrinfo
 * ENOTFOUND db`: that is what every sender of the throw knows; a span's attributes only one of them has, so they count where
 * the message says nothing (`socket hang up`, `read ECONNRESET`). Null without a code, and where nobody says.
 */
export function findPeer(code: string | null, message: string, peer: string | null): string | null {
  if (code === null) return null
  const at = code.startsWith('E') ? message.indexOf(code) : -1
  const told = at === -1 ? null : addressAfter(message, at + code.length)
  return told ?? (peer === null || peer === '' ? null : peer)
}

/** The word behind the code, of this host by one name. */
function addressAfter(message: string, at: number): string | null {
  if (message.charCodeAt(at) !== 0x20) return null
  const space = message.indexOf(' ', at + 1)
  const word = message.slice(at + 1, space === -1 ? message.length : space)
  if (word === '' || word === '-' || word.length > 255) return null
  const colon = word.lastIndexOf(':')
  const host = colon === -1 ? word : word.slice(0, colon)
  return isLoopback(host) ? `localhost${word.slice(host.length)}` : word
}
