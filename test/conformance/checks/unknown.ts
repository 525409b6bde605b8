import { Type, Writer } from 'protobufjs'
import type { Message } from '../target'

/** No message of OTLP has fields of these numbers. */
const NUMBERS = { varint: 3_000, fixed64: 3_001, text: 3_002, group: 3_003, fixed32: 3_005 }
const TAG_BITS = 3
const UNKNOWN = writeUnknown()

/** A protobuf message in which it, and every message inside of it, has fields nobody knows, of every wire type. */
export function unknownFields(type: Type, message: object): Buffer {
  const plain = type.toObject(type.fromObject(message), { longs: String, bytes: Buffer as never })
  return encode(type, plain)
}

/** JSON in which every object has members nobody knows, before and after its own. */
export function withUnknownMembers(body: Buffer): Buffer {
  return Buffer.from(JSON.stringify(surround(JSON.parse(body.toString()))))
}

function encode(type: Type, message: Message): Buffer {
  const fields = type.fieldsArray.flatMap((field): Uint8Array[] => {
    const value = message[field.name]
    if (value === undefined) return []
    const { resolvedType, repeated, id } = field
    if (!(resolvedType instanceof Type)) {
      return [type.encode(type.fromObject({ [field.name]: value })).finish()]
    }
    const values = (repeated ? value : [value]) as Message[]
    return values.map((inner) =>
      new Writer()
        .uint32((id << TAG_BITS) | 2)
        .bytes(encode(resolvedType, inner))
        .finish(),
    )
  })
  return Buffer.concat([UNKNOWN, ...fields, UNKNOWN])
}

function writeUnknown(): Uint8Array {
  const writer = new Writer()
  const tag = (number: number, wireType: number) =>
    writer.uint32(((number << TAG_BITS) | wireType) >>> 0)
  tag(NUMBERS.varint, 0).uint64('18446744073709551615')
  tag(NUMBERS.fixed64, 1).fixed64('1')
  tag(NUMBERS.text, 2).string('of a later version')
  tag(NUMBERS.group, 3)
  tag(NUMBERS.text, 2).string('in a group')
  tag(NUMBERS.group, 4)
  tag(NUMBERS.fixed32, 5).fixed32(1)
  return writer.finish()
}

function surround(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(surround)
  if (typeof value !== 'object' || value === null) return value
  const own = Object.entries(value).map(([key, inner]) => [key, surround(inner)] as const)
  return {
    ofALaterVersion: [1, { traceId: null }, 'x'],
    ...Object.fromEntries(own),
    another_one: { name: 'x', spans: [[]] },
  }
}
