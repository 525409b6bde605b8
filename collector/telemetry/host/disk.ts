/** A whole disk of /proc/diskstats, since the boot. */
export interface DiskReading {
  readonly name: string
  /** major:minor, as cgroups name it. */
  readonly number: string
  readonly readBytes: number
  readonly writtenBytes: number
  readonly reads: number
  readonly writes: number
  /** How long it had anything to do. */
  readonly busySeconds: number
}

/** The unit of /proc/diskstats, whatever the disk's own sectors are. */
const SECTOR_BYTES = 512
const MS_PER_SECOND = 1000

/** Made of other disks (device mapper, RAID), of files or of memory, or of what can be taken out: their bytes would count twice or not at all. */
const NO_DISK = /^(?:loop|ram|zram|sr|fd|dm-|md)\d/

/** The disks without their partitions. */
export function parseDisks(diskstats: string): DiskReading[] {
  const lines = diskstats
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter((fields) => fields.length >= 14 && !NO_DISK.test(fields[2] ?? ''))
  const names = new Set(lines.map(([, , name]) => name))
  return lines.filter(([, , name = '']) => !isPartition(name, names)).map(readDisk)
}

/** sda1 beside sda, nvme0n1p2 beside nvme0n1; but xvda1 without an xvda is a disk. */
function isPartition(name: string, names: ReadonlySet<string | undefined>): boolean {
  const [, disk = ''] = /^(.*\D)\d+$/.exec(name) ?? []
  const [, numberedDisk = ''] = /^(.*\d)p\d+$/.exec(name) ?? []
  return names.has(disk) || names.has(numberedDisk)
}

function readDisk(fields: readonly string[]): DiskReading {
  const number = (at: number) => Number(fields[at])
  return {
    name: fields[2] ?? '',
    number: `${fields[0]}:${fields[1]}`,
    reads: number(3),
    readBytes: number(5) * SECTOR_BYTES,
    writes: number(7),
    writtenBytes: number(9) * SECTOR_BYTES,
    busySeconds: number(12) / MS_PER_SECOND,
  }
}
