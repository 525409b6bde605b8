import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { type ContainerReading, readContainer } from './container'
import { type CpuReading, parseCpu } from './cpu'
import { type DiskReading, parseDisks } from './disk'
import { type HostFiles, LINUX, readNowIfPresent } from './files'
import { chooseMounts, type Mount, parseMounts, type Space } from './filesystem'
import { type LoadReading, parseLoad, parseUptime } from './load'
import { type MemoryReading, parseMemory } from './memory'
import { type InterfaceReading, parseInterfaces } from './network'
import { type Blocks, createSpaceReader } from './space'

/** What the machine and the container said at one moment; null is what they do not say. */
export interface HostReading {
  readonly cpu: CpuReading | null
  readonly load: LoadReading | null
  readonly uptimeSeconds: number | null
  readonly memory: MemoryReading | null
  readonly disks: readonly DiskReading[] | null
  readonly interfaces: readonly InterfaceReading[] | null
  readonly filesystems: readonly FilesystemReading[] | null
  readonly container: ContainerReading | null
}

export interface FilesystemReading {
  /** Without a device and a type where the system does not name them. */
  readonly mount: Pick<Mount, 'mountpoint'> & Partial<Pick<Mount, 'device' | 'type' | 'mode'>>
  readonly space: Space
}

/** A part of a reading. */
export type Part = Exclude<keyof HostReading, 'uptimeSeconds'> | 'uptime'

export interface HostReaderParts {
  /** Its filesystem is always among those read; a folder that exists. */
  readonly dataDir: string
  /** Told about each part that is left out, at every reading; the error is null where the system just does not have it. */
  readonly leftOut: (part: Part, error: unknown) => void
  readonly files?: HostFiles
  readonly statfs?: (path: string) => Promise<Blocks>
}

/** A function that reads everything. It never throws: a part that cannot be read is left out, and never holds up the others. */
export function createHostReader({
  dataDir,
  leftOut,
  files = LINUX,
  statfs,
}: HostReaderParts): () => Promise<HostReading> {
  const readSpace = createSpaceReader(statfs)
  const attempt = async <T>(
    part: Part,
    read: () => T | null | Promise<T | null>,
  ): Promise<T | null> => {
    try {
      const reading = await read()
      if (reading === null) leftOut(part, null)
      return reading
    } catch (error) {
      leftOut(part, error)
      return null
    }
  }
  const readProc = <T>(part: Part, path: string, parse: (text: string) => T | null) =>
    attempt(part, () => {
      const text = readNowIfPresent(join(files.procRoot, path))
      return text === null ? null : parse(text)
    })
  return async () => {
    const uptimeSeconds = await readProc('uptime', 'uptime', parseUptime)
    const [cpu, load, memory, disks, interfaces, filesystems, container] = await Promise.all([
      readProc('cpu', 'stat', parseCpu),
      readProc('load', 'loadavg', parseLoad),
      readProc('memory', 'meminfo', parseMemory),
      readProc('disks', 'diskstats', parseDisks),
      readProc('interfaces', 'self/net/dev', parseInterfaces),
      attempt('filesystems', () => readFilesystems(files, dataDir, readSpace)),
      attempt('container', () => readContainer(files, uptimeSeconds)),
    ])
    return { cpu, load, uptimeSeconds, memory, disks, interfaces, filesystems, container }
  }
}

/** Where the system does not list its mounts, the one of the data folder alone; null when none can be measured. */
async function readFilesystems(
  { procRoot }: HostFiles,
  dataDir: string,
  readSpace: (mountpoint: string) => Promise<Space | null>,
): Promise<FilesystemReading[] | null> {
  const mountinfo = readNowIfPresent(join(procRoot, 'self', 'mountinfo'))
  const mounts: readonly FilesystemReading['mount'][] =
    mountinfo === null
      ? [{ mountpoint: dataDir }]
      : chooseMounts(parseMounts(mountinfo), await resolveLinks(dataDir))
  const measured = await Promise.all(
    mounts.map(async (mount) => ({ mount, space: await readSpace(mount.mountpoint) })),
  )
  const readings = measured.filter((one): one is FilesystemReading => one.space !== null)
  return readings.length === 0 ? null : readings
}

/** A folder that is not there (yet) is taken as it is written. */
async function resolveLinks(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch {
    return folder
  }
}
