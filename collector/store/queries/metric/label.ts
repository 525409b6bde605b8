import { parseStored, type StoredValue } from '../stored'

/** A stored attribute value, as jsonb text, the way filters and labels spell it; null when the attribute is not there. */
export function labelOf(json: string | null): string | null {
  return json === null ? null : textOf(parseStored(json))
}

/** The labels of the attributes in `json`, one a key. */
export function labelsOf(json: string, keys: readonly string[]): (string | null)[] {
  const attributes = parseStored(json) as Record<string, StoredValue>
  return keys.map((key) => {
    const stored = storedKey(key)
    const value = Object.hasOwn(attributes, stored) ? attributes[stored] : undefined
    return value === undefined ? null : textOf(value)
  })
}

/** An attribute key as it is stored: one that begins with $ has one more. */
export function storedKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

/** An attribute key as it was sent. */
export function sentKey(key: string): string {
  return key.startsWith('$$') ? key.slice(1) : key
}

function textOf(value: StoredValue): string {
  if (value === null) return ''
  if (typeof value !== 'object') return String(value)
  if (!Array.isArray(value)) {
    const special = value['$double'] ?? value['$bytes']
    if (typeof special === 'string') return special
  }
  return JSON.stringify(value)
}
