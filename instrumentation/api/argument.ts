import { diag } from '@opentelemetry/api'

/** What a text may be long, in UTF-16 code units; longer ones are cut. */
export const LONGEST = { id: 256, name: 256, text: 1_024, url: 2_048 } as const

/**
 * What an application gave as a text or an id, without the space around it: undefined, and said once, when it is neither a text
 * nor a number, or empty.
 */
export function readText(
  caller: string,
  name: string,
  given: unknown,
  longest: number = LONGEST.id,
): string | undefined {
  if (typeof given === 'string') {
    const text = given.length > longest ? given.slice(0, longest).trim() : given.trim()
    if (text !== '') return text
  } else if (typeof given === 'bigint' || (typeof given === 'number' && Number.isFinite(given))) {
    return String(given)
  }
  refuse(caller, name, 'a text that is not empty')
  return undefined
}

/** The same of what need not be given. */
export function readOptionalText(
  caller: string,
  name: string,
  given: unknown,
  longest: number = LONGEST.id,
): string | undefined {
  return isMissing(given) ? undefined : readText(caller, name, given, longest)
}

/** What an application gave as an amount: undefined, and said once, when it is no number of 0 or more. */
export function readAmount(caller: string, name: string, given: unknown): number | undefined {
  if (typeof given === 'number' && given >= 0 && given < Infinity) return given
  refuse(caller, name, 'a number of 0 or more')
  return undefined
}

export function readOptionalAmount(
  caller: string,
  name: string,
  given: unknown,
): number | undefined {
  return isMissing(given) ? undefined : readAmount(caller, name, given)
}

/** What an application gave as true or false: undefined, and said once, when it is neither. */
export function readFlag(caller: string, name: string, given: unknown): boolean | undefined {
  if (typeof given === 'boolean') return given
  refuse(caller, name, 'true or false')
  return undefined
}

export function readOptionalFlag(
  caller: string,
  name: string,
  given: unknown,
): boolean | undefined {
  return isMissing(given) ? undefined : readFlag(caller, name, given)
}

/** What an application gave as one of several words: undefined, and said once, when it is none of them. */
export function readChoice<Choice extends string>(
  caller: string,
  name: string,
  given: unknown,
  choices: Readonly<Record<Choice, unknown>>,
): Choice | undefined {
  if (typeof given === 'string' && Object.hasOwn(choices, given)) return given as Choice
  refuse(caller, name, `one of ${Object.keys(choices).join(', ')}`)
  return undefined
}

/** The object an application gave: an empty one, and said once, when it is none. */
export function readObject<Given extends object>(caller: string, given: Given): Partial<Given> {
  if (typeof given === 'object' && given !== null) return given
  refuse(caller, 'its argument', 'an object')
  return {}
}

/** Says through the diagnostics of OpenTelemetry, once a caller and argument, what cannot be used; never its value. */
export function refuse(caller: string, name: string, wanted: string): void {
  const key = `${caller} ${name}`
  if (refused.has(key)) return
  refused.add(key)
  diag.error(`${caller}: ${name} must be ${wanted}`)
}

const refused = new Set<string>()

function isMissing(given: unknown): given is undefined | null {
  return given === undefined || given === null
}
