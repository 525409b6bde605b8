const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const NS_PER_SECOND = 1_000_000_000n

/** A JSON value in which int64 numbers are strings. */
export type StoredValue =
  null | boolean | number | string | StoredValue[] | { [key: string]: StoredValue }

/**
 * Reads jsonb text without losing a digit: an integer within int64 becomes a string, because that is how integers were
 * stored; a number with a point, an exponent or beyond int64 was a double and stays a number.
 */
export function parseStored(text: string): StoredValue {
  return JSON.parse(quoteIntegers(text)) as StoredValue
}

/** Attributes as they are stored. */
export type Attributes = Record<string, StoredValue>

/** Reads the jsonb text of attributes; null stands for none. */
export function parseAttributes(text: string | null): Attributes {
  return text === null ? {} : (parseStored(text) as Attributes)
}

/** Reads the jsonb text of a list of objects; null stands for an empty one. */
export function parseList(text: string | null): Attributes[] {
  return text === null ? [] : (parseStored(text) as Attributes[])
}

/** The value if it is a string, else an empty one. */
export function textOf(value: StoredValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Unix nanoseconds from Postgres's microseconds and the nanoseconds that did not fit. */
export function unixNanoOf(micros: string, restNs: number | null): bigint {
  return BigInt(micros) * 1000n + BigInt(restNs ?? 0)
}

/** RFC 3339 in UTC with all nine digits. */
export function formatUnixNano(ns: bigint): string {
  const restNs = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND
  const second = new Date(Number((ns - restNs) / 1_000_000n)).toISOString().slice(0, 19)
  return `${second}.${restNs.toString().padStart(9, '0')}Z`
}

/** 16 hex digits of an id that Postgres holds as a signed integer. */
export function spanIdHex(id: string): string {
  return BigInt.asUintN(64, BigInt(id)).toString(16).padStart(16, '0')
}

/** One pass over the text, without a regular expression over strings: theirs may be megabytes long. */
function quoteIntegers(text: string): string {
  const number = /-?\d[\d.eE+-]*/y
  let quoted = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x22) {
      at = endOfString(text, at)
    } else if (char === 0x2d || (char >= 0x30 && char <= 0x39)) {
      number.lastIndex = at
      const [literal = ''] = number.exec(text) ?? []
      if (isInt64(literal)) {
        quoted += `${text.slice(copied, at)}"${literal}"`
        copied = at + literal.length
      }
      at += literal.length - 1
    }
  }
  return quoted + text.slice(copied)
}

/** The index of the quote that closes the string opened at `at`. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const char = text.charCodeAt(end)
    if (char === 0x5c) end++
    else if (char === 0x22) return end
  }
  return text.length
}

function isInt64(literal: string): boolean {
  if (!/^-?\d{1,19}$/.test(literal)) return false
  if (literal.length < 19) return true
  const value = BigInt(literal)
  return value >= INT64_MIN && value <= INT64_MAX
}
