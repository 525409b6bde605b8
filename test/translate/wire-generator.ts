import { type Field, Type } from 'protobufjs'
import type { Random } from '../helpers/random'

type Message = Readonly<Record<string, unknown>>

const VARINT_TYPES = new Set(['int32', 'int64', 'uint32', 'uint64', 'sint32', 'bool'])
const FIXED_TYPES = new Set(['fixed32', 'fixed64', 'sfixed64', 'double'])
/** No message of the three signals has fields from here on. */
const UNKNOWN_FIELDS = 20

/**
 * Encodes a message as no exporter would and every receiver must read: fields in any order, repeated ones interleaved,
 * singular scalars sent before with another value, singular messages in two parts, numbers in more bytes than needed,
 * and unknown fields of every wire type in between.
 */
export function encodeWildly(type: Type, message: Message, random: Random): Buffer {
  const sequences = Object.entries(message).map(([name, value]) =>
    fieldSequence(type.fields[name]!, value, random),
  )
  while (random.chance(0.15)) sequences.push([unknownField(type, random)])
  const pieces: Buffer[] = []
  let left = sequences.filter((sequence) => sequence.length > 0)
  while (left.length > 0) {
    const sequence = random.chance(0.7) ? left[0]! : random.pick(left)
    pieces.push(sequence.shift()!)
    left = left.filter(({ length }) => length > 0)
    if (random.chance(0.1)) left = random.shuffle(left)
  }
  return Buffer.concat(pieces)
}

/** What has to be sent for a field, in this order. */
function fieldSequence(field: Field, value: unknown, random: Random): Buffer[] {
  if (field.repeated) return repeatedSequence(field, value as readonly unknown[], random)
  if (field.resolvedType instanceof Type && random.chance(0.2)) {
    return split(field.resolvedType, value as Message, random).map((part) =>
      encodeField(field, part, random),
    )
  }
  const sent = [encodeField(field, value, random)]
  const isScalar = !(field.resolvedType instanceof Type)
  if (isScalar && random.chance(0.1)) sent.unshift(encodeField(field, decoy(field), random))
  return sent
}

/** Numbers are packed, in one run or several with single ones in between. */
function repeatedSequence(field: Field, items: readonly unknown[], random: Random): Buffer[] {
  if (!VARINT_TYPES.has(field.type) && !FIXED_TYPES.has(field.type)) {
    return items.map((item) => encodeField(field, item, random))
  }
  const pieces: Buffer[] = []
  for (let from = 0; from < items.length;) {
    const to = random.chance(0.7) ? items.length : from + 1 + random.below(items.length - from)
    if (to === from + 1 && random.chance(0.5)) pieces.push(encodeField(field, items[from], random))
    else {
      const run = items.slice(from, to).map((item) => encodeNumber(field.type, item, random))
      pieces.push(delimited(field.id, Buffer.concat(run), random))
    }
    from = to
  }
  return pieces
}

/** Two messages that merge into the given one. */
function split(type: Type, message: Message, random: Random): [Message, Message] {
  const first: Record<string, unknown> = {}
  const second: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name]!
    if (field.repeated) {
      const items = value as unknown[]
      const middle = random.below(items.length + 1)
      first[name] = items.slice(0, middle)
      second[name] = items.slice(middle)
    } else if (field.resolvedType instanceof Type) {
      const parts = split(field.resolvedType, value as Message, random)
      first[name] = parts[0]
      second[name] = parts[1]
    } else (random.chance(0.5) ? first : second)[name] = value
  }
  return [first, second]
}

function decoy(field: Field): unknown {
  if (field.type === 'string') return 'decoy'
  if (field.type === 'bytes') return Buffer.from('decoy')
  return '1'
}

function encodeField(field: Field, value: unknown, random: Random): Buffer {
  const { id, resolvedType } = field
  if (resolvedType instanceof Type) {
    return delimited(id, encodeWildly(resolvedType, value as Message, random), random)
  }
  if (field.type === 'string') return delimited(id, Buffer.from(String(value)), random)
  if (field.type === 'bytes') return delimited(id, Buffer.from(value as Uint8Array), random)
  const wireType = !FIXED_TYPES.has(field.type) ? 0 : field.type === 'fixed32' ? 5 : 1
  return Buffer.concat([tag(id, wireType, random), encodeNumber(field.type, value, random)])
}

function encodeNumber(type: string, value: unknown, random: Random): Buffer {
  if (type === 'double') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(Number(value))
    return bytes
  }
  const integer = BigInt(value as string | number | boolean)
  if (type === 'fixed64' || type === 'sfixed64') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, integer))
    return bytes
  }
  if (type === 'fixed32') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(Number(integer))
    return bytes
  }
  if (type === 'sint32') return varint(integer >= 0n ? integer * 2n : -integer * 2n - 1n, random)
  return varint(integer, random)
}

/** A field of a number the message does not have, or of a wire type that its number does not have. */
function unknownField(type: Type, random: Random): Buffer {
  const known = random.pick(type.fieldsArray)
  // Of numbers that are repeated both the packed and the plain form mean something.
  const isList = known.repeated && (VARINT_TYPES.has(known.type) || FIXED_TYPES.has(known.type))
  if (random.chance(0.3) && !isList) {
    const isVarint = VARINT_TYPES.has(known.type) || known.resolvedType?.constructor.name === 'Enum'
    const content = random.bytes(random.below(5))
    return isVarint ? delimited(known.id, content, random) : anyVarint(known.id, random)
  }
  return anyField(UNKNOWN_FIELDS + random.below(random.chance(0.5) ? 10 : 0x1fff_ff00), random)
}

function anyField(id: number, random: Random): Buffer {
  switch (random.below(5)) {
    case 0:
      return anyVarint(id, random)
    case 1:
      return Buffer.concat([tag(id, 1, random), random.bytes(8)])
    case 2:
      return delimited(id, random.bytes(random.below(20)), random)
    case 3: {
      const fields = Array.from({ length: random.below(3) }, () =>
        anyField(1 + random.below(30), random),
      )
      return Buffer.concat([tag(id, 3, random), ...fields, tag(id, 4, random)])
    }
    default:
      return Buffer.concat([tag(id, 5, random), random.bytes(4)])
  }
}

function anyVarint(id: number, random: Random): Buffer {
  const value = random.bytes(8).readBigUInt64LE()
  return Buffer.concat([tag(id, 0, random), varint(value, random)])
}

function delimited(id: number, content: Buffer, random: Random): Buffer {
  return Buffer.concat([tag(id, 2, random), varint(BigInt(content.length), random), content])
}

function tag(id: number, wireType: number, random: Random): Buffer {
  return varint(BigInt(id) * 8n + BigInt(wireType), random)
}

function varint(value: bigint, random: Random): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  if (bytes.length < 5 && random.chance(0.02)) {
    bytes[bytes.length - 1]! |= 0x80
    bytes.push(0)
  }
  return Buffer.from(bytes)
}
