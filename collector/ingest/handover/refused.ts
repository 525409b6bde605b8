import type { Stats } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeShared } from './folder'

const FOLDER = 'refused'
const MIB = 1024 * 1024
const DAY_MS = 24 * 3_600_000
/** What is kept for people to look at. */
export const MOST_REFUSED_BYTES = 64 * MIB
const OLDEST_MS = 7 * DAY_MS

/** Puts a file of the folder aside, into `refused/`. Throws what the disk throws. */
export async function putAside(folder: string, name: string): Promise<void> {
  const aside = join(folder, FOLDER)
  await makeShared(aside)
  if (!(await lstat(aside)).isDirectory()) throw new Error(`${aside} is not a folder`)
  await rename(join(folder, name), join(aside, name))
}

/** Deletes what was put aside and is old, and the oldest of what is too much. Throws what the disk throws. */
export async function pruneRefused(folder: string, nowMs: number): Promise<void> {
  const aside = join(folder, FOLDER)
  const stats = await lstatIfPresent(aside)
  if (stats === null || !stats.isDirectory()) return
  const kept: { path: string; size: number; ctimeMs: number }[] = []
  for (const name of await readdir(aside)) {
    const path = join(aside, name)
    const stats = await lstatIfPresent(path)
    if (stats !== null && !stats.isDirectory()) {
      kept.push({ path, size: stats.size, ctimeMs: stats.ctimeMs })
    }
  }
  // By the time they were put here, the newest first.
  kept.sort((a, b) => b.ctimeMs - a.ctimeMs)
  let bytes = 0
  for (const { path, size, ctimeMs } of kept) {
    bytes += size
    if (bytes > MOST_REFUSED_BYTES || nowMs - ctimeMs > OLDEST_MS) await rm(path, { force: true })
  }
}

/** Of the name itself, not of what it leads to; null when there is none. */
export async function lstatIfPresent(path: string): Promise<Stats | null> {
  try {
    return await lstat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
