import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Where Linux tells; another root lets a container's agent, or a test, look at other files. */
export interface HostFiles {
  readonly cgroupRoot: string
  readonly procRoot: string
}

export const LINUX: HostFiles = { cgroupRoot: '/sys/fs/cgroup', procRoot: '/proc' }

/** The unit of the times in /proc: USER_HZ, which is 100 on every Linux that Node.js runs on. */
export const TICKS_PER_SECOND = 100

/** The text of a file; null when there is none or it must not be read. For those of cgroups, which can take the kernel long. */
export async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return nullIfAbsent(error)
  }
}

/** The same at once, for files of /proc: the kernel writes them in microseconds, and a thread takes ten times as long. */
export function readNowIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return nullIfAbsent(error)
  }
}

function nullIfAbsent(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null
  throw error
}
