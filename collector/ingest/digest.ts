import { createHash } from 'node:crypto'
import type { Signal } from './contract'

/**
 * The receipt of a request as uuid text: the first 128 bits of SHA-256 over the signal, the token's tenant and the body as
 * received, each but the last framed by its length so that no two different requests are hashed as the same bytes.
 */
export function digestOf(signal: Signal, tenant: string | null, body: Uint8Array): string {
  const hash = createHash('sha256')
  hash.update(`${signal}\n${tenant === null ? '-' : `${Buffer.byteLength(tenant)}:${tenant}`}\n`)
  const hex = hash.update(body).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}
