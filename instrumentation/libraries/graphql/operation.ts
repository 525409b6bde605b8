import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { recordThrown } from '../../errors/describe'
import { isSuppressed } from '../http/called'
import { Recent } from '../recent'
import { withoutLiterals } from './document'

const tracer = trace.getTracer('sidelight/graphql')

/** An operation while it is executed. It is ended once; nothing of it throws. */
export class Operation {
  /** The one its resolvers run in. */
  readonly context: Context
  readonly #span: Span
  #ended = false

  constructor({ name, attributes }: Plan) {
    const caller = context.active()
    this.#span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, caller)
    this.context = trace.setSpan(caller, this.#span)
  }

  /** With what `execute` or `subscribe` came to: a result, or a stream of results. */
  finish(result: unknown): void {
    this.#end(() => {
      const { errors, initialResult } = (result ?? {}) as Result
      const all = errors ?? initialResult?.errors
      if (Array.isArray(all)) this.#record(all as GraphqlError[])
    })
  }

  fail(thrown: unknown): void {
    this.#end(() => {
      this.#recordFailure([thrown])
    })
  }

  /** Only what has come of executing: the others say that the request could not be understood, and may quote it. */
  #record(errors: readonly GraphqlError[]): void {
    const raised = errors.filter(({ path, originalError }) => path ?? originalError)
    if (raised.length > 0) this.#recordFailure(raised.map((error) => error.originalError ?? error))
  }

  #recordFailure(all: readonly unknown[]): void {
    const [first] = all
    for (const thrown of all.slice(0, MAX_ERRORS)) recordThrown(this.#span, thrown)
    const type = first instanceof Error ? first.constructor.name || first.name : '_OTHER'
    this.#span.setAttribute('error.type', type)
    const message = first instanceof Error ? first.message : String(first)
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message })
  }

  #end(describe: () => void): void {
    if (this.#ended) return
    this.#ended = true
    try {
      if (this.#span.isRecording()) describe()
    } catch {
      // A result of another shape.
    }
    this.#span.end()
  }
}

/** Of one operation: a list of a thousand items may have a thousand errors of one kind. */
const MAX_ERRORS = 5

interface GraphqlError {
  readonly path?: unknown
  readonly originalError?: unknown
}

interface Result {
  readonly errors?: unknown
  readonly initialResult?: { readonly errors?: unknown }
}

/** Begins it; undefined if what is given is no operation, or telemetry itself is at work. */
export function beginOperation(document: unknown, operationName: unknown): Operation | undefined {
  try {
    if (isSuppressed()) return undefined
    const plan = planOf(document as Document, operationName)
    return plan === undefined ? undefined : new Operation(plan)
  } catch {
    return undefined
  }
}

interface Plan {
  readonly name: string
  readonly attributes: Attributes
}

interface Document {
  readonly definitions: readonly {
    readonly kind: string
    readonly operation?: string
    readonly name?: { readonly value: string }
  }[]
  readonly loc?: { readonly source?: { readonly body?: string } }
}

const plans = new Recent<Plan>(500)

function planOf(document: Document, wanted: unknown): Plan | undefined {
  const body = document.loc?.source?.body
  const key =
    body === undefined || body.length > LONGEST_KEY ? undefined : `${String(wanted)} ${body}`
  const known = key === undefined ? undefined : plans.get(key)
  if (known !== undefined) return known
  const operation = document.definitions.find(
    ({ kind, name }) =>
      kind === 'OperationDefinition' &&
      (typeof wanted !== 'string' || wanted === '' || name?.value === wanted),
  )
  if (operation?.operation === undefined) return undefined
  const attributes: Attributes = { 'graphql.operation.type': operation.operation }
  const name = operation.name?.value
  if (name !== undefined) attributes['graphql.operation.name'] = name
  if (body !== undefined) attributes['graphql.document'] = withoutLiterals(body)
  const plan = { name: spanNameOf(operation.operation, name), attributes }
  if (key !== undefined) plans.set(key, plan)
  return plan
}

const LONGEST_KEY = 10_000

/** Clients name operations as they like: of the names that no longer fit, the span has only the type. */
function spanNameOf(type: string, name: string | undefined): string {
  if (name === undefined || name.length > LONGEST_NAME) return type
  if (!names.has(name)) {
    if (names.size >= MAX_NAMES) return type
    names.add(name)
  }
  return `${type} ${name}`
}

const names = new Set<string>()
const MAX_NAMES = 500
const LONGEST_NAME = 100
