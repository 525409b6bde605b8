import { mkdir, open, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { FIRST_OFFSET } from './segment'

/** Bodies are private. */
export const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

const MAGIC = Buffer.from('SLSPOOL\n')
const VERSION = 1
/** Magic, version, CRC of both. Any later version keeps these. */
const SIGNED_BYTES = MAGIC.length + 4

/** The file that holds the records of a segment. */
export function segmentFile(folder: string, segment: number): string {
  return join(folder, `${nameOf(segment)}.seg`)
}

/** The file that says which records of a segment are settled. */
export function markFile(folder: string, segment: number): string {
  return join(folder, `${nameOf(segment)}.done`)
}

/** The name of a segment's files without extension. */
export function nameOf(segment: number): string {
  return String(segment).padStart(8, '0')
}

/** The segments that files are named after, in order. */
export function numbersOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

/** What a segment begins with. */
export function encodeSegmentHeader(): Buffer {
  const header = Buffer.alloc(FIRST_OFFSET)
  MAGIC.copy(header)
  header.writeUInt32LE(VERSION, MAGIC.length)
  header.writeUInt32LE(crc32(header.subarray(0, SIGNED_BYTES)), SIGNED_BYTES)
  return header
}

/** Whether this version of the format wrote it, another did, or it cannot be told. */
export function judgeSegmentHeader(header: Buffer): 'known' | 'unknown' | 'damaged' {
  if (header.length < FIRST_OFFSET || !MAGIC.equals(header.subarray(0, MAGIC.length))) {
    return 'damaged'
  }
  if (header.readUInt32LE(SIGNED_BYTES) !== crc32(header.subarray(0, SIGNED_BYTES))) {
    return 'damaged'
  }
  return header.readUInt32LE(MAGIC.length) === VERSION ? 'known' : 'unknown'
}

/** Makes the folder and those above it, so that they are there after a power cut too. Node's own way hides why it failed. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    return makeFolder(folder)
  }
  await syncFolder(dirname(folder))
}

/** Puts on disk which files the folder has. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes a segment for good. What is settled in it stays known until it is certainly gone. */
export async function removeSegment(folder: string, segment: number): Promise<void> {
  await rm(segmentFile(folder, segment), { force: true })
  await syncFolder(folder)
  await rm(markFile(folder, segment), { force: true })
}

/** All of the pieces, at `position`; a write that was cut short goes on, so that the reason comes to light. */
export async function writeAll(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = pieces.filter(({ length }) => length > 0)
  let at = position
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at)
    at += bytesWritten
    left = dropBytes(left, bytesWritten)
  }
}

/** Up to `into.length` bytes from `position`; how many there were before the end of the file. */
export async function readAll(file: FileHandle, into: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

function dropBytes(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let gone = bytes
  return pieces.flatMap((piece) => {
    const skipped = Math.min(gone, piece.length)
    gone -= skipped
    return skipped === piece.length ? [] : [piece.subarray(skipped)]
  })
}
