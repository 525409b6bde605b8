import { statfs as statfsOf } from 'node:fs/promises'
import type { Space } from './filesystem'

/** What statfs(2) says, in blocks. */
export interface Blocks {
  readonly bsize: number
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
}

const SECOND_MS = 1000

/**
 * A function that measures a filesystem; null when that fails or takes longer than a second. One that hangs is not asked
 * again before it has answered, so that it holds one thread and not all of them.
 */
export function createSpaceReader(
  statfs: (path: string) => Promise<Blocks> = statfsOf,
  limitMs = SECOND_MS,
): (mountpoint: string) => Promise<Space | null> {
  const asked = new Set<string>()
  return (mountpoint) => {
    if (asked.has(mountpoint)) return Promise.resolve(null)
    asked.add(mountpoint)
    const measured = statfs(mountpoint)
      // Gone or forbidden: there is nothing to tell about it.
      .then(spaceOf, () => null)
      .finally(() => asked.delete(mountpoint))
    return withinTime(measured, limitMs)
  }
}

function spaceOf({ bsize, blocks, bfree, bavail }: Blocks): Space {
  return {
    usedBytes: (blocks - bfree) * bsize,
    freeBytes: bavail * bsize,
    reservedBytes: (bfree - bavail) * bsize,
  }
}

function withinTime(space: Promise<Space | null>, limitMs: number): Promise<Space | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), limitMs).unref()
  })
  return Promise.race([space, late]).finally(() => clearTimeout(timer))
}
