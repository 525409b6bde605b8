import { constants, type FileHandle, open } from 'node:fs/promises'
import { BadData, Unavailable } from '../../errors'
import { readAll } from '../spool/files'
import { isOwn } from './folder'
import { type Header, LONGEST_HEADER_BYTES, parseHeader } from './header'

/** No symbolic link is followed, and no pipe waited for. */
const FLAGS =
  constants.O_RDONLY |
  (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW | constants.O_NONBLOCK)

export interface ReadOptions {
  /** Whether files of other users are taken. */
  readonly isChosen: boolean
  readonly maxBodyBytes: number
  /** Memory for a body, within the budget of all requests; null when there is no room now. */
  readonly lend: (bytes: number) => Buffer | null
}

/** A body as its application sent it, or would have. */
export interface HandedOver {
  readonly header: Header
  readonly body: Buffer
  /** Unix milliseconds at which it was written. */
  readonly modifiedMs: number
  /** Unix milliseconds since which it lies here. */
  readonly changedMs: number
}

/**
 * Reads a file that an application left. Throws BadData for what is not such a file, or not one to be trusted, Unavailable
 * when it may be one later, and what the disk throws, as ENOENT when somebody else took it.
 */
export async function readHandedOver(path: string, options: ReadOptions): Promise<HandedOver> {
  const file = await openFile(path)
  try {
    const { size, mtimeMs, ctimeMs } = await judge(file, options)
    const start = Buffer.alloc(Math.min(size, LONGEST_HEADER_BYTES))
    const header = parseHeader(start.subarray(0, await readAll(file, start, 0)))
    if (header === null) throw new BadData('its first line is not a header this version knows')
    const bodyBytes = size - header.bytes
    if (bodyBytes > options.maxBodyBytes) {
      throw new BadData(`its body has ${bodyBytes} bytes, more than SIDELIGHT_MAX_BODY_BYTES`)
    }
    const body = options.lend(bodyBytes)
    if (body === null) throw new Unavailable('requests take all the memory they may')
    if ((await readAll(file, body, header.bytes)) < bodyBytes) throw new BadData('it was cut off')
    return { header, body, modifiedMs: mtimeMs, changedMs: ctimeMs }
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP' || code === 'EMLINK') throw new BadData('it is a symbolic link')
    if (code === 'ENXIO') throw new BadData('it is not a regular file')
    throw error
  }
}

/** What was opened, not what the name stands for by now. */
async function judge(file: FileHandle, { isChosen }: ReadOptions) {
  const stats = await file.stat()
  if (!stats.isFile()) throw new BadData('it is not a regular file')
  if (!isChosen && !isOwn(stats.uid)) throw new BadData('it belongs to another user')
  if (stats.nlink !== 1) throw new BadData('it has another name somewhere')
  return stats
}
