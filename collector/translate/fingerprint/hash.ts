import { hash } from 'node:crypto'

/**
 * The first 16 bytes of sha256 over the parts, as a lower-case uuid. Each part has its length before it, so that no two
 * lists of parts are the same text.
 */
export function hashParts(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  const hex = hash('sha256', text, 'hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
