import { isDigit, readHeader } from './header'
import { readForeignStack } from './foreign'
import { recallAtLine } from './memo'
import { elisionOf, parseOtherLine, type RawFrame } from './stack'

/** An exception as the text of a stack tells it, before its frames are read. */
export interface RawException {
  class: string | null
  code: string | null
  message: string
  /** The nearest first. */
  frames: RawFrame[]
  cause: RawException | null
  readonly members: RawException[]
}

/** More is not looked at: a stack of 64 Ki characters has a thousand lines. */
export const MOST_STACK = 65_536
const MOST_LINES = 1_000
const MOST_EXCEPTIONS = 32

/**
 * Takes a stack apart into the exceptions of its chain, the outermost first. Understands the three ways causes are told,
 * `caused by: ` (pino), `Caused by: ` (Java) and an indented `[cause]: ` (`util.inspect`), .NET's ` ---> `, and the errors of
 * aggregates (`[errors]: [`). `message` is what the sender gave as such: where the text has it, it is cut out before a
 * line is looked at, so that no line of a message can pass for a frame. One pass over the lines, none is looked at twice.
 */
export function splitChain(stack: string, message: string): RawException {
  const text = stack.length > MOST_STACK ? stack.slice(0, MOST_STACK) : stack
  return readForeignStack(text) ?? new ChainReader(text, message).read()
}

/** An exception, or the list of an aggregate's, that lines indented by at least `floor` belong to. */
interface Open {
  readonly exception: RawException
  readonly floor: number
  readonly isList: boolean
  /** How far the headers of a list are indented, -1 until the first. */
  indent: number
}

class ChainReader {
  readonly #text: string
  /** What is left of the messages that pino joined, null once they cannot be followed. */
  #joined: string | null
  #at = 0
  #exceptions = 0
  readonly #root: RawException
  readonly #open: Open[] = []

  constructor(text: string, message: string) {
    this.#text = text
    this.#joined = message === '' ? null : message
    this.#root = createRaw()
  }

  read(): RawException {
    this.#open.push({ exception: this.#root, floor: 0, isList: false, indent: -1 })
    let start = 0
    while (start < this.#text.length && this.#text.charCodeAt(start) <= SPACE) start++
    const first = this.#text.slice(start, endOfLine(this.#text, start))
    // Some senders leave the header out.
    if (!first.startsWith('at ') || recallAtLine(first) === null) this.#begin(this.#root, start)
    for (let count = 0; this.#at < this.#text.length && count < MOST_LINES; count++) this.#line()
    return this.#root
  }

  /** Reads header and message; the lines after them are next. */
  #begin(exception: RawException, at: number): void {
    const text = this.#text
    this.#exceptions++
    this.#at = at
    const lineEnd = endOfLine(text, at)
    const header = readHeader(text, at, lineEnd)
    const named = this.#cutMessage(exception, at, header.messageAt)
    exception.class = named ?? header.class
    exception.code = header.code
    if (this.#at > at) return
    exception.message = text.slice(header.messageAt, lineEnd)
    this.#at = lineEnd + 1
  }

  /**
   * Takes the message off where the sender's stands behind the header. pino joins those of a chain, `outer: inner`, while the
   * stack has each by itself: so far as both agree it is this one's, if the text ends its line there and the joined one goes
   * on with `: `. Returns the name before the message when that is none by the rules, as in `Validation failed: a: b`.
   */
  #cutMessage(exception: RawException, at: number, messageAt: number): string | null {
    const joined = this.#joined
    if (joined === null) return null
    const text = this.#text
    let start = messageAt
    let length = commonLength(text, start, joined)
    if (length < joined.length && !this.#endsMessage(start + length, joined, length)) {
      start = oddNameEnd(text, at, joined)
      length = start === -1 ? 0 : joined.length
    }
    const end = start + length
    if (start === -1 || (length === 0 && joined.length > 0 && !joined.startsWith(': '))) {
      this.#joined = null
      return null
    }
    if (end < text.length && text.charCodeAt(end) !== NEWLINE && text.charCodeAt(end) !== RETURN) {
      if (!text.startsWith(' {', end)) {
        this.#joined = null
        return null
      }
    }
    exception.message = joined.slice(0, length)
    this.#joined = length < joined.length ? joined.slice(length + 2) : null
    this.#at = endOfLine(text, end) + 1
    return start === messageAt ? null : text.slice(at, start - 2)
  }

  #endsMessage(at: number, joined: string, length: number): boolean {
    if (!joined.startsWith(': ', length)) return false
    const code = this.#text.charCodeAt(at)
    return at >= this.#text.length || code === NEWLINE || code === RETURN
  }

