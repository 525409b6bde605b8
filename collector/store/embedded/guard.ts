import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'

const MINIMUM_FREE_BYTES = 256 * 1024 * 1024
const CHECK_INTERVAL_MS = 10_000

export interface SizeGuardOptions {
  /** What the database takes on disk. */
  readonly measureBytes: () => Promise<number>
  /** What is left on its disk. */
  readonly freeBytes: () => Promise<number>
  readonly maxSizeBytes: number
  readonly log: Logger
  readonly checkIntervalMs?: number
}

export interface SizeGuard {
  /** Why nothing more may be written now, or null. */
  refusal(): string | null
  /** Measures now; a measurement that fails leaves the verdict as it was. */
  check(): Promise<void>
  stop(): void
}

/**
 * Keeps the database below its cap by saying when to refuse: checked every few seconds, so it may be passed by what is
 * written between two checks. Refuses too while the disk has less than 256 MiB left, since a Postgres that cannot write
 * its log stops altogether.
 */
export function createSizeGuard(options: SizeGuardOptions): SizeGuard {
  const { measureBytes, freeBytes, maxSizeBytes, log } = options
  let refusal: string | null = null
  let checking: Promise<void> | null = null
  async function measure(): Promise<void> {
    const verdict = judgeSize(await measureBytes(), maxSizeBytes, await freeBytes())
    if (verdict !== null && refusal === null)
      log.error({ maxSizeBytes }, `refusing data: ${verdict}`)
    if (verdict === null && refusal !== null)
      log.info('accepting data again: the database has room')
    refusal = verdict
  }
  async function check(): Promise<void> {
    checking ??= measure()
      .catch((error: unknown) => log.debug({ err: error }, 'cannot measure the database'))
      .finally(() => {
        checking = null
      })
    await checking
  }
  const timer = setInterval(() => void check(), options.checkIntervalMs ?? CHECK_INTERVAL_MS)
  timer.unref()
  return { refusal: () => refusal, check, stop: () => clearInterval(timer) }
}

/** Why nothing more may be written into a database of `sizeBytes` on a disk with `freeBytes` left, or null. */
export function judgeSize(
  sizeBytes: number,
  maxSizeBytes: number,
  freeBytes: number,
): string | null {
  if (sizeBytes >= maxSizeBytes) {
    return `the embedded database is at its cap (${mib(sizeBytes)} of ${mib(maxSizeBytes)} MiB)`
  }
  if (freeBytes < MINIMUM_FREE_BYTES) {
    return `the disk of the embedded database is nearly full (${mib(freeBytes)} MiB left)`
  }
  return null
}

/** Bytes an unprivileged user may still write to the disk that holds `folder`. */
export async function measureFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function mib(bytes: number): number {
  return Math.round(bytes / (1024 * 1024))
}
