import { join } from 'node:path'
import { type CgroupFolder, findOwnFolder, type Membership, parseMemberships } from './cgroup'
import { type CgroupMemory, findTightest, readMemoryLevels } from './cgroup-memory'
import { type HostFiles, readIfPresent, readNowIfPresent, TICKS_PER_SECOND } from './files'

/** The cgroup this process runs in. What it does not account is null. */
export interface ContainerReading {
  readonly cpu: ContainerCpu | null
  readonly memory: ContainerMemory | null
  readonly disks: readonly ContainerDisk[] | null
  /** Seconds since its first process; null unless it is a container with a process 1 of its own. */
  readonly uptimeSeconds: number | null
}

/** Since the cgroup was made. */
export interface ContainerCpu {
  readonly userSeconds: number
  readonly systemSeconds: number
}

export interface ContainerMemory extends Omit<CgroupMemory, 'limitBytes'> {
  /** Up to the tightest limit; null without one. */
  readonly availableBytes: number | null
}

/** Since the cgroup was made. */
export interface ContainerDisk {
  /** major:minor */
  readonly number: string
  readonly readBytes: number
  readonly writtenBytes: number
}

/** Null in the root cgroup of the machine, and where there are no cgroups. `hostUptimeSeconds` is the machine's. */
export async function readContainer(
  files: HostFiles,
  hostUptimeSeconds: number | null,
): Promise<ContainerReading | null> {
  const own = readNowIfPresent(join(files.procRoot, 'self', 'cgroup')) ?? ''
  const memberships = parseMemberships(own)
  const find = (controller: string, file: string) =>
    findOwnFolder(files.cgroupRoot, memberships, controller, file)
  const cpuFolder = find('cpuacct', 'cpuacct.stat')
  const memoryFolder = find('memory', 'memory.usage_in_bytes')
  const diskFolder = find('blkio', BLKIO)
  if (cpuFolder === null && memoryFolder === null && diskFolder === null) return null
  const [cpu, memory, disks] = await Promise.all([
    cpuFolder && readCpu(cpuFolder),
    memoryFolder && readMemory(files, memberships),
    diskFolder && readDisks(diskFolder),
  ])
  return { cpu, memory, disks, uptimeSeconds: readUptime(files, own, hostUptimeSeconds) }
}

const BLKIO = 'blkio.throttle.io_service_bytes'
const MICROSECONDS_PER_SECOND = 1_000_000

async function readCpu({ version, folder }: CgroupFolder): Promise<ContainerCpu | null> {
  const stat = await readIfPresent(join(folder, version === 2 ? 'cpu.stat' : 'cpuacct.stat'))
  return stat === null ? null : parseContainerCpu(stat, version)
}

/** cpu.stat of version 2, cpuacct.stat of version 1; null for a text without both times. */
export function parseContainerCpu(stat: string, version: 1 | 2): ContainerCpu | null {
  const unitsPerSecond = version === 2 ? MICROSECONDS_PER_SECOND : TICKS_PER_SECOND
  const seconds = (mode: string) => {
    const name = version === 2 ? `${mode}_usec` : mode
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1]) / unitsPerSecond
  }
  const [userSeconds, systemSeconds] = [seconds('user'), seconds('system')]
  return Number.isNaN(userSeconds + systemSeconds) ? null : { userSeconds, systemSeconds }
}

async function readMemory(
  { cgroupRoot }: HostFiles,
  memberships: readonly Membership[],
): Promise<ContainerMemory | null> {
  const levels = await readMemoryLevels(cgroupRoot, memberships)
  const [own] = levels
  if (own === undefined) return null
  const { usageBytes, workingSetBytes, rssBytes } = own
  const tightest = findTightest(levels)
  const availableBytes = tightest && Math.max(0, tightest.limitBytes - tightest.workingSetBytes)
  return { usageBytes, workingSetBytes, rssBytes, availableBytes }
}

async function readDisks({ version, folder }: CgroupFolder): Promise<ContainerDisk[] | null> {
  const stat = await readIfPresent(join(folder, version === 2 ? 'io.stat' : BLKIO))
  if (stat === null) return null
  return version === 2 ? parseIoStat(stat) : parseServiceBytes(stat)
}

/** io.stat of version 2; a disk may be listed without any figures. */
export function parseIoStat(stat: string): ContainerDisk[] {
  return Array.from(
    stat.matchAll(/^(\d+:\d+) .*?\brbytes=(\d+) wbytes=(\d+)/gm),
    ([, number = '', read, written]) => ({
      number,
      readBytes: Number(read),
      writtenBytes: Number(written),
    }),
  )
}

/** blkio.throttle.io_service_bytes of version 1: a line for each disk and direction. */
export function parseServiceBytes(stat: string): ContainerDisk[] {
  const reads = stat.matchAll(/^(\d+:\d+) Read (\d+)\n\1 Write (\d+)$/gm)
  return Array.from(reads, ([, number = '', read, written]) => ({
    number,
    readBytes: Number(read),
    writtenBytes: Number(written),
  }))
}

/** A container's process 1 is in its cgroup; that of a machine, or of a pod that shares its processes, in another one. */
function readUptime(
  { procRoot }: HostFiles,
  own: string,
  hostUptimeSeconds: number | null,
): number | null {
  const cgroup = readNowIfPresent(join(procRoot, '1', 'cgroup'))
  const stat = readNowIfPresent(join(procRoot, '1', 'stat'))
  if (cgroup !== own || stat === null || hostUptimeSeconds === null) return null
  const startSeconds = parseStart(stat)
  const uptimeSeconds = hostUptimeSeconds - startSeconds
  return uptimeSeconds >= 0 ? uptimeSeconds : null
}

/** The 22nd field of /proc/pid/stat, in seconds after the boot; the second one, a name, may hold blanks and brackets. */
export function parseStart(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[19]) / TICKS_PER_SECOND
}
