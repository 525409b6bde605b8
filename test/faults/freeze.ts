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

/** Whether the process and all its children stand still. */
export function isFrozen(pid: number): boolean {
  return [pid, ...childrenOf(pid)].every((one) => readStat(one)?.state === 'T')
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((candidate) => candidate > 0 && readStat(candidate)?.parent === pid)
}

/** Null when the process has ended. */
function readStat(pid: number): { readonly state: string; readonly parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
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
