import { createRaw, type RawException } from './chain'
import { readHeader } from './header'
import { frameOf, positionOf, type RawFrame } from './stack'

/** A stack of Python, Go or Ruby, which say theirs in ways of their own; null for others. */
export function readForeignStack(text: string): RawException | null {
  const traceback = text.indexOf(TRACEBACK)
  if (traceback !== -1 && text.slice(0, traceback).trim().length < LONGEST_PREFIX) {
    return readPython(text)
  }
  if (text.startsWith('goroutine ')) return readGo(text)
  const line = text.slice(0, endOf(text, 0))
  return findRubyFunction(line) === -1 ? null : readRuby(text)
}

const TRACEBACK = 'Traceback (most recent call last):'
const LONGEST_PREFIX = 200
const MOST_LINES = 2_000

function endOf(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

/**
 * Python says the cause before what it caused, and the nearest frame last. What follows a traceback at its left edge is the
 * exception, `module.Class: message`; lines between two of them say how they belong together.
 */
function readPython(text: string): RawException {
  let outer: RawException | null = null
  let frames: RawFrame[] = []
  let isReading = false
  for (const line of text.split('\n', MOST_LINES)) {
    if (line.startsWith('Traceback (')) {
      frames = []
      isReading = true
    } else if (isReading && line.startsWith('  ')) {
      const frame = parsePython(line.trim())
      if (frame !== null) frames.push(frame)
    } else if (isReading && line.trim() !== '') {
      const cause: RawException | null = outer
      outer = { ...createRaw(), cause, frames: frames.reverse() }
      const { class: name, messageAt } = readHeader(line, 0, line.length)
      outer.class = name
      outer.message = line.slice(messageAt)
      isReading = false
    } else if (outer !== null && !isReading && !isLink(line)) {
      outer.message += `\n${line}`
    }
  }
  if (outer !== null) outer.message = outer.message.trimEnd()
  return outer ?? { ...createRaw(), frames: frames.reverse() }
}

function isLink(line: string): boolean {
  return (
    line.trim() === '' ||
    line.startsWith('The above exception') ||
    line.startsWith('During handling')
  )
}

/** `File "x.py", line 3, in f`. */
function parsePython(line: string): RawFrame | null {
  if (!line.startsWith('File "')) return null
  const quote = line.indexOf('", line ')
  if (quote === -1) return null
  const comma = line.indexOf(', in ', quote)
  const number = Number(line.slice(quote + 8, comma === -1 ? line.length : comma))
  const name = comma === -1 ? null : line.slice(comma + 5)
  return frameOf(line, name === '<module>' || name === '<lambda>' ? null : name, {
    place: line.slice(6, quote),
    line: Number.isSafeInteger(number) ? number : null,
    column: null,
  })
}

/** Two lines a frame: `main.(*Cart).Add(0x1, 0x2)`, then tab, file, `:12 +0x1d`. Says neither class nor message. */
function readGo(text: string): RawException {
  const lines = text.split('\n', MOST_LINES)
  const frames: RawFrame[] = []
  for (let index = 1; index + 1 < lines.length; index++) {
    const place = lines[index + 1]!
    if (!place.startsWith('\t')) continue
    const called = lines[index]!.replace('created by ', '')
    const bracket = called.lastIndexOf('(')
    const name = called.slice(0, bracket > 0 && called.endsWith(')') ? bracket : called.length)
    const offset = place.indexOf(' +0x')
    const position = positionOf(place.slice(1, offset === -1 ? place.length : offset))
    frames.push(frameOf(called, name.slice(name.lastIndexOf('/') + 1), position))
    index++
  }
  return { ...createRaw(), frames: frames.filter((frame) => !isGoPanic(frame)) }
}

/** How the stack was taken. */
function isGoPanic({ function: name }: RawFrame): boolean {
  return name === 'debug.Stack' || name === 'panic' || name === 'runtime.gopanic'
}

/** `x.rb:3:in 'add': message (Cart::Error)`, then `from x.rb:7:in 'main'`. */
function readRuby(text: string): RawException {
  const raw = createRaw()
  for (const [index, whole] of text.split('\n', MOST_LINES).entries()) {
    const line = whole.trim()
    const from = line.startsWith('from ') ? 5 : 0
    const at = findRubyFunction(line)
    if (at === -1) {
      if (raw.frames.length === 1 && line !== '') raw.message += `\n${line}`
      continue
    }
    const quote = Math.max(line.indexOf("'", at + 5), line.indexOf("'", at + 5))
    const name = line.slice(at + 5, quote === -1 ? line.length : quote)
    raw.frames.push(frameOf(line, name, positionOf(line.slice(from, at))))
    if (index > 0 || quote === -1) continue
    const bracket = line.lastIndexOf(' (')
    const hasClass = bracket > quote && line.endsWith(')')
    raw.message = line.slice(quote + 3, hasClass ? bracket : line.length)
    if (hasClass) raw.class = line.slice(bracket + 2, -1)
  }
  return raw
}

/** Where `:in ` and a quote stand behind a file and a line; -1 where they do not. */
function findRubyFunction(line: string): number {
  const backquote = line.indexOf(':in `')
  const at = backquote === -1 ? line.indexOf(":in '") : backquote
  return at > 0 && positionOf(line.slice(0, at)).line !== null ? at : -1
}
