import { type Address, formatAddress, parseAddress } from './address'
import { BadValue } from './fault'

/** How the text of a setting becomes a value and back. `parse` throws BadValue and is never given an empty text. */
export interface ValueType<T> {
  /** What may be written, for people. */
  readonly allowed: string
  /** Whether the configuration file may write it as a sequence. */
  readonly isList: boolean
  parse(text: string): T
  /** The canonical text; empty when there is no value. */
  format(value: T): string
}

/** Any text. */
export function text(allowed: string): ValueType<string> {
  return { allowed, isList: false, parse: (value) => value, format: (value) => value }
}

/** `host:port`. */
export function address(): ValueType<Address> {
  return {
    allowed: 'host:port, [IPv6]:port or :port',
    isList: false,
    parse: parseAddress,
    format: formatAddress,
  }
}

/** A whole number between two, both included. */
export function wholeNumber(min: number, max: number): ValueType<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    isList: false,
    parse(value) {
      if (!/^-?\d+$/.test(value)) throw new BadValue('it is not a whole number')
      return within(Number(value), min, max)
    },
    format: String,
  }
}

/** A number between two, both included, with digits behind the point or without. */
export function decimal(min: number, max: number): ValueType<number> {
  return {
    allowed: `a number from ${min} to ${max}`,
    isList: false,
    parse(value) {
      if (!/^-?\d+(\.\d+)?$/.test(value)) throw new BadValue('it is not a number')
      return within(Number(value), min, max)
    },
    format: String,
  }
}

const BYTE_UNITS = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
  ['tb', 1000 ** 4],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
  ['tib', 1024 ** 4],
])

/** A number of bytes between two, both included; units are accepted and `format` uses the largest that is exact. */
export function bytes(min: number, max: number): ValueType<number> {
  return {
    allowed: `bytes, as in 65536, 64KiB or 64MB, from ${formatBytes(min)} to ${formatBytes(max)}`,
    isList: false,
    parse(value) {
      const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value)
      const unit = BYTE_UNITS.get((match?.[2] ?? '').toLowerCase())
      if (match === null || unit === undefined) throw new BadValue('it is not a number of bytes')
      const number = Number(match[1]) * unit
      if (!Number.isInteger(number)) throw new BadValue('it is not a whole number of bytes')
      return within(number, min, max)
    },
    format: formatBytes,
  }
}

/** One of a few words. */
export function choice<T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    allowed: words.join(', '),
    isList: false,
    parse: (value) => parseWord(value, words),
    format: (value) => value,
  }
}

/** Some of a few words, separated by commas, at least one. */
export function choices<T extends string>(...words: readonly T[]): ValueType<readonly T[]> {
  return {
    allowed: `any of ${words.join(', ')}, separated by commas`,
    isList: true,
    parse: (value) => [...new Set(splitList(value).map((entry) => parseWord(entry, words)))],
    format: (values) => values.join(','),
  }
}

/** Names separated by commas, at least one; the order matters. */
export function names(allowed: string): ValueType<readonly string[]> {
  return {
    allowed,
    isList: true,
    parse: (value) => [...new Set(splitList(value))],
    format: (values) => values.join(','),
  }
}

/** The type with "not set" as a value, written as nothing. */
export function optional<T>(type: ValueType<T>): ValueType<T | null> {
  return { ...type, format: (value) => (value === null ? '' : type.format(value)) }
}

/** Entries separated by commas, none of them empty. Throws BadValue. */
export function splitList(value: string): string[] {
  const entries = value.split(',').map((entry) => entry.trim())
  const empty = entries.indexOf('')
  if (empty >= 0) throw new BadValue(`entry ${empty + 1} of ${entries.length} is empty`)
  return entries
}

function within(number: number, min: number, max: number): number {
  if (number >= min && number <= max) return number
  throw new BadValue(`it is ${number < min ? 'too small' : 'too large'}`)
}

function parseWord<T extends string>(value: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value.toLowerCase())
  if (word === undefined) throw new BadValue(`"${value}" is unknown`)
  return word
}

function formatBytes(value: number): string {
  for (const [name, size] of UNITS_FOR_DISPLAY) {
    if (value >= size && value % size === 0) return `${value / size}${name}`
  }
  return String(value)
}

const UNITS_FOR_DISPLAY = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const
