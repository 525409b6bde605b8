import { isSecretHeader, judgeName, NAME, type NameVerdict } from './secret-names'
import { mayHoldSecret, REDACTED, redactText } from './secret-texts'

export { redactText } from './secret-texts'

/**
 * Returns the value with its secrets replaced by `[redacted]`: fields with names such as `password`, `accessToken`,
 * `x-api-key`, `authorization` or `cookie` at any depth, and secrets in texts (see `redactText`). Goes through objects, arrays,
 * maps, sets, and errors with their messages, stacks, causes and fields. Changes nothing of what it was given: what holds a
 * secret is copied, anything else is returned as it is. What lies deeper than 12 levels or beyond 10,000 values is
 * `[truncated]`, what cannot be read `[unreadable]`. Never throws.
 *
 * @example
 * import { redact } from 'sidelight'
 *
 * console.log(JSON.stringify(redact({ user: 'ada', password: 'hunter2', headers: { cookie: 'sid=1' } })))
 * // prints {"user":"ada","password":"[redacted]","headers":{"cookie":"[redacted]"}}
 */
export function redact<T>(value: T): T {
  if (typeof value === 'string') return redactText(value) as T
  if (typeof value !== 'object' || value === null) return value
  if (isClean(value, 0, { left: MOST_VALUES, seen: undefined })) return value
  return copyOf(value, 0, { left: MOST_VALUES, copies: new Map() }) as T
}

const DEEPEST = 12
const MOST_VALUES = 10_000
const TRUNCATED = '[truncated]'
const UNREADABLE = '[unreadable]'

interface Search {
  left: number
  seen: Set<object> | undefined
}

/** False when there is a secret, or something that cannot be read to the end. */
function isClean(object: object, depth: number, search: Search): boolean {
  try {
    if (Object.getPrototypeOf(object) === Object.prototype) {
      const isClean = isCleanRecord(object as Record<string, unknown>, depth, search)
      if (isClean !== undefined) return isClean
    }
    if (Array.isArray(object)) return isCleanList(object, depth, search)
    if (isOpaque(object)) return true
    if (isErrorLike(object)) return isCleanError(object, depth, search)
    if (object instanceof Map) return isCleanMap(object, depth, search)
    if (object instanceof Set) return isCleanList([...(object as Set<unknown>)], depth, search)
    const json = jsonOf(object)
    if (json !== object) return isCleanValue(json, NAME.open, depth, search)
    return isCleanRecord(object as Record<string, unknown>, depth, search) ?? true
  } catch {
    return false
  }
}

/** Undefined when it has a JSON of its own. */
function isCleanRecord(
  record: Record<string, unknown>,
  depth: number,
  search: Search,
): boolean | undefined {
  for (const name in record) {
    const verdict = judgeName(name)
    const value = record[name]
    if (verdict === NAME.told) {
      if (!isCleanValue(value, verdictBeside(record), depth, search)) return false
    } else if (verdict === NAME.json) {
      if (typeof value === 'function') return undefined
    } else if (!isCleanValue(value, verdict, depth, search)) return false
  }
  return true
}

function isCleanValue(
  value: unknown,
  verdict: NameVerdict,
  depth: number,
  search: Search,
): boolean {
  switch (typeof value) {
    case 'string':
      return verdict === NAME.open
        ? !mayHoldSecret(value) || redactText(value) === value
        : value === ''
    case 'number':
    case 'bigint':
      return verdict !== NAME.secret
    case 'object': {
      if (value === null) return true
      if (verdict === NAME.secret || verdict === NAME.countable) return false
      if (depth === DEEPEST || --search.left < 0) return false
      const seen = (search.seen ??= new Set())
      if (seen.has(value)) return true
      seen.add(value)
      return isClean(value, depth + 1, search)
    }
    case 'boolean':
    case 'undefined':
    case 'function':
    case 'symbol':
      return true
  }
}

function isCleanList(list: readonly unknown[], depth: number, search: Search): boolean {
  search.left -= list.length
  if (search.left < 0) return false
  for (let at = 0; at < list.length; at++) {
    if (!isCleanValue(list[at], verdictOfItem(list, at), depth, search)) return false
  }
  return true
}

function isCleanMap(map: Map<unknown, unknown>, depth: number, search: Search): boolean {
  search.left -= map.size
  if (search.left < 0) return false
  for (const [key, value] of map) {
    const verdict = typeof key === 'string' ? judgeName(key) : NAME.open
    if (!isCleanValue(value, verdict === NAME.told ? NAME.open : verdict, depth, search))
      return false
    if (!isCleanValue(key, NAME.open, depth, search)) return false
  }
  return true
}

function isCleanError(error: Error, depth: number, search: Search): boolean {
  for (const name of HIDDEN) {
    if (name in error && !isCleanValue(error[name as 'cause'], NAME.open, depth, search))
      return false
  }
  return isCleanRecord(error as unknown as Record<string, unknown>, depth, search) ?? false
}

interface Copying {
  left: number
  readonly copies: Map<object, unknown>
}

