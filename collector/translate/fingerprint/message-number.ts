/**
 * What a token of nothing but digits, a sign, points and an exponent is: `<int>`, `<float>`, `<version>` with more points than
 * one, each with its percent sign. Null for others.
 */
export function kindOfNumber(token: string): string | null {
  const code = token.charCodeAt(0)
  let at = code === 0x2d || code === 0x2b ? 1 : 0
  const isVersion = at === 0 && (code | 0x20) === 0x76
  if (isVersion) at = 1
  let points = 0
  let digits = 0
  for (; at < token.length; at++) {
    const next = token.charCodeAt(at)
    if (isDigit(next)) digits++
    else if (next === POINT && digits > 0) points++
    else break
  }
  if (digits === 0) return null
  if (at < token.length && (token.charCodeAt(at) | 0x20) === 0x65) at = endOfExponent(token, at)
  const end = token.slice(at)
  if (end !== '' && end !== '%')
    return isVersion || points > 1 ? prerelease(token, at, points) : null
  if (isVersion && points === 0) return null
  const kind = isVersion || points > 1 ? '<version>' : points === 1 ? '<float>' : '<int>'
  return kind + end
}

/** `10ms`, `1.5s`, `3m20s`, `250µs`: numbers each with a unit of time. */
export function isDuration(token: string): boolean {
  let at = 0
  let count = 0
  if (token.charCodeAt(0) === 0x2d) at = 1
  while (at < token.length) {
    let end = at
    let points = 0
    while (end < token.length) {
      const code = token.charCodeAt(end)
      if (code === POINT) points++
      else if (!isDigit(code)) break
      end++
    }
    if (end === at || points > 1) return false
    let unit = end
    while (unit < token.length && unit - end < 8 && !isDigit(token.charCodeAt(unit))) unit++
    if (!UNITS.has(token.slice(end, unit))) return false
    at = unit
    count++
  }
  return count > 0
}

const UNITS: ReadonlySet<string> = new Set(
  'ns us µs μs ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week weeks'.split(
    ' ',
  ),
)

/**
 * What a token of hexadecimal digits is: `<uuid>`, `<sha1>`, `<md5>`, `<git_sha>` of 7 to 12, `<hex>` for others from 8 on and
 * behind `0x`. Null for what has no digit, or no letter and fewer than 16 digits, and for all others.
 */
export function kindOfHex(token: string): string | null {
  const { length } = token
  if (token.charCodeAt(0) === 0x30 && (token.charCodeAt(1) | 0x20) === 0x78) {
    return length > 2 && hexTraits(token, 2, length) !== null ? '<hex>' : null
  }
  if (length === 36) return isUuid(token) ? '<uuid>' : null
  if (length < 7) return null
  const traits = hexTraits(token, 0, length)
  if (traits === null || traits.digits === 0) return null
  if (length === 32) return '<md5>'
  if (length === 40) return '<sha1>'
  if (traits.letters === 0) return length < 16 ? null : '<hex>'
  return length < 13 ? '<git_sha>' : '<hex>'
}

function hexTraits(token: string, start: number, end: number) {
  let digits = 0
  let letters = 0
  for (let at = start; at < end; at++) {
    const code = token.charCodeAt(at)
    if (isDigit(code)) digits++
    else if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66) letters++
    else return null
  }
  return { digits, letters }
}

function isUuid(token: string): boolean {
  for (let at = 0; at < 36; at++) {
    const code = token.charCodeAt(at)
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== 0x2d) return false
    } else if (!isDigit(code) && ((code | 0x20) < 0x61 || (code | 0x20) > 0x66)) return false
  }
  return true
}

/**
 * Whether a token is one that somebody drew by chance: at least 12 letters and digits that change often between the two, or
 * letters of both sizes with digits among them (nanoid, ULID, `cus_9s6XKzkNRiz8i3`).
 */
export function isId(token: string): boolean {
  if (token.length < 12) return false
  let changes = 0
  let last = -1
  for (let at = 0; at < token.length; at++) {
    const code = token.charCodeAt(at)
    const kind = isDigit(code)
      ? 0
      : code >= 0x61 && code <= 0x7a
        ? 1
        : code >= 0x41 && code <= 0x5a
          ? 2
          : 3
    if (kind === 3 && code !== 0x5f && code !== 0x2d) return false
    if (kind < 3 && last !== -1 && kind !== last && (kind === 0 || last === 0)) changes++
    if (kind < 3) last = kind
  }
  return changes > 3
}

const POINT = 0x2e

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function endOfExponent(token: string, at: number): number {
  const sign = token.charCodeAt(at + 1)
  let end = sign === 0x2d || sign === 0x2b ? at + 2 : at + 1
  const first = end
  while (end < token.length && isDigit(token.charCodeAt(end))) end++
  return end > first ? end : at
}

/** `1.2.3-rc.1`, `v20.19.0+build`. */
function prerelease(token: string, at: number, points: number): string | null {
  const mark = token.charCodeAt(at)
  return points > 1 && (mark === 0x2d || mark === 0x2b) ? '<version>' : null
}
