import { constants, open, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Bits } from './bits'
import { FILE_MODE, markFile, syncFolder, writeAll } from './files'
import { ALIGNMENT_BYTES } from './record'
import type { Marks, Segment } from './segment'

/** A place, and a CRC of it with the number of the segment. */
const MARK_BYTES = 8

/** What a mark says of the record at its place, by what its CRC begins with. */
const SETTLED = 0
const HANDED_OUT = 1

/** What the companion file of a segment says. A torn or damaged mark counts as none: its record is sent again. */
export async function readMarks(folder: string, segment: number): Promise<Marks> {
  const settled = new Bits()
  let handedOutTo = 0
  const file = await readIfPresent(markFile(folder, segment))
  const markBytes = file.length - (file.length % MARK_BYTES)
  for (let at = 0; at < markBytes; at += MARK_BYTES) {
    const index = file.readUInt32LE(at)
    const crc = file.readUInt32LE(at + 4)
    if (crc === crcOf(segment, index, SETTLED)) settled.add(index)
    else if (crc === crcOf(segment, index, HANDED_OUT)) {
      handedOutTo = Math.max(handedOutTo, index * ALIGNMENT_BYTES)
    }
  }
  return { settled, handedOutTo, markBytes }
}

/** Adds what the segment has not marked yet, and returns when that is on disk. On failure it stays unmarked. */
export async function writeMarks(folder: string, segment: Segment): Promise<void> {
  const { number } = segment
  const offsets = [...segment.unmarked]
  const handedOut = segment.unmarkedHandOut
  const marks = offsets.map((offset) => encodeMark(number, offset, SETTLED))
  if (handedOut !== null) marks.push(encodeMark(number, handedOut, HANDED_OUT))
  const isNew = segment.markBytes === 0
  const flags = constants.O_WRONLY | constants.O_CREAT
  const file = await open(markFile(folder, number), flags, FILE_MODE)
  try {
    await writeAll(file, [Buffer.concat(marks)], segment.markBytes)
    await file.datasync()
  } finally {
    await file.close()
  }
  if (isNew) await syncFolder(folder)
  segment.markBytes += marks.length * MARK_BYTES
  segment.endUnmarked(offsets.length)
  if (handedOut !== null) segment.endHandOut(handedOut)
}

function encodeMark(segment: number, offset: number, kind: number): Buffer {
  const mark = Buffer.alloc(MARK_BYTES)
  const index = offset / ALIGNMENT_BYTES
  mark.writeUInt32LE(index, 0)
  mark.writeUInt32LE(crcOf(segment, index, kind), 4)
  return mark
}

function crcOf(segment: number, index: number, kind: number): number {
  const mark = Buffer.alloc(8)
  mark.writeUInt32LE(segment, 0)
  mark.writeUInt32LE(index, 4)
  return crc32(mark, kind)
}

async function readIfPresent(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
