import { statSync } from 'node:fs'
import type { Logger } from 'pino'

const MINUTE_MS = 60_000

export interface RenewalParts {
  readonly files: readonly string[]
  /** Takes the files over. Throws when they cannot be used, which leaves what was taken before. */
  readonly take: () => void
  readonly log: Logger
  readonly intervalMs?: number
}

/** Looks at the files every minute and has them taken over once they changed. Returns what ends that. */
export function watchRenewals({
  files,
  take,
  log,
  intervalMs = MINUTE_MS,
}: RenewalParts): () => void {
  let taken = stampsOf(files)
  /** What could not be taken: it is told of once and tried on, for files are renewed one after another. */
  let failed: string | null = null
  const timer = setInterval(() => {
    const stamps = stampsOf(files)
    if (stamps === taken) return
    try {
      take()
      taken = stamps
      failed = null
      log.info({ files }, 'renewed TLS files are in use')
    } catch (error) {
      if (failed !== stamps) {
        log.warn({ err: error }, 'changed TLS files cannot be used: the old ones stay in use')
      }
      failed = stamps
    }
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Which files these are, when they were written and how large they are. */
function stampsOf(files: readonly string[]): string {
  return files.map(stampOf).join(' ')
}

function stampOf(file: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(file)
    return `${ino}:${mtimeMs}:${size}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'none'
  }
}
