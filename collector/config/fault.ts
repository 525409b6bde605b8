/** One thing wrong with the configuration. `value` is already masked where it is a secret, null where there is none. */
export interface Fault {
  /** The environment variable, or the path of the key in the file. */
  readonly key: string
  readonly value: string | null
  /** What is wrong, as the end of a sentence. */
  readonly problem: string
  /** What would be right; null where `problem` says it. */
  readonly allowed: string | null
  /** `file:line` of a fault in the configuration file. */
  readonly place: string | null
}

/** The configuration cannot be used; lists everything that is wrong with it. The process exits 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
    super([`cannot use the configuration: ${count}`, ...faults.map(formatFault)].join('\n'))
    this.faults = faults
  }
}

/** What `parse` of a type throws: the end of a sentence that says what is wrong with the value, without repeating it. */
export class BadValue extends Error {
  override readonly name = 'BadValue'
}

/** The candidate a misspelt name was probably meant to be, or null. */
export function suggest(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(name.length / 4)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function formatFault(fault: Fault): string {
  const place = fault.place === null ? '' : `${fault.place} `
  const value = fault.value === null ? '' : `=${fault.value}`
  const allowed = fault.allowed === null ? '' : `; allowed: ${fault.allowed}`
  return `  ${place}${fault.key}${value}: ${fault.problem}${allowed}`
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const insertion = (current[column - 1] ?? 0) + 1
      const deletion = (previous[column] ?? 0) + 1
      current.push(Math.min(substitution, insertion, deletion))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
