import type { Value } from './read'

/** What narrows a question about log records; null and empty: everything. */
export interface LogFilter {
  readonly tenant: string | null
  readonly service: string | null
  /** This severity number and those above. */
  readonly minSeverity: number | null
  /** In the body, whatever the case; in the JSON of one that is no string. */
  readonly text: string | null
  /** 32 hex digits. */
  readonly traceId: string | null
  /** 16 hex digits. */
  readonly spanId: string | null
  readonly eventName: string | null
  /** All of these; a value that reads as a number or boolean is also found as such. */
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export const EVERYTHING: LogFilter = {
  tenant: null,
  service: null,
  minSeverity: null,
  text: null,
  traceId: null,
  spanId: null,
  eventName: null,
  attributes: [],
}

/** The severity number errors begin with (OpenTelemetry logs data model, Severity Fields). */
const ERROR = 17

/** Whether records that are no errors are out of the question: an index has the others by service. */
export function isAboutErrors({ minSeverity }: LogFilter): boolean {
  return minSeverity !== null && minSeverity >= ERROR
}

/** The values of a statement under construction. */
export class Values {
  readonly list: Value[] = []

  /** Adds a value and returns the placeholder that stands for it. */
  bind(value: Value): string {
    return `$${this.list.push(value)}`
  }
}

/** The conditions on rows of `log_record` as `log`, but for service and tenant. */
export function logConditions(filter: LogFilter, values: Values): string[] {
  const { minSeverity, text, traceId, spanId, eventName, attributes } = filter
  const conditions: string[] = []
  if (traceId !== null) conditions.push(`log.trace_id = ${values.bind(traceId)}::uuid`)
  if (spanId !== null) conditions.push(`log.span_id = ${values.bind(signedId(spanId))}::bigint`)
  if (minSeverity !== null) {
    conditions.push(`log.severity_number >= ${values.bind(minSeverity)}::integer`)
    // As the index of errors says it: of a parameter Postgres would not know.
    if (isAboutErrors(filter)) conditions.push(`log.severity_number >= ${ERROR}`)
  }
  if (eventName !== null) conditions.push(`log.event_name = ${values.bind(eventName)}`)
  for (const each of attributes) conditions.push(hasAttribute('log.attributes', each, values))
  if (text !== null) {
    conditions.push(contains('coalesce(log.body, log.body_value::text)', text, values))
  }
  return conditions
}

/** The condition that attributes hold a value, as text or as what it reads as. */
export function hasAttribute(
  column: string,
  { key, value }: LogFilter['attributes'][number],
  values: Values,
): string {
  const held = spellings(value).map((spelt) => {
    const object = `{${JSON.stringify(storedKey(key))}:${spelt}}`
    return `${column} @> ${values.bind(object)}::jsonb`
  })
  return `(${held.join(' or ')})`
}

/** The condition on `service`: null where every one will do. */
export function serviceCondition(
  { tenant, service }: Pick<LogFilter, 'tenant' | 'service'>,
  values: Values,
): string | null {
  const conditions: string[] = []
  if (tenant !== null) conditions.push(`service.tenant = ${values.bind(tenant)}`)
  if (service !== null) conditions.push(`service.name = ${values.bind(service)}`)
  return conditions.length === 0 ? null : conditions.join(' and ')
}

/** An attribute's key as it is stored: those of ours begin with one $. */
export function storedKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

/** The condition that a text is in another. Case folded by the C collation is a third of the work of any other, and the same for ASCII. */
export function contains(column: string, text: string, values: Values): string {
  const pattern = values.bind(`%${text.replace(/[\\%_]/g, '\\$&')}%`)
  const isAscii = /^[\0-\x7f]*$/.test(text)
  return `${column} ${isAscii ? 'collate "C" ' : ''}ilike ${pattern}`
}

/** The JSON a value may be stored as. */
function spellings(value: string): string[] {
  const isBoolean = value === 'true' || value === 'false'
  const isNumber =
    /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$/.test(value) && Number.isFinite(Number(value))
  return [JSON.stringify(value), ...(isBoolean || isNumber ? [value] : [])]
}

function signedId(hex: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${hex}`)))
}
