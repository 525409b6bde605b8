import type { AttributeTable } from './attribute-table'
import { names } from './error-occurrence'

const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer']

const ERROR_TYPE = names('error.type')
const HTTP_STATUS = names('http.response.status_code', 'http.status_code')
const GRPC_STATUS = names('rpc.grpc.status_code', 'rpc.response.status_code')
/** What failed, the most telling first; else the name of the span does. */
const OPERATIONS = names('http.route', 'rpc.method', 'db.operation.name')
const MESSAGING = [
  names('messaging.operation.name', 'messaging.operation'),
  names('messaging.destination.template', 'messaging.destination.name'),
] as const
const LONGEST_PART_BYTES = 512

/** Of a server, these say that it failed; the others that it was asked for what cannot be (semantic conventions of RPC). */
const GRPC_ERRORS: ReadonlyMap<string, string> = new Map(
  [
    ['2', 'UNKNOWN'],
    ['4', 'DEADLINE_EXCEEDED'],
    ['12', 'UNIMPLEMENTED'],
    ['13', 'INTERNAL'],
    ['14', 'UNAVAILABLE'],
    ['15', 'DATA_LOSS'],
  ].flatMap(([number = '', name = '']) => [
    [number, name],
    [name, name],
  ]),
)

/** Whether the attributes of a span without an error status say that it failed. A refused request (4xx) did not. */
export function hasFailed(attributes: AttributeTable): boolean {
  const status = Number(attributes.firstText(HTTP_STATUS) ?? 0)
  if (status >= 400 && status < 500) return false
  return attributes.firstText(ERROR_TYPE) !== null || grpcErrorOf(attributes) !== null
}

/** What a failed span is grouped by: kind, operation and error. */
export function failureOf(
  attributes: AttributeTable,
  kind: number,
  spanName: string,
): readonly string[] {
  const operation = attributes.firstText(OPERATIONS, LONGEST_PART_BYTES)
  const [messagingOperation, destination] = MESSAGING.map((wanted) =>
    attributes.firstText(wanted, LONGEST_PART_BYTES),
  )
  const messaging = [messagingOperation, destination]
    .filter((text) => text !== null && text !== undefined)
    .join(' ')
  return [KINDS[kind] ?? '', operation ?? (messaging || spanName), errorOf(attributes)]
}

function errorOf(attributes: AttributeTable): string {
  return (
    attributes.firstText(ERROR_TYPE, LONGEST_PART_BYTES) ??
    grpcErrorOf(attributes) ??
    attributes.firstText(HTTP_STATUS) ??
    'error'
  )
}

function grpcErrorOf(attributes: AttributeTable): string | null {
  const status = attributes.firstText(GRPC_STATUS)
  return status === null ? null : (GRPC_ERRORS.get(status) ?? null)
}
