import { readFile } from 'node:fs/promises'
import { freemem, platform, totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** Where Linux tells; another root lets a container's agent, or a test, look at other files. */
export interface MemoryFiles {
  readonly cgroupRoot: string
  readonly procRoot: string
}

const LINUX: MemoryFiles = { cgroupRoot: '/sys/fs/cgroup', procRoot: '/proc' }
const BYTES_PER_KIB = 1024

/**
 * The share of the memory limit that is in use, 0 to 1: of the tightest cgroup limit (v2 or v1) this process is under,
 * without file cache the kernel may drop; without a limit, of the machine, by MemAvailable.
 */
export async function readMemoryUse(files: MemoryFiles = LINUX): Promise<number> {
  const limits = await readLimits(files)
  if (limits.length > 0) {
    return Math.max(...limits.map(({ usedBytes, limitBytes }) => usedBytes / limitBytes))
  }
  return readMachineUse(files)
}

interface Limit {
  readonly usedBytes: number
  readonly limitBytes: number
}

interface Version {
  readonly folder: string
  readonly limit: string
  readonly usage: string
  readonly inactive: RegExp
}

const V2: Version = {
  folder: '',
  limit: 'memory.max',
  usage: 'memory.current',
  inactive: /^inactive_file (\d+)$/m,
}
const V1: Version = {
  folder: 'memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactive: /^total_inactive_file (\d+)$/m,
}

/** Every limit from the process's own cgroup up to the root: any of them can be the one that kills. */
async function readLimits({ cgroupRoot, procRoot }: MemoryFiles): Promise<Limit[]> {
  const membership = (await readIfPresent(join(procRoot, 'self', 'cgroup'))) ?? ''
  const machineBytes = totalmem()
  const limits: Limit[] = []
  for (const line of membership.trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const version = controllers === '' ? V2 : controllers.split(',').includes('memory') ? V1 : null
    if (version === null || path === '') continue
    for (let at = path; ; at = dirname(at)) {
      const limit = await readLimit(join(cgroupRoot, version.folder, at), version)
      // v1 says "no limit" with a number no machine has.
      if (limit && limit.limitBytes <= machineBytes) limits.push(limit)
      if (at === '/' || at === dirname(at)) break
    }
  }
  return limits
}

async function readLimit(folder: string, version: Version): Promise<Limit | null> {
  const [limit, usage, stat] = await Promise.all([
    readIfPresent(join(folder, version.limit)),
    readIfPresent(join(folder, version.usage)),
    readIfPresent(join(folder, 'memory.stat')),
  ])
  const limitBytes = Number(limit ?? 'max')
  // "max", and in v2 the root cgroup, which has no such file.
  if (usage === null || !(limitBytes > 0)) return null
  const inactiveBytes = Number(version.inactive.exec(stat ?? '')?.[1] ?? 0)
  return { usedBytes: Math.max(0, Number(usage) - inactiveBytes), limitBytes }
}

async function readMachineUse({ procRoot }: MemoryFiles): Promise<number> {
  const meminfo = (await readIfPresent(join(procRoot, 'meminfo'))) ?? ''
  const kib = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1])
  const availableBytes = kib('MemAvailable') * BYTES_PER_KIB
  const totalBytes = kib('MemTotal') * BYTES_PER_KIB
  if (totalBytes > 0 && availableBytes >= 0) return 1 - availableBytes / totalBytes
  // macOS counts memory it would give back at once as taken: judging it would call every Mac unhealthy.
  if (platform() === 'darwin') return process.memoryUsage.rss() / totalmem()
  return 1 - freemem() / totalmem()
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null
    throw error
  }
}
