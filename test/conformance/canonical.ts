import { Enum, Type } from 'protobufjs'
import { decodeMessage } from '../helpers/otlp'
import type { Message } from './target'

/**
 * The one form of a message: fields of their default value absent unless their presence says something, pairs of attributes
 * and maps in the order of their keys.
 */
export function canonical(type: Type, message: object): Message {
  const encoded = type.encode(type.fromObject(message)).finish()
  return tidy(type, decodeMessage(type, encoded))
}

function tidy(type: Type, message: Message): Message {
  const tidied: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name]
    if (field === undefined || value === undefined) continue
    const { resolvedType, repeated } = field
    if (resolvedType instanceof Type) {
      tidied[name] = repeated
        ? sortPairs(resolvedType, value as Message[])
        : tidy(resolvedType, value as Message)
    } else if (repeated) {
      if ((value as unknown[]).length > 0) tidied[name] = value
    } else if (field.partOf !== null || !isDefault(value, resolvedType instanceof Enum)) {
      tidied[name] = value
    }
    if (repeated && (value as unknown[]).length === 0) delete tidied[name]
  }
  return tidied
}

function sortPairs(type: Type, values: readonly Message[]): Message[] {
  const tidied = values.map((value) => tidy(type, value))
  if (type.name !== 'KeyValue') return tidied
  const keyOf = (pair: Message) => String(pair['key'] ?? '')
  return tidied.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b))))
}

function isDefault(value: unknown, isEnum: boolean): boolean {
  if (value instanceof Uint8Array) return value.length === 0
  if (isEnum || typeof value === 'number') return Object.is(value, 0)
  return value === '' || value === '0' || value === false
}
