import type { Attributes } from '@opentelemetry/api'
import { redactText } from '../api/secret-texts'
import { describeThrown, redactStack } from '../errors/describe'
import { isError } from '../errors/exception'

/** Fields of a line that are going to be attributes of its record. */
export type Fields = Record<string, unknown>

/** Makes fields that are not there yet: only what is put there, by whatever name, `__proto__` and `constructor` included. */
export function createFields(): Fields {
  return new Nothing() as Fields
}

/** Inherits nothing. An object that has null for a prototype would do the same, four times slower. */
class Nothing {}
Object.setPrototypeOf(Nothing.prototype, null)
Reflect.deleteProperty(Nothing.prototype, 'constructor')

/**
 * Adds a field as JSON would have it, however it is nested: dates and what else knows its own JSON as that, cycles and
 * more than enough left out. An error is described as the exception of the line, if there is none yet.
 */
export function addField(fields: Fields, name: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'boolean') {
    fields[name] = value
  } else if (typeof value === 'number') {
    if (Number.isFinite(value)) fields[name] = value
  } else if (isError(value)) {
    addError(fields, value)
  } else {
    const plain = plainOf(value, name, 0)
    if (plain !== undefined) fields[name] = plain
  }
}

/** Adds what was thrown as the exception of the line; of several the first. */
export function addError(fields: Fields, thrown: unknown): void {
  if (hasException(fields)) return
  Object.assign(fields, describeThrown(thrown))
}

/** Adds an error that a serializer has made an object of; as it is, when it is no such object. */
export function addSerializedError(fields: Fields, name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || isError(value) === false) {
    addField(fields, name, value)
    return
  }
  if (hasException(fields)) return
  const { type, name: called, message, stack, code } = value as Record<string, unknown>
  const exception: Attributes = {}
  const told = typeof type === 'string' ? type : called
  if (typeof told === 'string') exception['exception.type'] = told
  if (typeof message === 'string') exception['exception.message'] = redactText(message)
  if (typeof stack === 'string') exception['exception.stacktrace'] = redactStack(stack)
  if (typeof code === 'string' || typeof code === 'number') exception['exception.code'] = code
  Object.assign(fields, exception)
}

/** Whether a line tells of an error. */
export function hasException(fields: Fields): boolean {
  return 'exception.type' in fields || 'exception.message' in fields
}

const DEEPEST = 6
const MOST_ITEMS = 128

/** A copy without anything but what JSON has; undefined for what it has not. */
function plainOf(value: unknown, key: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? undefined : objectOf(value, key, depth)
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined
  }
}

function objectOf(object: object, key: string, depth: number): unknown {
  if (depth === DEEPEST) return undefined
  try {
    const { toJSON } = object as { toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const told: unknown = Reflect.apply(toJSON, object, [key])
      return told === object ? undefined : plainOf(told, key, depth + 1)
    }
    if (ArrayBuffer.isView(object)) return undefined
    if (Array.isArray(object)) {
      return object.slice(0, MOST_ITEMS).map((item: unknown) => plainOf(item, '', depth + 1) ?? '')
    }
    const copy = createFields()
    let items = 0
    for (const name of Object.keys(object)) {
      if (items++ === MOST_ITEMS) break
      const plain = plainOf((object as Fields)[name], name, depth + 1)
      if (plain !== undefined) copy[name] = plain
    }
    return copy
  } catch {
    // An accessor of the application's, or a proxy.
    return undefined
  }
}
