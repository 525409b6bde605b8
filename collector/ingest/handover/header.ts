import { type Signal, SIGNALS } from '../../otlp/signal'

/** What the first line of a file says of the body behind it. */
export interface Header {
  readonly signal: Signal
  /** Spans, log records or data points in the body. */
  readonly items: number
  /** SHA-256 of the token the application sends with, in hex; null when it has none. */
  readonly tokenHash: string | null
  /** Where the body begins. */
  readonly bytes: number
}

/** The line is never longer, its end included. */
export const LONGEST_HEADER_BYTES = 256

/** `<signal>-<pid>-<random hex>.otlp`, with `-<Unix milliseconds>` before the dot if it was tried to be stored, first at that time. */
export const FILE_NAME = /^((?:traces|metrics|logs)-\d+-[0-9a-f]+)(?:-(\d{1,15}))?\.otlp$/
/** What is being written, to be renamed when it is whole. */
export const TEMPORARY_NAME = /^\.tmp-/

const LINE = /^sidelight-handover\/1 (\S+) (\d{1,15}) (-|[0-9a-f]{64})$/

/** When its body was first sent, or taken from here; null if never, so that it is certainly not stored. */
export function triedMsOf(name: string): number | null {
  const tried = FILE_NAME.exec(name)?.[2]
  return tried === undefined ? null : Number(tried)
}

/** The name of a file that was never tried, once it is. */
export function nameTried(name: string, triedMs: number): string {
  return name.replace(FILE_NAME, `$1-${Math.floor(triedMs)}.otlp`)
}

/** The header at the beginning of `start`; null when there is none of this version. */
export function parseHeader(start: Buffer): Header | null {
  const end = start.indexOf('\n')
  if (end < 0 || end >= LONGEST_HEADER_BYTES) return null
  const [, name, items, hash] = LINE.exec(start.toString('latin1', 0, end)) ?? []
  const signal = SIGNALS.find((known) => known === name)
  if (signal === undefined) return null
  return {
    signal,
    items: Number(items),
    tokenHash: hash === undefined || hash === '-' ? null : hash,
    bytes: end + 1,
  }
}
