import { constants, open, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Bits } from './bits'
import { FILE_MODE, markFile, syncFolder, writeAll } from './files'
import { ALIGNMENT_BYTES } from './record'
import type { Segment } from './segment'

/** A place, and a CRC of it with the number of the segment. */
const MARK_BYTES = 8

/** What the companion file of a segment says to be settled. A torn or damaged mark counts as none: its record is sent again. */
export async function readMarks(
  folder: string,
  segment: number,
): Promise<{ readonly settled: Bits; readonly markBytes: number }> {
  const settled = new Bits()
  const file = await readIfPresent(markFile(folder, segment))
  const markBytes = file.length - (file.length % MARK_BYTES)
  for (let at = 0; at < markBytes; at += MARK_BYTES) {
    const index = file.readUInt32LE(at)
    if (file.readUInt32LE(at + 4) === crcOf(segment, index)) settled.add(index)
  }
  return { settled, markBytes }
}

/** Adds what the segment has not marked yet, and returns when that is on disk. On failure it stays unmarked. */
export async function writeMarks(folder: string, segment: Segment): Promise<void> {
  const offsets = [...segment.unmarked]
  const isNew = segment.markBytes === 0
  const flags = constants.O_WRONLY | constants.O_CREAT
  const file = await open(markFile(folder, segment.number), flags, FILE_MODE)
  try {
    await writeAll(file, [encodeMarks(segment.number, offsets)], segment.markBytes)
    await file.datasync()
  } finally {
    await file.close()
  }
  if (isNew) await syncFolder(folder)
  segment.markBytes += offsets.length * MARK_BYTES
  segment.endUnmarked(offsets.length)
}

function encodeMarks(segment: number, offsets: readonly number[]): Buffer {
  const marks = Buffer.alloc(offsets.length * MARK_BYTES)
  for (const [i, offset] of offsets.entries()) {
    const index = offset / ALIGNMENT_BYTES
    marks.writeUInt32LE(index, i * MARK_BYTES)
    marks.writeUInt32LE(crcOf(segment, index), i * MARK_BYTES + 4)
  }
  return marks
}

function crcOf(segment: number, index: number): number {
  const mark = Buffer.alloc(8)
  mark.writeUInt32LE(segment, 0)
  mark.writeUInt32LE(index, 4)
  return crc32(mark)
}

async function readIfPresent(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
