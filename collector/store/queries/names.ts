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
