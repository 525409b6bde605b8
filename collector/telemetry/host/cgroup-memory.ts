import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { CgroupFolder, Membership } from './cgroup'
import { listFolders, membershipsOf } from './cgroup'
import { readIfPresent } from './files'

/** What the processes of a cgroup and of those below it use. */
export interface CgroupMemory {
  readonly usageBytes: number
  /** Without file cache the kernel may drop. */
  readonly workingSetBytes: number
  /** Memory that is no file; null when the cgroup does not say. */
  readonly rssBytes: number | null
  /** Null for none. */
  readonly limitBytes: number | null
}

interface Version {
  readonly limit: string
  readonly usage: string
  readonly inactive: RegExp
  readonly rss: RegExp
}

const VERSIONS: Readonly<Record<1 | 2, Version>> = {
  1: {
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    inactive: /^total_inactive_file (\d+)$/m,
    rss: /^total_rss (\d+)$/m,
  },
  2: {
    limit: 'memory.max',
    usage: 'memory.current',
    inactive: /^inactive_file (\d+)$/m,
    rss: /^anon (\d+)$/m,
  },
}

/** Every cgroup with memory accounting from the process's own up to the root: the limit of any of them can be the one that kills. */
export async function readMemoryLevels(
  cgroupRoot: string,
  memberships: readonly Membership[],
): Promise<CgroupMemory[]> {
  const levels = membershipsOf(memberships, 'memory')
    .flatMap((membership) => listFolders(cgroupRoot, membership, 'memory'))
    .map(readCgroupMemory)
  return (await Promise.all(levels)).filter((level) => level !== null)
}

/** Null when the folder is not there, or is the root of version 2, which has no accounting. */
async function readCgroupMemory({ version, folder }: CgroupFolder): Promise<CgroupMemory | null> {
  const names = VERSIONS[version]
  const usage = await readIfPresent(join(folder, names.usage))
  if (usage === null) return null
  const [limit, stat] = await Promise.all([
    readIfPresent(join(folder, names.limit)),
    readIfPresent(join(folder, 'memory.stat')),
  ])
  return describeMemory(names, usage, limit, stat ?? '')
}

function describeMemory(
  names: Version,
  usage: string,
  limit: string | null,
  stat: string,
): CgroupMemory {
  const usageBytes = Number(usage)
  const rss = names.rss.exec(stat)?.[1]
  const limitBytes = Number(limit ?? 'max')
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - Number(names.inactive.exec(stat)?.[1] ?? 0)),
    rssBytes: rss === undefined ? null : Number(rss),
    // "max" is none; version 1 says none with a number no machine has.
    limitBytes: limitBytes > 0 && limitBytes <= totalmem() ? limitBytes : null,
  }
}

/** The level with the largest share of its limit in use; null without any limit. */
export function findTightest(levels: readonly CgroupMemory[]): LimitedMemory | null {
  const limited = levels.filter((level): level is LimitedMemory => level.limitBytes !== null)
  const useOf = ({ workingSetBytes, limitBytes }: LimitedMemory) => workingSetBytes / limitBytes
  return limited.sort((a, b) => useOf(b) - useOf(a))[0] ?? null
}

type LimitedMemory = CgroupMemory & { readonly limitBytes: number }
