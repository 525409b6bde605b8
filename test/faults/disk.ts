import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotRun } from './scenario'
import type { Stage } from './stage'

const MIB = 1_024 * 1_024
const BLOCK_BYTES = 4_096

/** A file system of its own, in memory, that can be filled up. */
export interface Disk {
  readonly folder: string
  /** Leaves no block free. */
  fill(): void
  /** Takes back what `fill` took. */
  free(): void
  /** Nothing may be open for writing there. */
  setReadOnly(isReadOnly: boolean): void
}

/** Mounts it; unmounted at the stage's end. Throws NotRun for a user who may not. */
export function mountDisk(stage: Stage, sizeMib: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-disk-'))
  stage.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder)
  } catch {
    throw new NotRun('needs root, with the right to mount')
  }
  stage.teardown(() => run('umount', '--lazy', folder))
  chmodSync(folder, 0o755)
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
    setReadOnly(isReadOnly) {
      run('mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder)
    },
  }
}

function fillUp(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (let bytes = MIB; bytes >= BLOCK_BYTES;) {
      try {
        writeSync(file, Buffer.alloc(bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        bytes /= 2
      }
    }
  } finally {
    closeSync(file)
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
