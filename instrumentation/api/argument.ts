import { diag } from '@opentelemetry/api'
import { redactText } from './secret-texts'

/** What a text may be long, in UTF-16 code units; longer ones are cut. A secret that is cut is known by its first `secret` ones. */
export const LONGEST = {
  id: 256,
  name: 256,
  text: 1_024,
  url: 2_048,
  secret: 4_096,
  message: 8_192,
} as const

/**
 * What an application gave as a text or an id, without secrets and the space around it: undefined, and said once, when it is neither
 * a text nor a number, or empty.
 */
export function readText(
  caller: string,
  name: string,
  given: unknown,
  longest: number = LONGEST.id,
): string | undefined {
  const text = readWholeText(caller, name, given, longest + LONGEST.secret)
  return text === undefined ? undefined : cutText(text, longest)
}

/** The beginning of a text, without secrets: half of one is not known as such. */
export function cutText(text: string, longest: number): string {
  return redactText(text.slice(0, longest + LONGEST.secret)).slice(0, longest)
}

/** A text with what is secret in it, for who knows better what that is. */
export function readWholeText(
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

/** A field of whatever an application gave; undefined when there is none, or it cannot be read. */
export function propertyOf(given: unknown, name: string): unknown {
  if (typeof given !== 'object' || given === null) return undefined
  try {
    return (given as Readonly<Record<string, unknown>>)[name]
  } catch {
    return undefined
  }
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
