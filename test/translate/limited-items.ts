import type { TranslationLimits } from '../../collector/translate/limits'

const MOST = 0xffff_ffff
const ATTRIBUTES = new Set(['attributes', 'filteredAttributes', 'metadata'])

/** A message as protobufjs decodes it, with what the limits leave of the attributes of every item in it. */
export function limitItems(message: unknown, limits: TranslationLimits): unknown {
  if (message instanceof Uint8Array) return message
  if (Array.isArray(message)) return message.map((item: unknown) => limitItems(item, limits))
  if (typeof message !== 'object' || message === null) return message
  const fields = Object.entries(message).map(([name, value]: [string, unknown]) => [
    name,
    ATTRIBUTES.has(name)
      ? limitValues((value as unknown[]).slice(0, limits.maxAttributes), limits)
      : limitItems(value, limits),
  ])
  const { attributes, droppedAttributesCount = 0 } = message as {
    readonly attributes?: readonly unknown[]
    readonly droppedAttributesCount?: number
  }
  const ours = Math.max(0, (attributes?.length ?? 0) - limits.maxAttributes)
  const dropped = Math.min(MOST, droppedAttributesCount + ours)
  return { ...Object.fromEntries(fields), ...(ours > 0 && { droppedAttributesCount: dropped }) }
}

function limitValues(value: unknown, limits: TranslationLimits, name = ''): unknown {
  const { maxAttributeBytes } = limits
  if (name === 'stringValue') return cutText(value as string, maxAttributeBytes)
  if (value instanceof Uint8Array) return value.subarray(0, maxAttributeBytes)
  if (Array.isArray(value)) return value.map((item: unknown) => limitValues(item, limits))
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    limitValues(item, limits, key),
  ])
  return Object.fromEntries(fields)
}

/** As many whole characters as fit. */
function cutText(text: string, maxBytes: number): string {
  let kept = ''
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    kept += character
  }
  return kept
}
