import type { RequestAttributes } from '../process/request-context'
import type { Fields } from './fields'

/** The ids of a request as the fields of a line, by the names of its attributes. */
const FIELDS = [
  ['request.id', 'requestId'],
  ['correlation.id', 'correlationId'],
  ['user.id', 'userId'],
  ['tenant.id', 'tenantId'],
] as const

/** Adds the ids to a line that does not say them itself. */
export function addRequest(line: Fields, request: RequestAttributes): void {
  for (const [name, field] of FIELDS) {
    const value = request[name]
    if (value !== undefined && !(field in line)) line[field] = value
  }
}

/**
 * The text of those fields in JSON, each with a comma before it, but for what is among the bindings of a logger, which are such
 * a text themselves, or in the object that is logged.
 */
export function requestJsonOf(
  request: RequestAttributes,
  bindings: string,
  given: unknown,
): string {
  const object = (typeof given === 'object' && given !== null ? given : NONE) as Fields
  const isSaid = (field: string): boolean =>
    object[field] !== undefined || bindings.includes(`"${field}":`)
  if (FIELDS.some(([, field]) => isSaid(field))) return jsonOf(request, isSaid)
  if (request !== last) {
    last = request
    lastJson = jsonOf(request, () => false)
  }
  return lastJson
}

/** Whether a field says what an attribute of the record says already. */
export function isOfRequest(
  request: RequestAttributes | undefined,
  name: string,
  value: unknown,
): boolean {
  if (request === undefined) return false
  return FIELDS.some(([attribute, field]) => field === name && request[attribute] === value)
}

const NONE: object = {}

let last: RequestAttributes | undefined
let lastJson = ''

function jsonOf(request: RequestAttributes, isSaid: (field: string) => boolean): string {
  let json = ''
  for (const [name, field] of FIELDS) {
    const value = request[name]
    if (value !== undefined && !isSaid(field)) json += `,"${field}":${JSON.stringify(value)}`
  }
  return json
}
