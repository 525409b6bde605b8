import { OVERFLOW_NAME } from '../../translate/overflow'
import { contains, hasAttribute, serviceCondition, type Values } from './log-filter'
import { kindCodes, statusCode } from './names'
import { ownModule } from './span'

const NS_PER_MS = 1e6

/** What narrows a question about spans; null and empty: everything. */
export interface SpanFilter {
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
  /** As the API spells it; `internal` is also a kind that was left unspecified. */
  readonly kind: string | null
  readonly status: string | null
  /** Spans of unknown duration have neither. */
  readonly minDurationMs: number | null
  readonly maxDurationMs: number | null
  /** In the name or the status message, whatever the case. */
  readonly text: string | null
  /** All of these; a value that reads as a number or boolean is also found as such. */
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

/** The conditions on rows of `span`, but for service and tenant. */
export function spanConditions(filter: SpanFilter, values: Values): string[] {
  const { module, operation, kind, status, minDurationMs, maxDurationMs, text } = filter
  const conditions: string[] = []
  if (kind !== null) conditions.push(`span.kind in (${kindCodes(kind).join(', ')})`)
  if (status !== null) conditions.push(`span.status = ${statusCode(status)}`)
  if (minDurationMs !== null)
    conditions.push(`span.duration_ns >= ${values.bind(toNs(minDurationMs))}::bigint`)
  if (maxDurationMs !== null)
    conditions.push(`span.duration_ns <= ${values.bind(toNs(maxDurationMs))}::bigint`)
  if (operation !== null) {
    const name = values.bind(operation)
    conditions.push(named(`operation.name = ${name}`, [`span.name = ${name}`]))
  }
  if (module !== null) conditions.push(ofModule(module, values))
  for (const each of filter.attributes) {
    conditions.push(hasAttribute('span.attributes', each, values))
  }
  if (text !== null) {
    const within = (column: string) => contains(column, text, values)
    const others = [within('span.name'), within('span.status_message')]
    conditions.push(named(within('operation.name'), others))
  }
  return conditions
}

/**
 * The condition on `service`: null where every one will do. Few services have an operation or module, or one that stands in
 * for those above the cap.
 */
export function spanServiceCondition(filter: SpanFilter, values: Values): string | null {
  const { module, operation } = filter
  const held = [
    ...(operation === null ? [] : [`name = ${values.bind(operation)}`]),
    ...(module === null ? [] : [`module = ${values.bind(module)}`]),
  ]
  const conditions = [serviceCondition(filter, values)].filter((each) => each !== null)
  if (held.length > 0) {
    const overflow = `(module = '' and name = '${OVERFLOW_NAME}')`
    conditions.push(
      `service.id in (select service_id from sidelight.operation where (${held.join(' and ')}) or ${overflow})`,
    )
  }
  return conditions.length === 0 ? null : conditions.join(' and ')
}

/** The condition that the operation of a span, whose name it has unless it says another, or the span itself fulfils. */
function named(operation: string, own: readonly string[]): string {
  const operations = `select operation.id from sidelight.operation where ${operation}`
  return `((span.name is null and span.operation_id in (${operations})) or ${own.join(' or ')})`
}

function ofModule(module: string, values: Values): string {
  const asked = values.bind(module)
  const own = ownModule(
    `span.attributes -> 'module'`,
    '(select name from sidelight.scope where id = span.scope_id)',
  )
  return `(span.operation_id in (select id from sidelight.operation where module = ${asked})
    or (span.name is not null and span.operation_id in (select id from sidelight.operation where module = '')
      and ${own} = ${asked}))`
}

function toNs(ms: number): string {
  return String(BigInt(Math.round(ms * NS_PER_MS)))
}
