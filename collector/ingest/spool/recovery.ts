import { type FileHandle, open, readdir, rm, truncate } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Counters } from '../../telemetry/counters'
import {
  judgeSegmentHeader,
  markFile,
  nameOf,
  numbersOf,
  readAll,
  removeSegment,
  segmentFile,
} from './files'
import { readMarks } from './marks'
import type { Quarantine } from './quarantine'
import { readRecords } from './reading'
import { readReceivedMs } from './record'
import { FIRST_OFFSET, Segment } from './segment'

/** What a process finds in the folder of its predecessors. */
export interface Recovered {
  /** Those with something left to send, in order. */
  readonly segments: readonly Segment[]
  /** Of files that are not touched: another version wrote them, or they cannot be read. */
  readonly leftAloneBytes: number
  /** No segment has, or had, a higher number. */
  readonly lastNumber: number
}

export interface RecoveryOptions {
  readonly folder: string
  readonly quarantine: Quarantine
  readonly log: Logger
  readonly counters: Pick<Counters, 'spoolCutBytes'>
}

/** Reads every segment once: counts what is to be sent, cuts torn ends, puts damage aside, and removes what is settled. */
export async function recoverSegments(options: RecoveryOptions): Promise<Recovered> {
  const { folder, quarantine } = options
  const names = await readdir(folder)
  const numbers = numbersOf(names, /^(\d{8,})\.seg$/)
  const marked = numbersOf(names, /^(\d{8,})\.done$/)
  // Its segment was removed, and the process ended before this was.
  for (const number of marked.filter((mark) => !numbers.includes(mark))) {
    await rm(markFile(folder, number), { force: true })
  }
  const segments: Segment[] = []
  let leftAloneBytes = 0
  for (const number of numbers) {
    const { segment, bytes } = await recoverSegment(number, options)
    if (segment === null) leftAloneBytes += bytes
    else if (segment.unsettled === 0 && !segment.isEvidence) await removeSegment(folder, number)
    else segments.push(segment)
  }
  // A copy in quarantine is known by the number of its segment: that is not given again.
  const lastNumber = Math.max(0, ...numbers, ...marked, ...(await quarantine.listSegments()))
  return { segments, leftAloneBytes, lastNumber }
}

/** A null segment is one that is left alone. */
async function recoverSegment(
  number: number,
  { folder, quarantine, log, counters }: RecoveryOptions,
): Promise<{ readonly segment: Segment | null; readonly bytes: number }> {
  const file = await open(segmentFile(folder, number), 'r')
  let bytes = 0
  try {
    bytes = (await file.stat()).size
    const format = judgeSegmentHeader(await readHeader(file))
    if (format === 'unknown') {
      log.error(
        `left spool segment ${nameOf(number)} alone: another version of sidelight wrote it; run that version to send its ${bytes} bytes`,
      )
      return { segment: null, bytes }
    }
    const segment = new Segment(number, { bytes, ...(await readMarks(folder, number)) })
    if (format === 'damaged' && bytes > FIRST_OFFSET) {
      await quarantine.keep(segment, file, { offset: 0, bytes: FIRST_OFFSET })
    }
    const tornAt = bytes < FIRST_OFFSET ? 0 : await countRecords(segment, file, quarantine)
    if (tornAt === null || tornAt === bytes) return { segment, bytes }
    counters.spoolCutBytes.inc(bytes - tornAt)
    log.warn(
      `cut ${bytes - tornAt} bytes off spool segment ${nameOf(number)}: they were being written when its process ended, and nothing of them had been acknowledged`,
    )
    await truncate(segmentFile(folder, number), tornAt)
    segment.bytes = tornAt
    return { segment, bytes: tornAt }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
    log.error({ err: error }, `left spool segment ${nameOf(number)} alone: it cannot be read`)
    return { segment: null, bytes }
  } finally {
    await file.close()
  }
}

/** Returns where an unfinished write begins, null when there is none. */
async function countRecords(
  segment: Segment,
  file: FileHandle,
  quarantine: Quarantine,
): Promise<number | null> {
  for await (const found of readRecords(file, segment.number, FIRST_OFFSET, segment.bytes)) {
    if (found.kind === 'record') {
      if (!segment.isSettled(found.offset)) segment.add(found.offset, readReceivedMs(found.record))
    } else if (found.isTorn) {
      return found.offset
    } else {
      await quarantine.keep(segment, file, found)
    }
  }
  return null
}

async function readHeader(file: FileHandle): Promise<Buffer> {
  const header = Buffer.alloc(FIRST_OFFSET)
  return header.subarray(0, await readAll(file, header, 0))
}
