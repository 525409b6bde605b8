import { types } from 'node:util'

/** What was thrown, read once: every property may be an accessor of the application's. */
export interface Exception {
  /** The class; empty when it has none, as texts. */
  readonly type: string
  readonly message: string
  /** As V8 made it: this exception's alone. Empty when there is none. */
  readonly stack: string
  readonly code: string | number | undefined
  readonly cause: unknown
  /** Of an aggregate. */
  readonly errors: readonly unknown[]
  /** Undefined when it is no object. */
  readonly thrown: object | undefined
}

/** Longer messages are cut, in the stack too; a collector keeps no more. */
export const LONGEST_MESSAGE = 8_192

/** Reads what was thrown, whatever it is. Never throws. */
export function readException(thrown: unknown): Exception {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) {
    return { ...NOTHING, message: cut(textOf(thrown), LONGEST_MESSAGE) }
  }
  return isError(thrown) ? readError(thrown) : { ...NOTHING, ...nameObject(thrown), thrown }
}

/** Whether it is read as an exception: errors, those of other realms, and what has a message and a name or stack. */
export function isError(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false
  if (types.isNativeError(thrown)) return true
  try {
    if (thrown instanceof Error) return true
  } catch {
    return false
  }
  if (typeof get(thrown, 'message') !== 'string') return false
  return typeof get(thrown, 'stack') === 'string' || typeof get(thrown, 'name') === 'string'
}

/** A property; undefined when reading it throws. */
export function get(object: object, name: string): unknown {
  try {
    return (object as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** The beginning of a text, in whole characters. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length)
}

const NOTHING: Exception = {
  type: '',
  message: '',
  stack: '',
  code: undefined,
  cause: undefined,
  errors: [],
  thrown: undefined,
}

function readError(thrown: object): Exception {
  const told = get(thrown, 'message')
  const whole = typeof told === 'string' ? told : told === undefined ? '' : textOf(told)
  const message = cut(whole, LONGEST_MESSAGE)
  const made = get(thrown, 'stack')
  const stack = typeof made === 'string' ? made : ''
  const type = cut(classOf(thrown), LONGEST_NAME)
  const errors = get(thrown, 'errors')
  return {
    type,
    message,
    stack: message === whole ? stack : withMessage(stack, whole, message),
    code: codeOf(thrown, type),
    cause: causeOf(thrown),
    errors: Array.isArray(errors) ? errors : NOTHING.errors,
    thrown,
  }
}

const LONGEST_NAME = 256

function withMessage(stack: string, whole: string, message: string): string {
  const at = stack.indexOf(whole)
  return at === -1 ? stack : stack.slice(0, at) + message + stack.slice(at + whole.length)
}

/**
 * The name an error gave itself says most; one that is every error's says less than its constructor's. Names that a
 * minifier made and those of Node's own subclasses say nothing.
 */
function classOf(thrown: object): string {
  const own = get(thrown, 'name')
  const name = typeof own === 'string' ? own : ''
  if (name !== '' && !COMMON.has(name)) return name
  const made = constructorOf(thrown)
  if (made.length > 2 && !COMMON.has(made) && !SILENT.has(made)) return made
  return name === '' ? made : name
}

function constructorOf(thrown: object): string {
  const made = get(thrown, 'constructor')
  if (typeof made !== 'function') return ''
  const name = get(made, 'name')
  return typeof name === 'string' ? name : ''
}

const COMMON: ReadonlySet<string> = new Set([
  'Error',
  'error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
])
const SILENT: ReadonlySet<string> = new Set(['NodeError', 'SystemError', 'Object', 'Function'])

/** The number of a DOMException says what its name says. */
function codeOf(thrown: object, type: string): string | number | undefined {
  const code = get(thrown, 'code')
  if (typeof code === 'string') return code === '' ? undefined : cut(code, LONGEST_NAME)
  if (typeof code !== 'number' || !Number.isFinite(code)) return undefined
  return type === 'DOMException' || constructorOf(thrown) === 'DOMException' ? undefined : code
}

/** Errors of the kind of VError have a method that tells it. */
function causeOf(thrown: object): unknown {
  const cause = get(thrown, 'cause')
  if (typeof cause !== 'function') return cause
  try {
    const told: unknown = Reflect.apply(cause, thrown, [])
    return isError(told) ? told : undefined
  } catch {
    return undefined
  }
}

/** Of an object that is no error only what it is called and what its properties are: what they hold may be secret. */
function nameObject(thrown: object): Pick<Exception, 'type' | 'message' | 'code'> {
  if (types.isProxy(thrown)) return { type: '', message: 'a proxy was thrown', code: undefined }
  const made = constructorOf(thrown)
  const type = made === 'Object' || made === 'Function' ? '' : cut(made, LONGEST_NAME)
  const told = get(thrown, 'message')
  const code = codeOf(thrown, type)
  if (typeof told === 'string' && told !== '') {
    return { type, message: cut(told, LONGEST_MESSAGE), code }
  }
  const kind = typeof thrown === 'function' ? 'a function' : 'an object'
  return { type, message: `${kind} was thrown${keysOf(thrown)}`, code }
}

function keysOf(thrown: object): string {
  if (ArrayBuffer.isView(thrown)) return ''
  const keys = Object.keys(thrown)
  if (keys.length === 0) return ''
  const named = keys.slice(0, MOST_KEYS).join(', ')
  return ` with ${cut(named, LONGEST_NAME)}${keys.length > MOST_KEYS ? ', …' : ''}`
}

const MOST_KEYS = 16

function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return ''
  }
}
