import { hostname } from 'node:os'
import type { Fields } from './fields'

/** A logger of pino, of which most is behind symbols. */
export interface PinoLogger {
  [key: symbol]: unknown
  readonly levels?: { readonly labels?: Readonly<Record<number, string>> }
}

/** The symbols of one copy of pino. */
export interface PinoSymbols {
  readonly chindings: symbol
  readonly lsCache: symbol
  readonly serializers: symbol
  readonly stringifiers: symbol
  readonly formatters: symbol
  readonly hooks: symbol
  readonly messageKey: symbol
  readonly errorKey: symbol
  readonly nestedKey: symbol
  readonly stream: symbol
}

/** What lines of a logger are made by. */
export interface Traits {
  readonly serializers: Readonly<Record<string, unknown>>
  readonly stringifiers: object
  readonly formatters: object
  readonly hooks: unknown
  /** Whether plain values get into the line as they are. */
  readonly isPlain: boolean
  readonly messageKey: string
  readonly errorKey: string
  /** Whether errors are told by pino's own serializer. */
  readonly isErrorStandard: boolean
  readonly nestedKey: string | undefined
  readonly streamWrite: ((text: string) => unknown) | undefined
  /** Whether a field is censored, or something in it. */
  readonly isRedacted: (name: string) => boolean
}

/** Finds the symbols a logger has its parts behind; those of another copy of pino are others. Throws when it is no logger. */
export function findSymbols(logger: PinoLogger): PinoSymbols {
  const known = symbolsOf.get(logger)
  if (known !== undefined) return known
  const found = new Map<string, symbol>()
  for (
    let at: object | null = logger;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const symbol of Object.getOwnPropertySymbols(at)) {
      const name = symbol.description ?? ''
      if (name.startsWith('pino.') && !found.has(name)) found.set(name, symbol)
    }
  }
  const symbol = (name: string): symbol => found.get(`pino.${name}`) ?? NONE
  if (symbol('chindings') === NONE) throw new TypeError('cannot read the logger: it is not of pino')
  const symbols = {
    chindings: symbol('chindings'),
    lsCache: symbol('lsCache'),
    serializers: symbol('serializers'),
    stringifiers: symbol('stringifiers'),
    formatters: symbol('formatters'),
    hooks: symbol('hooks'),
    messageKey: symbol('messageKey'),
    errorKey: symbol('errorKey'),
    nestedKey: symbol('nestedKey'),
    stream: symbol('stream'),
  }
  symbolsOf.set(logger, symbols)
  return symbols
}

/** The bindings of a logger and those it is a child of, as pino has serialized and redacted them, but for what the resource says. */
export function bindingsOf(logger: PinoLogger, { chindings }: PinoSymbols): Fields {
  const text = logger[chindings] as string
  const known = bindings.get(logger)
  if (known?.text === text) return known.fields
  const parent = bindings.get(Object.getPrototypeOf(logger) as object)
  // Mostly a child has what its parent has, and a field or two more.
  const isChild = parent !== undefined && text.startsWith(parent.text)
  const own = isChild ? text.slice(parent.text.length) : text
  const fields: Fields = isChild ? { ...parent.fields } : {}
  if (own !== '') {
    const parsed = JSON.parse(`{${own.slice(1)}}`) as Fields
    for (const [name, value] of Object.entries(parsed)) {
      if (value === null || (name === 'pid' && value === process.pid)) continue
      if (name === 'hostname' && value === HOST) continue
      fields[name] = value
    }
  }
  bindings.set(logger, { text, fields })
  return fields
}

/** What the lines of a logger are made by, looked at again when it is set anew. */
export function traitsOf(logger: PinoLogger, symbols: PinoSymbols): Traits {
  const known = traits.get(logger)
  if (
    known !== undefined &&
    known.serializers === logger[symbols.serializers] &&
    known.stringifiers === logger[symbols.stringifiers] &&
    known.formatters === logger[symbols.formatters] &&
    known.hooks === logger[symbols.hooks]
  ) {
    return known
  }
  const fresh = readTraits(logger, symbols)
  traits.set(logger, fresh)
  return fresh
}

const HOST = hostname()
const NONE = Symbol('none')
const symbolsOf = new WeakMap<object, PinoSymbols>()
const bindings = new WeakMap<object, { readonly text: string; readonly fields: Fields }>()
const traits = new WeakMap<object, Traits>()

function readTraits(logger: PinoLogger, symbols: PinoSymbols): Traits {
  const serializers = (logger[symbols.serializers] ?? {}) as Record<string, unknown>
  const stringifiers = (logger[symbols.stringifiers] ?? {}) as object
  const formatters = (logger[symbols.formatters] ?? {}) as { log?: unknown }
  const hooks = logger[symbols.hooks] as { streamWrite?: unknown } | undefined
  const nestedKey = logger[symbols.nestedKey]
  const messageKey = textOr(logger[symbols.messageKey], 'msg')
  const errorKey = textOr(logger[symbols.errorKey], 'err')
  const write = hooks?.streamWrite
  const streamWrite = typeof write === 'function' ? (write as Traits['streamWrite']) : undefined
  const hasNested = typeof nestedKey === 'string' && nestedKey !== ''
  const isWildcard = Object.getOwnPropertySymbols(stringifiers).some(
    ({ description }) => description === 'pino.wildcardFirst',
  )
  const isRedacting = isWildcard || Object.keys(stringifiers).length > 0
  const isFormatted = typeof formatters.log === 'function'
  return {
    serializers,
    stringifiers,
    formatters,
    hooks,
    isPlain:
      !isRedacting &&
      !isFormatted &&
      !hasNested &&
      streamWrite === undefined &&
      serializers[messageKey] === undefined &&
      Object.getOwnPropertySymbols(serializers).length === 0,
    messageKey,
    errorKey,
    isErrorStandard:
      !isFormatted &&
      streamWrite === undefined &&
      isStandard(serializers[errorKey] ?? serializers['err']),
    nestedKey: hasNested ? nestedKey : undefined,
    streamWrite,
    isRedacted: (name) => isWildcard || Object.hasOwn(stringifiers, name),
  }
}

function isStandard(serializer: unknown): boolean {
  return typeof serializer === 'function' && serializer.name === 'errSerializer'
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}
