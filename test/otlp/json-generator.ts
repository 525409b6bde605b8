import { Enum, Type, type Field } from 'protobufjs'

/** A seeded source of randomness (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}

/** A message as `decodeMessage` returns it, and one of the many OTLP/JSON texts that mean it. */
export interface Generated {
  readonly message: Record<string, unknown>
  readonly json: string
}

interface Value {
  readonly value: unknown
  readonly json: string
}

const IDS = new Set(['traceId', 'spanId', 'parentSpanId'])
const SIGNED_64 = [
  0n,
  1n,
  -1n,
  9007199254740993n,
  1640995200000000123n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
const UNSIGNED_64 = [0n, 1n, 4294967296n, 9007199254740993n, 1640995200000000123n, 2n ** 64n - 1n]
const DOUBLES = [
  0,
  1,
  0.5,
  -12.25,
  0.1 + 0.2,
  5e-324,
  1.7976931348623157e308,
  1e21,
  -1e-7,
  NaN,
  -Infinity,
]
const TEXTS = [
  '',
  'a',
  'GET /orders',
  'grüße, 世界 🌍',
  '"quoted" \\ back\\slash/',
  'tab\tnew\nline',
  '\u0000\u001f\u007f',
]
const UNKNOWN = [
  '1',
  '-2.5e-3',
  'true',
  'null',
  '"\\u0041}"',
  '{}',
  '[]',
  '{"a":[{"b":[[]]},"]"],"c":{}}',
]
const SPACES = ['', '', '', ' ', '\n\t', '\r\n  ']

/** Generates a message of `type`; `depth` is how many levels of optional messages may still follow. */
export function generate(random: Random, type: Type, depth = 9): Generated {
  const message: Record<string, unknown> = {}
  const members: string[] = []
  const chosen = new Set(type.oneofsArray.map((oneof) => random.pick(oneof.fieldsArray)))
  for (const field of type.fieldsArray) {
    const isChosen = !field.partOf || chosen.has(field)
    if (!isChosen || random.chance(0.3) || (depth <= 0 && isMessage(field))) {
      if (random.chance(0.05)) members.push(member(random, field.name, 'null'))
      continue
    }
    const { value, json } = generateField(random, field.resolve(), depth)
    if (!isDropped(field, value)) message[field.name] = value
    members.push(member(random, field.name, json))
  }
  while (random.chance(0.15)) {
    members.push(member(random, `x${random.below(99)}`, random.pick(UNKNOWN)))
  }
  shuffle(random, members)
  return { message, json: `{${space(random)}${members.join(`,${space(random)}`)}${space(random)}}` }
}

function generateField(random: Random, field: Field, depth: number): Value {
  if (!field.repeated) return generateValue(random, field, depth)
  const items = Array.from({ length: random.below(4) }, () => generateValue(random, field, depth))
  return {
    value: items.map(({ value }) => value),
    json: `[${space(random)}${items.map(({ json }) => json).join(`${space(random)},`)}]`,
  }
}

function generateValue(random: Random, field: Field, depth: number): Value {
  if (field.resolvedType instanceof Type) {
    const { message, json } = generate(random, field.resolvedType, depth - 1)
    return { value: message, json }
  }
  if (field.resolvedType instanceof Enum) return integer(random, BigInt(random.below(6)), Number)
  switch (field.type) {
    case 'string': {
      const value = random.pick(TEXTS).repeat(random.chance(0.02) ? 300 : 1)
      return { value, json: text(random, value) }
    }
    case 'bytes':
      return bytes(random, field.name)
    case 'bool': {
      const value = random.chance(0.5)
      return { value, json: String(value) }
    }
    case 'double': {
      const value = random.chance(0.5) ? random.pick(DOUBLES) : (random.next() - 0.5) * 1e6
      const isQuoted = !Number.isFinite(value) || random.chance(0.2)
      return { value, json: isQuoted ? `"${value}"` : String(value) }
    }
    case 'int64':
    case 'sfixed64':
      return integer(random, random.pick(SIGNED_64), String)
    case 'uint64':
    case 'fixed64':
      return integer(random, random.pick(UNSIGNED_64), String)
    case 'int32':
    case 'sint32':
      return integer(random, random.pick([0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n)]), Number)
    case 'uint32':
    case 'fixed32':
      return integer(random, random.pick([0n, 257n, 2n ** 31n, 2n ** 32n - 1n]), Number)
    default:
      throw new Error(`cannot generate a ${field.type}`)
  }
}

function integer(random: Random, value: bigint, read: (text: string) => unknown): Value {
  const plain = String(value)
  const forms = [
    plain,
    plain,
    plain,
    `${plain}.0`,
    value === 0n ? '0e-9' : `${plain}0e-1`,
    `${plain}E0`,
  ]
  const form = random.pick(forms)
  return { value: read(plain), json: random.chance(0.5) ? `"${form}"` : form }
}

function bytes(random: Random, name: string): Value {
  const isId = IDS.has(name)
  const size = isId ? random.pick([0, 8, 16, 16, 15]) : random.below(300)
  const value = Buffer.from(Array.from({ length: size }, () => random.below(256)))
  if (isId) {
    const hex = value.toString('hex')
    return { value, json: `"${random.chance(0.5) ? hex.toUpperCase() : hex}"` }
  }
  const standard = value.toString('base64')
  const forms = [standard, standard.replaceAll('=', ''), value.toString('base64url')]
  return { value, json: `"${random.pick([...forms, standard.replaceAll('/', '\\/')])}"` }
}

function text(random: Random, value: string): string {
  const json = JSON.stringify(value)
  if (random.chance(0.7)) return json
  const escaped = Array.from({ length: value.length }, (_, index) => {
    const unit = value.charCodeAt(index).toString(16).padStart(4, '0')
    return `\\u${random.chance(0.5) ? unit : unit.toUpperCase()}`
  })
  return `"${escaped.join('')}"`
}

function member(random: Random, name: string, json: string): string {
  const key = random.chance(0.03) ? text(random, name) : `"${name}"`
  return `${key}${space(random)}:${space(random)}${json}`
}

function space(random: Random): string {
  return random.chance(0.9) ? '' : random.pick(SPACES)
}

function shuffle(random: Random, items: unknown[]): void {
  if (random.chance(0.3)) return
  for (let index = items.length - 1; index > 0; index--) {
    const other = random.below(index + 1)
    ;[items[index], items[other]] = [items[other], items[index]]
  }
}

function isMessage(field: Field): boolean {
  return field.resolve().resolvedType instanceof Type
}

/** Decoding does not tell a default from an absent field, but for messages, oneofs and `optional` ones. */
function isDropped(field: Field, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (field.partOf || field.resolvedType instanceof Type) return false
  if (Buffer.isBuffer(value)) return value.length === 0
  return Object.is(value, 0) || value === '0' || value === '' || value === false
}
