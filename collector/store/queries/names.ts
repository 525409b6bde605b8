const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const STATUSES = ['unset', 'ok', 'error']

/** A span kind as the API spells it; a number OTLP has not named yet stays a number. */
export function kindName(kind: number): string {
  return KINDS[kind] ?? String(kind)
}

/** A status code as the API spells it; a number OTLP has not named yet stays a number. */
export function statusName(status: number): string {
  return STATUSES[status] ?? String(status)
}

/** The numbers of a kind the API has spelt: one left unspecified means internal (OTLP, Span.SpanKind). */
export function kindCodes(kind: string): readonly number[] {
  const code = KINDS.indexOf(kind)
  return kind === 'internal' ? [0, code] : [code]
}

/** The number of a status the API has spelt. */
export function statusCode(status: string): number {
  return STATUSES.indexOf(status)
}

const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** The name of the range a severity number lies in (OpenTelemetry logs data model, Severity Fields); null beyond 1 to 24. */
export function severityName(number: number): string | null {
  return number < 1 ? null : (SEVERITIES[Math.floor((number - 1) / 4)] ?? null)
}

/** The short name of a severity number, INFO or INFO2; null beyond 1 to 24. */
export function severityText(number: number): string | null {
  const name = severityName(number)?.toUpperCase() ?? null
  const step = (number - 1) % 4
  return name === null || step === 0 ? name : `${name}${step + 1}`
}
