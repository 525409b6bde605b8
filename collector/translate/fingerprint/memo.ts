import { type ReadFrame, readFrame } from './frames'
import type { FingerprintRules } from './rules'
import { parseAtLine, type RawFrame } from './stack'

/** Lines that are remembered; twice as many are for a while. Of some hundred bytes each, longer ones are not. */
const MOST_LINES = 2_048
const LONGEST_LINE = 1_024

let recent = new Map<string, RawFrame | null>()
let older = new Map<string, RawFrame | null>()

/**
 * Reads a line as `parseAtLine` does, or remembers what it read: an application throws from the same few places, so most lines
 * have been seen. What is remembered follows from the line alone, and is forgotten when lines come that are all new.
 */
export function recallAtLine(line: string): RawFrame | null {
  if (line.length > LONGEST_LINE) return parseAtLine(line)
  const known = recent.get(line)
  if (known !== undefined) return known
  const before = older.get(line)
  if (before !== undefined) {
    keep(before?.text ?? line, before)
    return before
  }
  // A piece of a long text keeps all of it in memory; a copy does not.
  const copy = Buffer.from(line, 'latin1').toString('latin1')
  if (copy !== line) return parseAtLine(line)
  const frame = parseAtLine(copy)
  keep(copy, frame)
  return frame
}

function keep(line: string, frame: RawFrame | null): void {
  if (recent.size >= MOST_LINES) {
    older = recent
    recent = new Map()
  }
  recent.set(line, frame)
}

/** Brings a frame of no bundle into its normal form as `readFrame` does, or says what it was for the same root and rules. */
export function recallFrame(
  raw: RawFrame,
  root: string | null,
  rules: FingerprintRules,
): ReadFrame {
  const { normal } = raw
  if (normal !== null && normal.root === root && normal.rules === rules) return normal.frame
  const frame = readFrame(raw, root, rules, NO_BUNDLES)
  raw.normal = { root, rules, frame }
  return frame
}

const NO_BUNDLES: ReadonlySet<string> = new Set()
