import t from 'tap'
import { chooseMounts, type Mount, parseMounts } from '../../../collector/telemetry/host/filesystem'
import { type Machine, readProc } from './fixture'

const mountsOf = (machine: Machine) => parseMounts(readProc(machine, 'self/mountinfo'))
const pointsOf = (mounts: readonly Mount[]) => mounts.map(({ mountpoint }) => mountpoint)

t.test('a mount has its device, type and mode, and blanks in its name', async (t) => {
  const mounts = new Map(mountsOf('server').map((mount) => [mount.mountpoint, mount]))
  t.strictSame(mounts.get('/srv/my data'), {
    number: '8:1',
    root: '/',
    mountpoint: '/srv/my data',
    mode: 'rw',
    type: 'xfs',
    device: '/dev/sda1',
  })
  t.equal(mounts.get('/mnt/archive')?.mode, 'ro')
})

t.test('a filesystem mounted writable of a disk that is not is read-only', async (t) => {
  const [mount] = parseMounts('28 1 8:1 / / rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro\n')
  t.equal(mount?.mode, 'ro')
})

t.test(
  'filesystems on disks are told once each: no bind mounts, images, memory, networks',
  async (t) => {
    t.strictSame(pointsOf(chooseMounts(mountsOf('server'), '/var/lib/sidelight')), [
      '/',
      '/home',
      '/boot/efi',
      '/mnt/archive',
      '/srv/my data',
    ])
  },
)

const DATA: [string, Machine, string, string[]][] = [
  ['by the mount that holds it', 'server', '/home/shared/data', ['/home/shared', '/', '/home']],
  ['on a network', 'server', '/mnt/nfs/sidelight', ['/mnt/nfs', '/']],
  ['in memory', 'server', '/run/sidelight', ['/run', '/']],
  ['not beside a folder of that name', 'server', '/mnt/nfs2', ['/', '/home']],
  ['at the mount point itself', 'container-v2', '/data', ['/data', '/']],
  ['in the layer of a container', 'container-v2', '/app/.sidelight', ['/']],
]

for (const [title, machine, dataDir, expected] of DATA) {
  t.test(`the filesystem of the data folder is among them: ${title}`, async (t) => {
    const points = pointsOf(chooseMounts(mountsOf(machine), dataDir))
    t.strictSame(points.slice(0, expected.length), expected)
  })
}

t.test(
  'in a container the root and the data folder are told, the mounted files are not',
  async (t) => {
    t.strictSame(pointsOf(chooseMounts(mountsOf('container-v2'), '/data')), ['/data', '/'])
    t.strictSame(pointsOf(chooseMounts(mountsOf('container-v1'), '/app')), ['/'])
  },
)

t.test('of two filesystems on one mount point the later one is told', async (t) => {
  const mounts = parseMounts(
    '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /a rw - ext4 /dev/sda2 rw\n3 1 8:3 / /a rw - xfs /dev/sda3 rw\n',
  )
  t.strictSame(
    chooseMounts(mounts, '/').map(({ device }) => device),
    ['/dev/sda1', '/dev/sda3'],
  )
})
