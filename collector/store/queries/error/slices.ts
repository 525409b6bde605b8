import { HOUR_MS } from '../../clock'
import { type Coverage, minutesKeptSinceMs } from '../figure/coverage'
import type { Range } from '../figure/question'
import type { ErrorPlace } from './cursor'
import { type LevelRange, rangesOf, since } from './rollups'

const MINUTE_MS = 60_000
/** How many times as long each slice is as the one before. */
const GROWTH = 4
const SHORT_MS = 5 * MINUTE_MS

/** A part of a window, and what it is read from. */
export interface ErrorSlice {
  readonly sinceMs: number
  readonly ranges: readonly LevelRange[]
  /** A few minutes, with few rows. */
  readonly isShort: boolean
  /** Whole hours, with most of the rows. */
  readonly isCoarse: boolean
}

/**
 * The window from its end back: first minutes, which have few rows, and then hours, each slice longer than the one before.
 * Of old times hours alone. What comes before a place is one slice: a throw may count in a later minute than it was seen in.
 */
export function* errorSlices(
  coverage: Coverage,
  nowMs: number,
  after: ErrorPlace | null,
): Generator<ErrorSlice> {
  const { window, hours } = coverage
  const keptSinceMs = minutesKeptSinceMs(nowMs)
  const first = after === null ? null : sliceBefore(after, coverage, keptSinceMs)
  if (first !== null) yield first
  let lengthMs = MINUTE_MS
  for (let untilMs = first?.sinceMs ?? window.untilMs; untilMs > window.sinceMs;) {
    const isOld = untilMs <= keptSinceMs
    const isLong = lengthMs >= HOUR_MS && untilMs % HOUR_MS === 0
    const isCoarse =
      hours !== null && untilMs <= hours.untilMs && untilMs > hours.sinceMs && (isOld || isLong)
    const sinceMs = isCoarse
      ? Math.max(hours.sinceMs, floor(untilMs - lengthMs, HOUR_MS))
      : Math.max(window.sinceMs, isOld ? 0 : keptSinceMs, beginOf(untilMs, lengthMs))
    yield sliceOf({ sinceMs, untilMs }, isCoarse)
    untilMs = sinceMs
    lengthMs *= GROWTH
  }
}

/** From the minute of a place on, or its hour where that is longer ago. Null when the place is behind the window. */
function sliceBefore(
  { value }: ErrorPlace,
  coverage: Coverage,
  keptSinceMs: number,
): ErrorSlice | null {
  const { sinceMs, untilMs } = coverage.window
  const placeMs = Math.max(sinceMs, Number(BigInt(value) / 1_000_000n))
  if (placeMs >= untilMs) return null
  const minuteMs = Math.max(sinceMs, floor(placeMs, MINUTE_MS))
  if (untilMs - minuteMs <= HOUR_MS && minuteMs >= keptSinceMs) {
    return sliceOf({ sinceMs: minuteMs, untilMs }, false)
  }
  const hourMs = Math.max(sinceMs, floor(placeMs, HOUR_MS))
  const ranges = since(rangesOf(coverage), hourMs)
  return { sinceMs: hourMs, ranges, isShort: false, isCoarse: true }
}

function sliceOf(range: Range, isCoarse: boolean): ErrorSlice {
  const folded = { level: isCoarse ? (2 as const) : (1 as const), range }
  const isShort = !isCoarse && range.untilMs - range.sinceMs <= SHORT_MS
  return { sinceMs: range.sinceMs, ranges: [{ level: 0, range }, folded], isShort, isCoarse }
}

/** Long slices begin at a whole hour, so that hours can follow. */
function beginOf(untilMs: number, lengthMs: number): number {
  const sinceMs = untilMs - lengthMs
  return lengthMs * GROWTH > HOUR_MS ? floor(untilMs - 1, HOUR_MS) : sinceMs
}

function floor(ms: number, unitMs: number): number {
  return Math.floor(ms / unitMs) * unitMs
}
