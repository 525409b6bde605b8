import { BadValue } from './fault'
import { splitList, type ValueType } from './value'

/**
 * Attributes of a resource as OpenTelemetry writes them in a variable: `key=value`, separated by commas, with what would be
 * misread percent-encoded.
 */
export function resourceAttributes(): ValueType<Readonly<Record<string, string>>> {
  return {
    allowed: 'key=value, separated by commas, percent-encoded',
    isList: true,
    parse(text) {
      const entries = splitList(text)
      return Object.fromEntries(
        entries.map((entry, index) => parseEntry(entry, `entry ${index + 1} of ${entries.length}`)),
      )
    },
    format: (attributes) =>
      Object.entries(attributes)
        .map((entry) => entry.map(encodeURIComponent).join('='))
        .join(','),
  }
}

function parseEntry(entry: string, which: string): [string, string] {
  const [key = '', value, ...more] = entry.split('=')
  if (value === undefined || more.length > 0) throw new BadValue(`${which} is not one key=value`)
  if (key.trim() === '') throw new BadValue(`${which} has no key`)
  return [decode(key.trim(), which), decode(value.trim(), which)]
}

function decode(text: string, which: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadValue(`${which} is not percent-encoded UTF-8`)
  }
}