function copyOf(object: object, depth: number, copying: Copying): unknown {
  const made = copying.copies.get(object)
  if (made !== undefined) return made
  try {
    if (isOpaque(object)) return object
    if (Array.isArray(object)) return copyOfList(object, [], depth, copying)
    if (isErrorLike(object)) return copyOfError(object, depth, copying)
    if (object instanceof Map) return copyOfMap(object, depth, copying)
    if (object instanceof Set) {
      const items = copyOfList([...(object as Set<unknown>)], [], depth, copying)
      return new Set(items)
    }
    const json = jsonOf(object)
    if (json !== object) return copyOfValue(json, NAME.open, depth, copying)
    const copy = Object.create(Object.getPrototypeOf(object) as object | null) as object
    copying.copies.set(object, copy)
    return copyFields(object, copy, depth, copying)
  } catch {
    return UNREADABLE
  }
}

function copyOfValue(
  value: unknown,
  verdict: NameVerdict,
  depth: number,
  copying: Copying,
): unknown {
  if (typeof value === 'string') {
    if (verdict === NAME.open || value === '') return redactText(value)
    return REDACTED
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return verdict === NAME.secret ? REDACTED : value
  }
  if (typeof value !== 'object' || value === null) return value
  if (verdict === NAME.secret || verdict === NAME.countable) return REDACTED
  if (depth === DEEPEST || --copying.left < 0) return TRUNCATED
  return copyOf(value, depth + 1, copying)
}

function copyFields(from: object, to: object, depth: number, copying: Copying): object {
  for (const name of Object.keys(from))
    define(to, name, copyOfField(from, name, depth, copying), true)
  return to
}

function copyOfField(from: object, name: string, depth: number, copying: Copying): unknown {
  try {
    const record = from as Record<string, unknown>
    const verdict = judgeName(name)
    return copyOfValue(
      record[name],
      verdict === NAME.told ? verdictBeside(record) : verdict,
      depth,
      copying,
    )
  } catch {
    return UNREADABLE
  }
}

function copyOfList(
  list: readonly unknown[],
  copy: unknown[],
  depth: number,
  copying: Copying,
): unknown[] {
  copying.copies.set(list, copy)
  for (let at = 0; at < list.length; at++) {
    if (copying.left-- < 0) {
      copy.push(TRUNCATED)
      break
    }
    copy.push(copyOfValue(list[at], verdictOfItem(list, at), depth, copying))
  }
  return copy
}

function copyOfMap(map: Map<unknown, unknown>, depth: number, copying: Copying): unknown {
  const copy = new Map<unknown, unknown>()
  copying.copies.set(map, copy)
  for (const [key, value] of map) {
    if (copying.left-- < 0) break
    const verdict = typeof key === 'string' ? judgeName(key) : NAME.open
    copy.set(
      copyOfValue(key, NAME.open, depth, copying),
      copyOfValue(value, verdict === NAME.told ? NAME.open : verdict, depth, copying),
    )
  }
  return copy
}

/** An error of the same class, as far as anything asks that looks at its prototype. */
function copyOfError(error: Error, depth: number, copying: Copying): unknown {
  const copy = Object.create(Object.getPrototypeOf(error) as object | null) as object
  copying.copies.set(error, copy)
  for (const name of [...HIDDEN, 'name']) {
    const own = Object.getOwnPropertyDescriptor(error, name)
    if (own === undefined && (name !== 'stack' || !(name in error))) continue
    if (own?.enumerable === true) continue
    define(copy, name, copyOfField(error, name, depth, copying), false)
  }
  return copyFields(error, copy, depth, copying)
}

/** What errors have without listing it. */
const HIDDEN = ['message', 'stack', 'cause', 'errors']

function define(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}

function isErrorLike(object: object): object is Error {
  return object instanceof Error || Object.prototype.toString.call(object) === '[object Error]'
}

/** Bytes, and what has no fields to be read. */
function isOpaque(object: object): boolean {
  return (
    ArrayBuffer.isView(object) ||
    object instanceof Date ||
    object instanceof Promise ||
    object instanceof ArrayBuffer
  )
}

/** What it is in JSON, if it says so itself. */
function jsonOf(object: object): unknown {
  const { toJSON } = object as { toJSON?: unknown }
  return typeof toJSON === 'function' ? (Reflect.apply(toJSON, object, ['']) as unknown) : object
}

/** Of a `value`, by the name beside it. */
function verdictBeside(record: Record<string, unknown>): NameVerdict {
  const name = record['name'] ?? record['key']
  const verdict = typeof name === 'string' ? judgeName(name) : NAME.open
  return verdict === NAME.told ? NAME.open : verdict
}

/** Lists of headers have names and values in turn: `['authorization', 'Bearer ...']`. */
function verdictOfItem(list: readonly unknown[], at: number): NameVerdict {
  if (at % 2 === 0 || typeof list[at] !== 'string') return NAME.open
  const before = list[at - 1]
  return typeof before === 'string' && isSecretHeader(before) ? NAME.secret : NAME.open
}
