/**
 * Where a date or time ends that begins at `at`, -1 where none does: ISO 8601 in all its lengths, with a space before the time
 * too, `2026/11/26`, `10:20:30.5`, and those that begin with the name of a day or a month, as `Date` writes them.
 */
export function endOfDate(text: string, at: number, tokenEnd: number): number {
  const code = text.charCodeAt(at)
  if (isDigit(code)) return endOfDigital(text, at, tokenEnd)
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? endOfNamed(text, at, tokenEnd) : -1
}

const DASH = 0x2d
const COLON = 0x3a
const SLASH = 0x2f
const SPACE = 0x20
const DAYS: ReadonlySet<string> = new Set(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])
const MONTHS: ReadonlySet<string> = new Set([
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
])

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function digitsAt(text: string, at: number): number {
  let end = at
  while (isDigit(text.charCodeAt(end)) && end - at < 10) end++
  return end - at
}

function endOfDigital(text: string, at: number, tokenEnd: number): number {
  const year = digitsAt(text, at)
  const mark = text.charCodeAt(at + year)
  if (year === 4 && (mark === DASH || mark === SLASH)) {
    const day = endOfPair(text, endOfPair(text, at + 4, mark), mark)
    if (day !== -1) return endOfIso(text, day, tokenEnd)
  }
  if ((year === 1 || year === 2) && mark === SLASH) {
    const day = endOfPair(text, at + year, SLASH)
    const years = day !== -1 && text.charCodeAt(day) === SLASH ? digitsAt(text, day + 1) : 0
    if (years === 4) return endOfIso(text, day + 5, tokenEnd)
  }
  return endOfTime(text, at)
}

/** Behind a mark and two digits. */
function endOfPair(text: string, at: number, mark: number): number {
  if (at === -1 || text.charCodeAt(at) !== mark) return -1
  const digits = digitsAt(text, at + 1)
  return digits === 1 || digits === 2 ? at + 1 + digits : -1
}

/** A day alone, or with a time behind `T` or a space. */
function endOfIso(text: string, day: number, tokenEnd: number): number {
  const code = text.charCodeAt(day)
  if (code === 0x54 || code === 0x74) return endOfTime(text, day + 1)
  if (code === SPACE) {
    const time = endOfTime(text, day + 1)
    if (time !== -1) return time
  }
  return day === tokenEnd || isTrailing(text.charCodeAt(day)) ? day : -1
}

function isTrailing(code: number): boolean {
  return code === 0x2e || code === COLON || code === 0x21 || code === 0x3f
}

/** `10:20:30`, with a fraction, `Z`, an offset; hours and minutes alone only before one of these. */
function endOfTime(text: string, at: number): number {
  const hours = digitsAt(text, at)
  if (hours !== 2 && hours !== 1) return -1
  const minutes = endOfPair(text, at + hours, COLON)
  if (minutes === -1 || minutes - at - hours !== 3) return -1
  let end = endOfPair(text, minutes, COLON)
  if (end === -1) end = minutes
  const hasSeconds = end > minutes
  const mark = text.charCodeAt(end)
  if (hasSeconds && (mark === 0x2e || mark === 0x2c) && isDigit(text.charCodeAt(end + 1))) {
    end += 1 + digitsAt(text, end + 1)
  }
  const zone = endOfZone(text, end)
  if (!hasSeconds && zone === end) return -1
  const next = text.charCodeAt(zone)
  const goesOn = next === COLON ? isDigit(text.charCodeAt(zone + 1)) : next === DASH || isWord(next)
  return goesOn ? -1 : zone
}

function isWord(code: number): boolean {
  const letter = code | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || isDigit(code) || code === 0x5f
}

function endOfZone(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code === 0x5a || code === 0x7a) return isWord(text.charCodeAt(at + 1)) ? at : at + 1
  if (code !== 0x2b && code !== DASH) return at
  const digits = digitsAt(text, at + 1)
  if (digits === 4) return at + 5
  const pair = digits === 2 ? endOfPair(text, at + 3, COLON) : -1
  return pair === -1 ? at : pair
}

/**
 * `Thu Nov 26 2026 10:00:00 GMT+0000 (Coordinated Universal Time)`, `Thu, 26 Nov 2026 10:00:00 GMT`, `Nov 26, 2026`: names of
 * days and months, numbers and times that follow each other, with a month and a number among them.
 */
function endOfNamed(text: string, start: number, tokenEnd: number): number {
  const first = text.slice(start, start + 3).toLowerCase()
  if (!DAYS.has(first) && !MONTHS.has(first)) return -1
  // "may" is a word, and "sun" too.
  if ((text.charCodeAt(start) & 0x20) !== 0 || !isNameEnd(text, start, tokenEnd, first)) return -1
  let hasMonth = false
  let numbers = 0
  let end = -1
  let at = start
  for (let words = 0; words < 8; words++) {
    const wordEnd = endOfWord(text, at)
    const name = text.slice(at, at + 3).toLowerCase()
    const digits = digitsAt(text, at)
    if (MONTHS.has(name)) hasMonth = true
    else if (digits > 0 && (digits === wordEnd - at || endOfTime(text, at) === wordEnd)) {
      numbers++
    } else if (!DAYS.has(name) && name !== 'gmt' && name !== 'utc') break
    end = wordEnd
    at = wordEnd
    if (text.charCodeAt(at) === 0x2c) at++
    if (text.charCodeAt(at) !== SPACE) break
    while (text.charCodeAt(at) === SPACE) at++
  }
  if (!hasMonth || numbers === 0) return -1
  return text.startsWith(' (', end) && numbers > 2 ? endOfZoneName(text, end) : end
}

/** The name itself or its long form, and nothing that merely begins so. */
function isNameEnd(text: string, start: number, tokenEnd: number, first: string): boolean {
  const length = tokenEnd - start
  if (length === 3) return true
  const word = text.slice(start, Math.min(tokenEnd, start + 10)).toLowerCase()
  return DAYS.has(first) ? word.endsWith('day') : LONG_MONTHS.has(word)
}

const LONG_MONTHS: ReadonlySet<string> = new Set([
  'january',
  'february',
  'march',
  'april',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
])

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (!isWord(code) && code !== COLON && code !== 0x2b && code !== DASH && code !== 0x2e) break
    at++
  }
  return at
}

function endOfZoneName(text: string, at: number): number {
  const close = text.slice(at, at + 60).indexOf(')')
  return close === -1 ? at : at + close + 1
}
