import { readdirSync, readFileSync } from 'node:fs'

/** Stops a process and its children where they stand, as a machine does that hangs: their sockets stay open (Linux). */
export function freeze(pid: number): void {
  // The parent first, so that it has no further children.
  for (const one of [pid, ...childrenOf(pid)]) signal(one, 'SIGSTOP')
}

/** Lets them go on; harmless when they run or have ended. */
export function thaw(pid: number): void {
  for (const one of [...childrenOf(pid), pid]) signal(one, 'SIGCONT')
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((candidate) => candidate > 0 && parentOf(candidate) === pid)
}

/** Null when the process has ended. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  // -1 would be everyone.
  if (pid <= 0) return
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
