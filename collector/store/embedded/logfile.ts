import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

const MAX_LOG_BYTES = 8 * 1024 * 1024
const MAX_READ_BYTES = 64 * 1024

/** Bytes in the log, 0 when there is none. */
export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** What was logged since the file had `from` bytes, at most the last 64 KiB. */
export function readLogFrom(file: string, from: number): string {
  const size = logSize(file)
  const start = Math.max(from, size - MAX_READ_BYTES)
  if (size <= start) return ''
  const text = Buffer.alloc(size - start)
  const descriptor = openSync(file, 'r')
  try {
    return text.toString('utf8', 0, readSync(descriptor, text, 0, text.length, start))
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Keeps the log and the one before it (`file`.1) below 8 MiB each. The server holds the file open for appending, so it is
 * copied and emptied, never renamed; lines written in between are lost.
 */
export function boundLog(file: string): void {
  if (logSize(file) <= MAX_LOG_BYTES) return
  copyFileSync(file, `${file}.1`)
  truncateSync(file, 0)
}
