/** A mounted filesystem of /proc/self/mountinfo. */
export interface Mount {
  /** major:minor; the same for every mount of one filesystem. */
  readonly number: string
  /** The folder of the filesystem that is mounted: not `/` for a bind mount of a part of it. */
  readonly root: string
  readonly mountpoint: string
  readonly mode: 'rw' | 'ro'
  readonly type: string
  /** What is mounted, such as /dev/sda1. */
  readonly device: string
}

/** What a filesystem has room for. The three parts add up to its size. */
export interface Space {
  readonly usedBytes: number
  /** For everybody. */
  readonly freeBytes: number
  /** Kept back for root. */
  readonly reservedBytes: number
}

export function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [, , number = '', root = '', mountpoint = '', options = ''] = before.split(' ')
    const [type = '', device = '', superOptions = ''] = after.split(' ')
    if (mountpoint === '' || type === '') continue
    const isReadOnly = [...options.split(','), ...superOptions.split(',')].includes('ro')
    mounts.push({
      number,
      root: unescape(root),
      mountpoint: unescape(mountpoint),
      mode: isReadOnly ? 'ro' : 'rw',
      type,
      device: unescape(device),
    })
  }
  return mounts
}

/** Blanks and the like are written in octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

/**
 * Filesystems on disks of this machine. Anything else is made up by the kernel, in memory, an image that is always full, or
 * at the other end of a network, where asking can take forever.
 */
const DISK_TYPES = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs reiserfs nilfs2 vfat exfat ntfs ntfs3 fuseblk hfsplus ufs'.split(
    ' ',
  ),
)

/**
 * The filesystems worth telling about, each once: those on disks, the root whatever it is (in a container an overlay), and
 * the one that holds `dataDir`, an absolute path without symbolic links, by the mount that holds it.
 */
export function chooseMounts(mounts: readonly Mount[], dataDir: string): Mount[] {
  // Of two on one mount point the later one is seen.
  const seen = [...new Map(mounts.map((mount) => [mount.mountpoint, mount])).values()]
  const ofData = seen
    .filter(({ mountpoint }) => isInside(dataDir, mountpoint))
    .sort((a, b) => b.mountpoint.length - a.mountpoint.length)
    .slice(0, 1)
  const others = seen
    .filter(isWhole)
    .sort(
      (a, b) => a.mountpoint.length - b.mountpoint.length || (a.mountpoint < b.mountpoint ? -1 : 1),
    )
  const chosen = new Map<string, Mount>()
  for (const mount of [...ofData, ...others]) {
    if (!chosen.has(mount.number)) chosen.set(mount.number, mount)
  }
  return [...chosen.values()]
}

function isInside(path: string, mountpoint: string): boolean {
  return mountpoint === '/' || path === mountpoint || path.startsWith(`${mountpoint}/`)
}

/** A bind mount of a folder or a file, such as /etc/hosts in a container, is a part; btrfs mounts subvolumes. */
function isWhole({ mountpoint, root, type }: Mount): boolean {
  return mountpoint === '/' || (DISK_TYPES.has(type) && (root === '/' || type === 'btrfs'))
}
