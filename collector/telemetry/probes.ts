import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readMemoryUse } from './memory'

const SECOND_MS = 1000
const MIN_FREE_DISK = 0.1
/** Of the limit; more is unhealthy. */
export const MAX_MEMORY_USE = 0.8
/** How long an answer is good for, and how long a check may take before it counts as failed. */
const CACHE_MS = SECOND_MS
const CHECK_TIMEOUT_MS = SECOND_MS

export type Verdict = 'healthy' | 'unhealthy'

export interface Readiness {
  readonly ready: boolean
  readonly checks: {
    readonly database: Verdict
    readonly spool: Verdict
    readonly disk_space: Verdict
    readonly memory: Verdict
  }
}

/** What the health routes ask. */
export interface Probes {
  /** Never throws and never takes longer than a check may: a check that hangs has failed. */
  readonly readiness: () => Promise<Readiness>
}

/** What the probes look at; the disk, the memory and the clock are the real machine's by default. */
export interface ProbeSources {
  /** Whether the database is believed to be usable; the pipeline knows without asking it. */
  readonly database: () => boolean | Promise<boolean>
  /** Whether the collector is about to end: it is ready for nothing then, whatever the checks say. */
  readonly isStopping?: () => boolean
  /** Whether the spool takes what Postgres does not. */
  readonly spool: () => boolean
  readonly dataDir: string
  /** Free and total bytes of the volume that holds the folder. */
  readonly disk?: (folder: string) => Promise<{ freeBytes: number; totalBytes: number }>
  /** Share of the memory limit in use, 0 to 1. */
  readonly memory?: () => Promise<number>
  /** Milliseconds that never run backwards. */
  readonly clock?: () => number
}

/** The readiness of the collector: each check alone, at most once a second, bounded in time. */
export function createProbes({
  database,
  isStopping = () => false,
  spool,
  dataDir,
  disk = readDisk,
  memory = readMemoryUse,
  clock = () => performance.now(),
}: ProbeSources): Probes {
  const hasRoom = async () => {
    const { freeBytes, totalBytes } = await disk(dataDir)
    return freeBytes > MIN_FREE_DISK * totalBytes
  }
  const checks = {
    // Known without asking the database, so a change shows at once.
    database: createCheck(async () => database(), clock, 0),
    spool: createCheck(async () => spool(), clock, 0),
    disk_space: createCheck(hasRoom, clock),
    memory: createCheck(async () => (await memory()) < MAX_MEMORY_USE, clock),
  }
  return {
    async readiness() {
      const [database, spool, disk_space, memory] = await Promise.all([
        checks.database(),
        checks.spool(),
        checks.disk_space(),
        checks.memory(),
      ])
      const verdicts = { database, spool, disk_space, memory }
      const isHealthy = Object.values(verdicts).every((verdict) => verdict === 'healthy')
      return { ready: isHealthy && !isStopping(), checks: verdicts }
    },
  }
}

/** A check that runs at most once at a time and once a `cacheMs`. What fails or hangs is unhealthy. */
function createCheck(
  isHealthy: () => Promise<boolean>,
  clock: () => number,
  cacheMs = CACHE_MS,
): () => Promise<Verdict> {
  let running: Promise<Verdict> | null = null
  let known: { readonly verdict: Verdict; readonly atMs: number } | null = null
  const run = async (): Promise<Verdict> => {
    const verdict = await isHealthy().then(
      (healthy): Verdict => (healthy ? 'healthy' : 'unhealthy'),
      // A check that cannot be made says what matters by being unhealthy.
      (): Verdict => 'unhealthy',
    )
    known = { verdict, atMs: clock() }
    running = null
    return verdict
  }
  return () => {
    if (known !== null && clock() - known.atMs < cacheMs) return Promise.resolve(known.verdict)
    running ??= run()
    return withinTime(running)
  }
}

function withinTime(verdict: Promise<Verdict>): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Verdict>((done) => {
    timer = setTimeout(() => done('unhealthy'), CHECK_TIMEOUT_MS)
  })
  return Promise.race([verdict, late]).finally(() => clearTimeout(timer))
}

/** Room on the volume that holds the folder; one that does not exist yet will be on the volume of its nearest parent that does. */
export async function readDisk(folder: string): Promise<{ freeBytes: number; totalBytes: number }> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, blocks, bsize } = await statfs(path)
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (!isAbsent || dirname(path) === path) throw error
    }
  }
}