  #line(): void {
    const text = this.#text
    let start = this.#at
    while (text.charCodeAt(start) === SPACE || text.charCodeAt(start) === TAB) start++
    const end = endOfLine(text, start)
    const indent = start - this.#at
    const open = this.#close(indent)
    this.#at = end + 1
    if (start === end) return
    if (open.isList) return this.#listLine(open, indent, start, end)
    const { exception } = open
    if (text.startsWith('at ', start)) {
      const line = text.slice(start, end)
      const frame = recallAtLine(line)
      if (frame === null) continueMessage(exception, line)
      else exception.frames.push(frame)
    } else if (!this.#opens(open, indent, start)) {
      readOther(exception, text.slice(start, end))
    }
  }

  /** Lets go of what lines indented less do not belong to. */
  #close(indent: number): Open {
    let open = this.#open[this.#open.length - 1]!
    while (open.floor > indent) {
      this.#open.pop()
      open = this.#open[this.#open.length - 1]!
    }
    return open
  }

  /** A line that says a cause or the errors of an aggregate. */
  #opens(open: Open, indent: number, start: number): boolean {
    const text = this.#text
    const first = text.charCodeAt(start)
    if (first === 0x5b && text.startsWith('[cause]: ', start)) {
      if (!isValue(text, start + 9)) this.#cause(open.exception, start + 9, indent + 1, false)
      return true
    }
    if (first === 0x5b && text.startsWith('[errors]: [', start)) {
      const isList = true
      this.#open.push({ exception: open.exception, floor: indent + 1, isList, indent: -1 })
      return true
    }
    if ((first | 0x20) === 0x63 && text.startsWith('aused by: ', start + 1)) {
      this.#cause(open.exception, start + 11, open.floor, true)
      return true
    }
    if (first === 0x2d && text.startsWith('---> ', start)) {
      this.#cause(open.exception, start + 5, open.floor, false)
      return true
    }
    if (first === 0x2d && text.startsWith('--- End of inner exception', start)) {
      if (this.#open.length > 1) this.#open.pop()
      return true
    }
    if (first === 0x53 && text.startsWith('Suppressed: ', start)) {
      // Java: what closing failed with, besides; it is no part of the chain.
      const exception = createRaw()
      this.#open.push({ exception, floor: indent + 1, isList: false, indent: -1 })
      return true
    }
    return false
  }

  #cause(of: RawException, at: number, floor: number, instead: boolean): void {
    const exception = createRaw()
    if (this.#exceptions < MOST_EXCEPTIONS && of.cause === null) of.cause = exception
    if (instead) this.#open.pop()
    this.#open.push({ exception, floor, isList: false, indent: -1 })
    this.#begin(exception, at)
  }

  #listLine(list: Open, indent: number, start: number, end: number): void {
    const text = this.#text
    const first = text.charCodeAt(start)
    if (first === 0x7d || first === 0x5d) return
    if (list.indent === -1) list.indent = indent
    const { members } = list.exception
    if (indent !== list.indent) return
    if (readHeader(text, start, end).class === null && members.length > 0) {
      continueMessage(members[members.length - 1]!, text.slice(start, end))
      return
    }
    const member = createRaw()
    if (this.#exceptions < MOST_EXCEPTIONS) members.push(member)
    this.#open.push({ exception: member, floor: indent + 1, isList: false, indent: -1 })
    // Members have messages of their own, which nobody joined.
    const joined = this.#joined
    this.#joined = null
    this.#begin(member, start)
    this.#joined = joined
  }
}

/** What does not begin with `at` and is no cause: frames of other languages, more of a message, a property, `... 7 more`. */
function readOther(exception: RawException, line: string): void {
  const frame = elisionOf(line) ?? parseOtherLine(line)
  if (frame !== null) exception.frames.push(frame)
  else if (exception.frames.length === 0 && !line.startsWith('}')) continueMessage(exception, line)
  else if (exception.code === null && line.startsWith('code: ')) {
    exception.code = propertyOf(line.slice(6))
  }
}

export function createRaw(): RawException {
  return { class: null, code: null, message: '', frames: [], cause: null, members: [] }
}

/** Before the first frame a line that is nothing else is one of the message. */
function continueMessage(exception: RawException, line: string): void {
  if (exception.frames.length > 0 || exception.message.length > MOST_MESSAGE) return
  exception.message += `\n${line}`
}

const MOST_MESSAGE = 8_192
const SPACE = 0x20
const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d

/** What `util.inspect` prints of a cause that is no error: a text, an object, a reference, a number. */
function isValue(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code === 0x27 || code === 0x22 || code === 0x60 || code === 0x7b) return true
  return text.startsWith('[Circular', at) || text.startsWith('undefined', at) || isDigit(code)
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function commonLength(text: string, from: number, other: string): number {
  if (text.startsWith(other, from)) return other.length
  let length = 0
  while (length < other.length && text.charCodeAt(from + length) === other.charCodeAt(length)) {
    length++
  }
  return length
}

/** Where the message begins behind a name of several words; -1 where it does not stand in the first line. */
function oddNameEnd(text: string, at: number, message: string): number {
  const most = Math.min(endOfLine(text, at), at + 120)
  for (let colon = text.indexOf(': ', at); colon !== -1 && colon < most;) {
    if (text.startsWith(message, colon + 2)) return colon + 2
    colon = text.indexOf(': ', colon + 2)
  }
  return -1
}

/** The value of a property as `util.inspect` writes it. */
function propertyOf(text: string): string | null {
  const value = text.endsWith(',') ? text.slice(0, -1) : text
  const quote = value.charCodeAt(0)
  if (quote === 0x27 || quote === 0x22) return value.slice(1, -1)
  return value.length > 0 && value.length < 20 && Number.isInteger(Number(value)) ? value : null
}
