import { literalOf, type Literal } from './literal'
import type { FieldSchema, MessageSchema, ScalarType } from '../schema'

/** A message schema made ready for the translation: keys as bytes, tags computed. */
export interface Plan {
  readonly schema: MessageSchema
  /** The fields by the length of their key in bytes. */
  readonly byKeyLength: readonly (readonly FieldPlan[])[]
  /** Stands before the first key of an object, so that the first key can be predicted like the others. */
  readonly start: FieldPlan
  /** Whether messages of this type are mostly shorter than 128 bytes. */
  readonly isSmall: boolean
  /** Whether it is KeyValue, most of every body, which has a path of its own. */
  readonly isKeyValue: boolean
}

/** A field made ready. `followedBy` is learned: the field whose key came after this one's last time. */
export interface FieldPlan {
  readonly name: string
  readonly key: Uint8Array
  /** The key as it usually stands in a body: `"key":`. */
  readonly literal: Literal
  readonly tag: number
  readonly type: ScalarType | 'message'
  readonly isRepeated: boolean
  /** The tag of the oneof's double member, 0 when there is none. */
  readonly doubleTag: number
  /** Null for scalars. */
  plan: Plan | null
  followedBy: FieldPlan | null
}

const plans = new WeakMap<MessageSchema, Plan>()

/** The plan of a schema, made once. */
export function planOf(schema: MessageSchema): Plan {
  const known = plans.get(schema)
  if (known) return known
  const byKeyLength: FieldPlan[][] = []
  const plan: Plan = {
    schema,
    byKeyLength,
    start: planField({ name: 'start', number: 0, type: 'string' }),
    isSmall: !schema.fields.some((field) => field.repeated && typeof field.type !== 'string'),
    isKeyValue: schema.name === 'KeyValue',
  }
  plans.set(schema, plan)
  for (const field of schema.fields) {
    const planned = planField(field)
    planned.plan = typeof field.type === 'string' ? null : planOf(field.type())
    while (byKeyLength.length <= planned.key.length) byKeyLength.push([])
    byKeyLength[planned.key.length]?.push(planned)
  }
  return plan
}

/** The field whose key is `bytes[start..end)`, or null. */
export function findField(
  plan: Plan,
  bytes: Uint8Array,
  start: number,
  end: number,
): FieldPlan | null {
  const candidates = plan.byKeyLength[end - start]
  if (candidates === undefined) return null
  for (const field of candidates) if (isKey(field.key, bytes, start)) return field
  return null
}

function isKey(key: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < key.length; at++) if (key[at] !== bytes[start + at]) return false
  return true
}

function planField(field: FieldSchema): FieldPlan {
  const isMessage = typeof field.type !== 'string'
  const isPacked = field.repeated && field.type !== 'string' && !isMessage
  return {
    name: field.name,
    key: Buffer.from(field.name),
    literal: literalOf(`"${field.name}":`),
    tag: (field.number << 3) | (isPacked || isMessage ? 2 : wireTypeOf(field.type as ScalarType)),
    type: isMessage ? 'message' : (field.type as ScalarType),
    isRepeated: field.repeated ?? false,
    doubleTag: field.doubleSibling === undefined ? 0 : (field.doubleSibling << 3) | 1,
    plan: null,
    followedBy: null,
  }
}

function wireTypeOf(type: ScalarType): number {
  switch (type) {
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return 1
    case 'string':
    case 'bytes':
    case 'id':
      return 2
    case 'fixed32':
      return 5
    default:
      return 0
  }
}
