import { parseArgs } from 'node:util'

export interface Arguments {
  readonly isShort: boolean
  readonly isList: boolean
  /** How often each fault is injected; null: as the scenario says. */
  readonly times: number | null
  readonly seed: number
  /** The scenarios to run; all of them when empty. */
  readonly names: readonly string[]
}

export const USAGE =
  'npm run faults -- [--short] [--times N] [--seed N] [NAME ...], or npm run faults -- --list'

/** Throws an error a person can act on for what it does not know. */
export function parseArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      short: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      times: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  for (const name of positionals) {
    if (!known.includes(name)) {
      throw new Error(`cannot run ${name}: the scenarios are ${known.join(', ')}`)
    }
  }
  return {
    isShort: values.short,
    isList: values.list,
    times: values.times === undefined ? null : wholeNumber('--times', values.times, 1),
    seed:
      values.seed === undefined ? Date.now() % 0x8000_0000 : wholeNumber('--seed', values.seed, 0),
    names: positionals,
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new Error(`cannot take ${name} ${text}: a whole number from ${min} is wanted`)
}
