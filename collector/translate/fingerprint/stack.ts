import type { ReadFrame } from './frames'
import type { FingerprintRules } from './rules'

/** A line of a stack, taken apart and not yet normalised. */
export interface RawFrame {
  /** The line itself, without the white space before it. */
  readonly text: string
  /** Null where the line names no function. */
  readonly function: string | null
  /** Null where the line names no place: `<anonymous>`, `native`, `index 0`. */
  readonly place: string | null
  readonly line: number | null
  readonly column: number | null
  /** How many lines are left out here; 0 for a frame. */
  readonly elided: number
  /** Its normal form as it was last asked for, null before. */
  normal: NormalFrame | null
}

/** A frame's normal form, and what it was formed by. */
export interface NormalFrame {
  readonly root: string | null
  readonly rules: FingerprintRules
  readonly frame: ReadFrame
}

/**
 * Reads a line that begins with `at `: V8's, and those of Java and .NET, which say it the same way. Null for what is none:
 * prose after the word, or a line without any place.
 */
export function parseAtLine(text: string): RawFrame | null {
  let start = 3
  while (text.charCodeAt(start) === SPACE) start++
  if (text.startsWith('async ', start)) start += 6
  const end = endOf(text)
  if (end <= start) return null
  const open = text.charCodeAt(end - 1) === CLOSE ? findPlace(text, start, end) : -1
  if (open !== -1) {
    return placed(text, text.slice(start, open).trim(), text.slice(open + 2, end - 1))
  }
  const body = text.slice(start, end)
  if (body === '<anonymous>') return frameOf(text, null, NOWHERE)
  return parseForeign(text, body) ?? parseBare(text, body)
}

/** A line that says how many are left out: Java's `... 7 more`, and `... 4 lines matching cause stack trace ...`. */
export function elisionOf(line: string): RawFrame | null {
  if (!line.startsWith('... ')) return null
  const space = line.indexOf(' ', 4)
  const count = space === -1 || space > 10 ? NaN : Number(line.slice(4, space))
  if (!Number.isSafeInteger(count) || count < 1) return null
  if (!line.startsWith(' more', space) && !line.startsWith(MATCHING, space)) return null
  return { ...frameOf(line, null, NOWHERE), elided: count }
}

/** Frames of browsers other than Chromium's (`f@https://host/a.js:1:2`) and of PHP (`#0 /srv/a.php(12): Cart->add()`). */
export function parseOtherLine(line: string): RawFrame | null {
  const first = line.charCodeAt(0)
  if (first === 0x23) return parsePhp(line)
  const at = line.indexOf('@')
  if (at === -1 || line.charCodeAt(line.length - 1) < 0x30) return null
  if (!line.startsWith('http', at + 1) && !line.startsWith('file:', at + 1)) return null
  const position = positionOf(line.slice(at + 1))
  if (position.line === null || line.includes(' ')) return null
  return frameOf(line, at === 0 ? null : line.slice(0, at), position)
}

function parsePhp(line: string): RawFrame | null {
  const space = line.indexOf(' ')
  const open = line.indexOf('(', space)
  const close = line.indexOf('): ', open)
  if (space < 2 || open === -1 || close === -1 || line.charCodeAt(space + 1) !== 0x2f) return null
  const number = Number(line.slice(open + 1, close))
  if (!Number.isSafeInteger(number)) return null
  const called = line.indexOf('(', close)
  const name = line.slice(close + 3, called === -1 ? line.length : called)
  return frameOf(line, name, { place: line.slice(space + 1, open), line: number, column: null })
}

/** Makes a frame of what was read. */
export function frameOf(text: string, name: string | null, position: Position): RawFrame {
  const { place, line, column } = position
  return { text, function: name, place, line, column, elided: 0, normal: null }
}

/** Where a frame is. */
export type Position = Pick<RawFrame, 'place' | 'line' | 'column'>

const MATCHING = ' lines matching cause stack trace'

const SPACE = 0x20
const OPEN = 0x28
const CLOSE = 0x29
const NOWHERE: Position = { place: null, line: null, column: null }

/** Without what `util.inspect` writes behind the last line of a stack. */
function endOf(text: string): number {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) <= SPACE) end--
  if (end > 1 && text.charCodeAt(end - 1) === 0x7b && text.charCodeAt(end - 2) === SPACE) end -= 2
  return end
}

/**
 * Where ` (` stands before the place. Names may have spaces and brackets (`my key (x)`), paths too (`/srv/my app (v2)/x.js`):
 * the first bracket before something that begins as places do, else the one that belongs to the last.
 */
function findPlace(text: string, start: number, end: number): number {
  for (let at = text.indexOf(' (', start); at !== -1 && at < end; at = text.indexOf(' (', at + 2)) {
    if (beginsAsPlace(text, at + 2)) return at
  }
  let depth = 0
  for (let at = end - 1; at > start; at--) {
    const code = text.charCodeAt(at)
    if (code === CLOSE) depth++
    else if (code === OPEN && --depth === 0) {
      return text.charCodeAt(at - 1) === SPACE ? at - 1 : -1
    }
  }
  return text.indexOf(' (', start)
}

