import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * What tells the process `pid` from any other that had or will have the same number: when it was started, in which boot
 * of the machine. Null when there is no such process, or only its unreaped remains.
 */
export function identifyProcess(pid: number): string | null {
  if (process.platform === 'linux') return identifyOnLinux(pid)
  const [state, ...started] = readPs(pid, 'state=,lstart=').split(/\s+/)
  if (state === undefined || state === '' || state.startsWith('Z')) return null
  return started.join(' ')
}

/** Whether the process `pid` that was identified so still runs; cheap enough to ask several times a second. */
export function isRunning(pid: number, identity: string): boolean {
  if (process.platform === 'linux') return identifyOnLinux(pid) === identity
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The command line of the process `pid`, empty when it is gone or not ours to see. */
export function readCommandLine(pid: number): string {
  if (process.platform !== 'linux') return readPs(pid, 'command=')
  return readProc(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? ''
}

function identifyOnLinux(pid: number): string | null {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTicks] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X' || startTicks === undefined) return null
  return `${readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}:${startTicks}`
}

/** Null when the process ended: its folder is gone, or goes while it is read (ESRCH). */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return null
    throw error
  }
}

function readPs(pid: number, format: string): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch (error) {
    // ps exits with 1 when it knows no such process.
    if ((error as { status?: number | null }).status === 1) return ''
    throw error
  }
}
