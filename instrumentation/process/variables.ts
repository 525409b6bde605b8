import { complain } from './complaint'

/** Whether a variable has a value; an empty one counts as unset (OpenTelemetry specification, environment variables). */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== ''
}

export function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}

/** The items of a list separated by commas, without empty ones. */
export function listOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/**
 * The number in the first of the variables that is set and has one that is at least `minimum`. Others are told in one line and
 * count as unset.
 */
export function readNumber(
  env: NodeJS.ProcessEnv,
  names: readonly string[],
  minimum: number,
): number | undefined {
  for (const name of names) {
    const text = env[name]
    if (!isSet(text)) continue
    const value = Number(text)
    if (value >= minimum) return value
    complain(`${name}=${text.trim()} is ignored: it must be a number from ${minimum}`)
  }
  return undefined
}