const PLACES = [
  'eval at ',
  'node:',
  'file:',
  'http',
  'data:',
  'webpack',
  'native',
  'index ',
  'internal/',
  './',
  '../',
  'wasm:',
  'blob:',
]

function beginsAsPlace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code === 0x2f || code === 0x3c || code === 0x5c) return true
  if (text.charCodeAt(at + 1) === 0x3a) {
    const next = text.charCodeAt(at + 2)
    return next === 0x5c || next === 0x2f
  }
  for (const place of PLACES) {
    if (place.charCodeAt(0) === code && text.startsWith(place, at)) return true
  }
  return false
}

function placed(text: string, name: string, place: string): RawFrame {
  if (place.startsWith('eval at ')) return frameOf(text, name, evaluated(place))
  const isNowhere =
    place === '<anonymous>' || place === 'native' || /^(?:index|native) /.test(place)
  return frameOf(text, name, isNowhere ? NOWHERE : positionOf(place))
}

/**
 * Code made at run time is where it was made: `eval at outer (eval at f (file:///a.mjs:10:7)), <anonymous>:1:23`. The line
 * is the outermost's.
 */
function evaluated(place: string): Position {
  const open = place.lastIndexOf('eval at ')
  const comma = place.lastIndexOf('), <anonymous>')
  const inner = place.slice(open, comma === -1 ? place.length : comma + 1)
  const bracket = inner.indexOf(' (', 8)
  if (bracket === -1) return NOWHERE
  const close = inner.indexOf(')', bracket)
  const origin = inner.slice(bracket + 2, closeOf(inner, bracket + 2, close))
  return origin === '<anonymous>' ? NOWHERE : positionOf(origin)
}

/** Brackets in a path close before the one that ends the origin, which is the last of those in a row. */
function closeOf(text: string, from: number, first: number): number {
  if (first === -1) return text.length
  let end = text.length
  while (end > from && text.charCodeAt(end - 1) === CLOSE) end--
  return end > first ? end : first
}

/** A place without brackets is one only with a line: `file:///a.mjs:6:7`. */
function parseBare(text: string, body: string): RawFrame | null {
  const position = positionOf(body)
  if (position.line !== null) return frameOf(text, null, position)
  return body.startsWith('wasm:') ? frameOf(text, null, NOWHERE) : null
}

/** Cuts `:line:column` or `:line` off; what is left is the place. */
export function positionOf(text: string): Position {
  const last = numberBefore(text, text.length)
  if (last === -1) return { place: text, line: null, column: null }
  const before = numberBefore(text, last)
  const number = Number(text.slice(last + 1))
  if (before === -1) return { place: text.slice(0, last), line: number, column: null }
  const line = Number(text.slice(before + 1, last))
  return { place: text.slice(0, before), line, column: number }
}

/** Where the colon stands before the digits that end at `end`; -1 where there are none, or more than a line has. */
function numberBefore(text: string, end: number): number {
  let at = end - 1
  while (at >= 0 && isDigit(text.charCodeAt(at))) at--
  const digits = end - 1 - at
  return digits > 0 && digits < 10 && at > 0 && text.charCodeAt(at) === 0x3a ? at : -1
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/**
 * Java: `a.b.C.m(File.java:12)`, `app//a.b.C.m(Unknown Source)`; the place is the class, for files have no folder. .NET:
 * `Shop.Cart.Add(String id) in /src/Cart.cs:line 3`, without the file where there are no symbols.
 */
function parseForeign(text: string, body: string): RawFrame | null {
  const open = body.indexOf('(')
  const close = body.indexOf(')', open)
  if (open <= 0 || close === -1 || body.charCodeAt(open - 1) === SPACE) return null
  const name = body.slice(0, open)
  const dot = name.lastIndexOf('.')
  if (dot <= 0 || name.includes(' ')) return null
  if (close < body.length - 1) return parseDotNet(text, body, name, close)
  const position = positionOf(body.slice(open + 1, close))
  if (!isJavaFile(position.place ?? '')) {
    return frameOf(text, name, { ...NOWHERE, place: DOT_NET + name.slice(0, dot) })
  }
  // What the runtime numbers as it makes it: `Cart$$Lambda$14/0x0008`.
  const made = name.indexOf('$$')
  const end = made === -1 ? dot : made
  const place = JAVA + name.slice(name.lastIndexOf('/', end) + 1, end)
  return frameOf(text, name.slice(dot + 1), { place, line: position.line, column: null })
}

/** Before the place of a frame that says no file, but a class. */
export const JAVA = 'java:'
export const DOT_NET = 'dotnet:'

function isJavaFile(text: string): boolean {
  if (text === 'Native Method' || text === 'Unknown Source') return true
  return ['.java', '.kt', '.scala', '.groovy', '.clj'].some((ending) => text.endsWith(ending))
}

function parseDotNet(text: string, body: string, name: string, close: number): RawFrame | null {
  const at = body.indexOf(' in ', close)
  if (at === -1) return null
  const number = body.lastIndexOf(':line ')
  if (number < at) return frameOf(text, name, { ...NOWHERE, place: body.slice(at + 4) })
  const line = Number(body.slice(number + 6))
  const place = body.slice(at + 4, number)
  return frameOf(text, name, {
    place,
    line: Number.isSafeInteger(line) ? line : null,
    column: null,
  })
}
