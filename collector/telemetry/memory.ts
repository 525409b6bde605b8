import { freemem, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseMemberships } from './host/cgroup'
import { findTightest, readMemoryLevels } from './host/cgroup-memory'
import { type HostFiles, LINUX, readIfPresent } from './host/files'
import { parseMemory } from './host/memory'

/**
 * The share of the memory limit that is in use, 0 to 1: of the tightest cgroup limit (v2 or v1) this process is under,
 * without file cache the kernel may drop; without a limit, of the machine, by MemAvailable.
 */
export async function readMemoryUse(files: HostFiles = LINUX): Promise<number> {
  const membership = (await readIfPresent(join(files.procRoot, 'self', 'cgroup'))) ?? ''
  const levels = await readMemoryLevels(files.cgroupRoot, parseMemberships(membership))
  const tightest = findTightest(levels)
  if (tightest !== null) return tightest.workingSetBytes / tightest.limitBytes
  return readMachineUse(files)
}

async function readMachineUse({ procRoot }: HostFiles): Promise<number> {
  const memory = parseMemory((await readIfPresent(join(procRoot, 'meminfo'))) ?? '')
  if (memory !== null) return 1 - memory.availableBytes / memory.totalBytes
  // macOS counts memory it would give back at once as taken: judging it would call every Mac unhealthy.
  if (platform() === 'darwin') return process.memoryUsage.rss() / totalmem()
  return 1 - freemem() / totalmem()
}
