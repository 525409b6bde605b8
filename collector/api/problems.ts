import { STATUS_CODES } from 'node:http'
import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify'
import { BadData, Unavailable } from '../errors'
import { pathOf } from './place'
import type { Problem } from './schemas/problem'

/** One faulty parameter, or property of a body: its name, and in `reason` its value and what is allowed. */
export interface Fault {
  readonly name: string
  readonly reason: string
}

/** Parameters that pass their schema and still make no sense. */
export class BadParameters extends BadData {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ name, reason }) => `${name} ${reason}`).join('; '))
    this.faults = faults
  }
}

const CONTENT_TYPE = 'application/problem+json; charset=utf-8'
const RETRY_AFTER_SECONDS = 1
const MAX_SHOWN = 100

/** Answers with a problem document (RFC 9457). */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  detail: string,
  faults: readonly Fault[] = [],
): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    // Without the query: it may hold a token.
    instance: pathOf(request),
    ...(faults.length > 0 ? { errors: [...faults] } : {}),
  }
  return reply.code(status).type(CONTENT_TYPE).send(JSON.stringify(problem))
}

/** Turns whatever a route threw into a problem document. */
export function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, detail, faults } = judgeError(error, request.log)
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS)
  return sendProblem(request, reply, status, detail, faults)
}

/** What a caller is told of whatever a route threw; what is not the caller's to know goes to the log only. */
export function judgeError(
  error: FastifyError | Error,
  log: FastifyBaseLogger,
): { readonly status: number; readonly detail: string; readonly faults?: readonly Fault[] } {
  const faults =
    'validation' in error && error.validation
      ? error.validation.map(faultOf)
      : error instanceof BadParameters
        ? error.faults
        : null
  if (faults !== null) return { status: 400, detail: detailOf(faults), faults }
  if (error instanceof BadData) return { status: 400, detail: error.message }
  if (error instanceof Unavailable) {
    log.warn({ err: error }, 'a question could not be answered')
    return { status: 503, detail: error.message }
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (status >= 400 && status < 500) return { status, detail: error.message }
  log.error({ err: error }, 'a request failed')
  return { status: 500, detail: 'The collector failed to answer; its log says why.' }
}

function detailOf(faults: readonly Fault[]): string {
  return faults.map(({ name, reason }) => `${name} ${reason}`).join('; ')
}

/** What Ajv adds to a fault when it is `verbose`. */
interface Verbose {
  readonly data?: unknown
  readonly parentSchema?: Limits
}

/** The part of a parameter's schema that says what is allowed. */
interface Limits {
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly enum?: readonly string[]
  readonly properties?: object
}

function faultOf(fault: FastifySchemaValidationError & Verbose): Fault {
  const { keyword, params, parentSchema = {} } = fault
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema.properties ?? {}).join(', ')
    return {
      name: String(params['additionalProperty']),
      reason: `is not known; known are ${known}`,
    }
  }
  const within = fault.instancePath.slice(1)
  if (keyword === 'required') {
    const missing = String(params['missingProperty'])
    return { name: within === '' ? missing : `${within}/${missing}`, reason: 'must be given' }
  }
  const name = within === '' ? 'body' : within
  const shown = (JSON.stringify(fault.data) ?? 'nothing').slice(0, MAX_SHOWN)
  return { name, reason: `must be ${allowedBy(parentSchema)}, not ${shown}` }
}

function allowedBy(limits: Limits): string {
  const { type = 'value', minimum, maximum, minLength, maxLength, minItems, maxItems } = limits
  if (limits.enum !== undefined) return `one of ${limits.enum.join(', ')}`
  if (minItems !== undefined) return `a list of ${minItems} to ${maxItems}`
  if (maxItems !== undefined) return `given at most ${maxItems} times`
  if (maxLength !== undefined) return `text of ${minLength ?? 0} to ${maxLength} characters`
  const article = /^[aeiou]/.test(type) ? 'an' : 'a'
  const least = minimum === undefined ? '' : ` from ${minimum}`
  const most = maximum === undefined ? '' : ` to ${maximum}`
  const long = minLength === undefined ? '' : ` of at least ${minLength} character`
  return `${article} ${type}${least}${most}${long}`
}
