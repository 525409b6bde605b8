import t from 'tap'
import {
  createHostReader,
  type HostReading,
  type Part,
} from '../../../collector/telemetry/host/reader'
import { filesOf, statfsOfAll } from './fixture'

t.test('everything a machine says is read', async (t) => {
  const left: Part[] = []
  const read = createHostReader({
    dataDir: '/var/lib/sidelight',
    leftOut: (part) => left.push(part),
    files: filesOf('server'),
    statfs: statfsOfAll,
  })
  const reading = await read()
  t.strictSame(left, [])
  t.equal(reading.cpu?.logicalCount, 4)
  t.equal(reading.uptimeSeconds, 250_123.45)
  t.equal(reading.load?.oneMinute, 0.52)
  t.equal(reading.memory?.totalBytes, 32_768_000 * 1024)
  t.equal(reading.disks?.length, 4)
  t.equal(reading.interfaces?.length, 3)
  t.equal(reading.filesystems?.length, 5)
  t.equal(reading.container?.cpu?.userSeconds, 6)
})

t.test(
  'where there is no /proc the volume of the data folder is told, the rest is left out',
  async (t) => {
    const left: Part[] = []
    const nowhere = { procRoot: t.testdir({}), cgroupRoot: t.testdirName }
    const read = createHostReader({
      dataDir: '/data',
      leftOut: (part, error) => error === null && left.push(part),
      files: nowhere,
      statfs: statfsOfAll,
    })
    const { filesystems, ...rest } = await read()
    t.strictSame(filesystems, [
      {
        mount: { mountpoint: '/data' },
        space: { usedBytes: 700 * 4096, freeBytes: 250 * 4096, reservedBytes: 50 * 4096 },
      },
    ])
    t.ok(Object.values(rest).every((part) => part === null))
    t.strictSame(left.sort(), [
      'container',
      'cpu',
      'disks',
      'interfaces',
      'load',
      'memory',
      'uptime',
    ])
  },
)

t.test('a part that fails is told with its error, and costs no other part', async (t) => {
  const errors: [Part, unknown][] = []
  // A folder in place of the file.
  const procRoot = t.testdir({ stat: {}, uptime: '5.5 1.0\n' })
  const read = createHostReader({
    dataDir: '/data',
    leftOut: (part, error) => error !== null && errors.push([part, error]),
    files: { procRoot, cgroupRoot: procRoot },
    statfs: statfsOfAll,
  })
  const reading = await read()
  t.equal(reading.uptimeSeconds, 5.5)
  t.match(errors, [['cpu', { code: 'EISDIR' }]])
})

t.test('a filesystem that cannot be measured is left out', async (t) => {
  const read = createHostReader({
    dataDir: '/data',
    leftOut: () => undefined,
    files: filesOf('container-v2'),
    statfs: (path) => (path === '/' ? Promise.reject(new Error('gone')) : statfsOfAll()),
  })
  const { filesystems } = await read()
  t.strictSame(
    filesystems?.map(({ mount }) => mount.mountpoint),
    ['/data'],
  )
})

t.test('what this machine says is plausible', async (t) => {
  const reading = await createHostReader({ dataDir: __dirname, leftOut: () => undefined })()
  t.ok(reading.filesystems?.length)
  for (const { mount, space } of reading.filesystems ?? []) {
    t.ok(space.usedBytes + space.freeBytes + space.reservedBytes > 0, mount.mountpoint)
  }
  // Other systems tell no more.
  if (process.platform !== 'linux') return
  const { cpu, memory, uptimeSeconds, load } = present(reading)
  t.ok(cpu.logicalCount > 0 && cpu.seconds.user > 0 && cpu.seconds.idle > 0)
  t.ok(cpu.bootUnixSeconds !== null && cpu.bootUnixSeconds * 1000 < Date.now())
  const { usedBytes, freeBytes, buffersBytes, cachedBytes, totalBytes } = memory
  t.equal(usedBytes + freeBytes + buffersBytes + cachedBytes, totalBytes)
  t.ok([usedBytes, freeBytes, buffersBytes, cachedBytes].every((bytes) => bytes >= 0))
  t.ok(uptimeSeconds > 0 && load.oneMinute >= 0)
})

function present({ cpu, memory, uptimeSeconds, load }: HostReading) {
  if (!cpu || !memory || uptimeSeconds === null || !load) throw new Error('it says too little')
  return { cpu, memory, uptimeSeconds, load }
}
