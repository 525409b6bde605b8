import { hostname } from 'node:os'
import { createFields, type Fields } from './fields'

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

/** What is known of a logger, and looked at again when the logger has changed. */
export interface PinoKnowledge {
  readonly symbols: PinoSymbols
  /** The bindings as text and as fields. */
  text: string
  fields: Fields
  traits: Traits | undefined
}

/** Throws when it is no logger of pino. */
export function knowledgeOf(logger: PinoLogger): PinoKnowledge {
  if (logger === last?.logger) return last.known
  let known = knowledge.get(logger)
  if (known === undefined) {
    known = { symbols: findSymbols(logger), text: '', fields: createFields(), traits: undefined }
    knowledge.set(logger, known)
  }
  last = { logger, known }
  return known
}

const knowledge = new WeakMap<object, PinoKnowledge>()
/** Mostly the next line is of the same logger. */
let last: { readonly logger: PinoLogger; readonly known: PinoKnowledge } | undefined

/** Finds the symbols a logger has its parts behind; those of another copy of pino are others. A child has its parent's. */
function findSymbols(logger: PinoLogger): PinoSymbols {
  const parent = knowledge.get(Object.getPrototypeOf(logger) as object)
  if (parent !== undefined) return parent.symbols
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
  return {
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
}

/** The bindings of a logger and those it is a child of, as pino has serialized and redacted them, but for what the resource says. */
export function bindingsOf(logger: PinoLogger, known: PinoKnowledge): Fields {
  const text = logger[known.symbols.chindings] as string
  if (known.text === text) return known.fields
  const parent = knowledge.get(Object.getPrototypeOf(logger) as object)
  // Mostly a child has what its parent has, and a field or two more.
  const isChild = parent !== undefined && text.startsWith(parent.text)
  const own = isChild ? text.slice(parent.text.length) : text
  const fields = createFields()
  if (isChild) Object.assign(fields, parent.fields)
  if (own !== '') {
    const parsed = JSON.parse(`{${own.slice(1)}}`) as Fields
    for (const [name, value] of Object.entries(parsed)) {
      if (value === null || (name === 'pid' && value === process.pid)) continue
      if (name === 'hostname' && value === HOST) continue
      fields[name] = value
    }
  }
  known.text = text
  known.fields = fields
  return fields
}

/** What the lines of a logger are made by, looked at again when it is set anew. */
export function traitsOf(logger: PinoLogger, known: PinoKnowledge): Traits {
  const { symbols, traits } = known
  if (
    traits !== undefined &&
    traits.serializers === logger[symbols.serializers] &&
    traits.stringifiers === logger[symbols.stringifiers] &&
    traits.formatters === logger[symbols.formatters] &&
    traits.hooks === logger[symbols.hooks]
  ) {
    return traits
  }
  known.traits = readTraits(logger, symbols)
  return known.traits
}

const HOST = hostname()
const NONE = Symbol('none')

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
