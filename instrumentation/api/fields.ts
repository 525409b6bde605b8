import type { AnyValue, AnyValueMap } from '@opentelemetry/api-logs'
import { LONGEST, refuse } from './argument'
import { ATTRIBUTE } from './attributes'
import { redact } from './redaction'
import { judgeName, NAME } from './secret-names'

/**
 * What an application adds in its own words, as attributes: without secrets, texts of 1,024 characters, 64 fields of 128
 * values and four levels at most, and nothing but what JSON has. `known` are those the caller reads itself. Names that
 * begin with `sidelight.` are not the application's.
 */
export function readFields(
  caller: string,
  given: object,
  known: Readonly<Record<string, unknown>>,
): AnyValueMap {
  const fields: AnyValueMap = {}
  let count = 0
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue
    if (name.startsWith(OURS) || name === '' || name.length > LONGEST.name) {
      refuse(
        caller,
        'names of fields',
        `of 1 to ${LONGEST.name} characters and not begin with ${OURS}`,
      )
      continue
    }
    if (count++ === MOST_FIELDS) {
      refuse(caller, 'the number of fields', `at most ${MOST_FIELDS}`)
      break
    }
    const value = plainOf((given as Record<string, unknown>)[name], 0, { left: MOST_VALUES })
    if (value !== undefined) fields[NAMES[name] ?? name] = value
  }
  return count === 0 ? fields : redact(fields)
}

/** One value in the application's own words; its name may say that it is a secret. */
export function readField(name: string, value: unknown): AnyValue {
  const plain = plainOf(value, 0, { left: MOST_VALUES })
  if (judgeName(name) !== NAME.open) return redact({ [name]: plain })[name]
  return redact(plain)
}

/** What is called otherwise everywhere else. */
const NAMES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  requestId: ATTRIBUTE.requestId,
  correlationId: ATTRIBUTE.correlationId,
  userId: ATTRIBUTE.userId,
  tenantId: ATTRIBUTE.tenantId,
}

const OURS = 'sidelight.'
const MOST_FIELDS = 64
/** In one field, however it is nested. */
const MOST_VALUES = 128
const DEEPEST = 4

interface Budget {
  left: number
}

/** A copy; undefined for what cannot be told. */
function plainOf(value: unknown, depth: number, budget: Budget): AnyValue {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST.text ? value.slice(0, LONGEST.text) : value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'boolean':
      return value
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? undefined : copyOf(value, depth, budget)
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined
  }
}

function copyOf(object: object, depth: number, budget: Budget): AnyValue {
  if (depth === DEEPEST) return undefined
  try {
    if (object instanceof Error) {
      return { type: object.name, message: plainOf(object.message, depth, budget) }
    }
    const { toJSON } = object as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      return plainOf(Reflect.apply(toJSON, object, []), depth + 1, budget)
    }
    if (ArrayBuffer.isView(object)) return undefined
    return Array.isArray(object)
      ? copyOfList(object, depth, budget)
      : copyOfRecord(object, depth, budget)
  } catch {
    // An accessor of the application's, or a proxy.
    return undefined
  }
}

function copyOfList(list: readonly unknown[], depth: number, budget: Budget): AnyValue {
  const copy: AnyValue[] = []
  for (const item of list) {
    if (budget.left-- <= 0) break
    copy.push(plainOf(item, depth + 1, budget) ?? null)
  }
  return copy
}

function copyOfRecord(record: object, depth: number, budget: Budget): AnyValue {
  const copy: AnyValueMap = {}
  for (const name of Object.keys(record)) {
    if (budget.left-- <= 0) break
    const value = plainOf((record as Record<string, unknown>)[name], depth + 1, budget)
    if (value !== undefined && name.length <= LONGEST.name) copy[name] = value
  }
  return copy
}
