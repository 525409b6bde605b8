import t from 'tap'
import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { readMemoryUse } from '../../collector/telemetry/memory'
import { createProbes, readDisk, type ProbeSources } from '../../collector/telemetry/probes'

const MIB = 2 ** 20

const WELL: ProbeSources = {
  database: () => true,
  spool: () => true,
  dataDir: '/',
  disk: () => Promise.resolve({ freeBytes: 50, totalBytes: 100 }),
  memory: () => Promise.resolve(0.5),
}
const never = () => new Promise<never>(() => undefined)
const broken = () => Promise.reject(new Error('broken'))
const room = (freeBytes: number) => () => Promise.resolve({ freeBytes, totalBytes: 100 })

const CASES: [string, Partial<ProbeSources>, string[]][] = [
  ['all is well', {}, []],
  ['the database is away', { database: () => false }, ['database']],
  ['asking for the database fails', { database: broken }, ['database']],
  ['asking for the database hangs', { database: never }, ['database']],
  ['the spool takes nothing', { spool: () => false }, ['spool']],
  ['11 % of the disk are free', { disk: room(11) }, []],
  ['10 % of the disk are free', { disk: room(10) }, ['disk_space']],
  ['the disk cannot be looked at', { disk: broken }, ['disk_space']],
  ['the disk hangs', { disk: never }, ['disk_space']],
  ['79 % of the memory are used', { memory: () => Promise.resolve(0.79) }, []],
  ['80 % of the memory are used', { memory: () => Promise.resolve(0.8) }, ['memory']],
  ['memory cannot be read', { memory: broken }, ['memory']],
  [
    'everything is wrong',
    { database: () => false, spool: () => false, disk: room(0), memory: broken },
    ['database', 'spool', 'disk_space', 'memory'],
  ],
]

for (const [title, sources, failing] of CASES) {
  t.test(`readiness when ${title}`, async (t) => {
    const { ready, checks } = await createProbes({ ...WELL, ...sources }).readiness()
    t.equal(ready, failing.length === 0)
    const unhealthy = Object.entries(checks).filter(([, verdict]) => verdict === 'unhealthy')
    t.same(
      unhealthy.map(([name]) => name),
      failing,
    )
  })
}

t.test('a collector that stops is not ready, however well it is', async (t) => {
  const { ready, checks } = await createProbes({ ...WELL, isStopping: () => true }).readiness()
  t.equal(ready, false)
  t.same(new Set(Object.values(checks)), new Set(['healthy']))
})

t.test('a look at the disk is kept for a second, and callers at once share one', async (t) => {
  let looks = 0
  let nowMs = 0
  const probes = createProbes({
    ...WELL,
    disk: () => Promise.resolve({ freeBytes: ++looks > 1 ? 100 : 0, totalBytes: 100 }),
    clock: () => nowMs,
  })
  const first = await Promise.all([probes.readiness(), probes.readiness()])
  t.same(
    first.map(({ ready }) => ready),
    [false, false],
  )
  nowMs = 999
  t.equal((await probes.readiness()).ready, false)
  t.equal(looks, 1)
  nowMs = 1000
  t.equal((await probes.readiness()).ready, true)
  t.equal(looks, 2)
})

t.test('a database that came back shows at once', async (t) => {
  let isBack = false
  const probes = createProbes({ ...WELL, database: () => isBack, clock: () => 0 })
  t.equal((await probes.readiness()).ready, false)
  isBack = true
  t.equal((await probes.readiness()).ready, true)
})

t.test('the disk of a folder that does not exist yet is its parent’s', async (t) => {
  const folder = t.testdir({})
  const [here, below] = [await readDisk(folder), await readDisk(join(folder, 'not', 'made', 'yet'))]
  t.ok(here.totalBytes > 0 && here.freeBytes >= 0)
  t.equal(below.totalBytes, here.totalBytes)
})

const MEMINFO = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n'
const UNLIMITED_V1 = '9223372036854771712\n'

const MACHINES: [string, Record<string, string>, number][] = [
  ['without any limit the machine is judged, by what is available', {}, 0.75],
  [
    'cgroup v2: inactive file cache is not use',
    {
      'proc/self/cgroup': '0::/\n',
      'cgroup/memory.max': `${100 * MIB}\n`,
      'cgroup/memory.current': `${90 * MIB}\n`,
      'cgroup/memory.stat': `anon 1\ninactive_file ${40 * MIB}\nactive_file 7\n`,
    },
    0.5,
  ],
  [
    'cgroup v2: no limit at all falls back on the machine',
    {
      'proc/self/cgroup': '0::/\n',
      'cgroup/memory.max': 'max\n',
      'cgroup/memory.current': `${90 * MIB}\n`,
    },
    0.75,
  ],
  [
    'cgroup v2: the tightest of all limits above the process counts',
    {
      'proc/self/cgroup': '0::/pod/container\n',
      'cgroup/pod/memory.max': `${100 * MIB}\n`,
      'cgroup/pod/memory.current': `${95 * MIB}\n`,
      'cgroup/pod/container/memory.max': `${50 * MIB}\n`,
      'cgroup/pod/container/memory.current': `${10 * MIB}\n`,
    },
    0.95,
  ],
  [
    'cgroup v1: the memory controller, its total inactive file cache left out',
    {
      'proc/self/cgroup': '9:cpu,cpuacct:/x\n7:memory:/docker/abc\n',
      'cgroup/memory/docker/abc/memory.limit_in_bytes': `${100 * MIB}\n`,
      'cgroup/memory/docker/abc/memory.usage_in_bytes': `${70 * MIB}\n`,
      'cgroup/memory/docker/abc/memory.stat': `inactive_file 5\ntotal_inactive_file ${10 * MIB}\n`,
    },
    0.6,
  ],
  [
    'cgroup v1: in a container the path of the host is not there, the mount’s root is',
    {
      'proc/self/cgroup': '7:memory:/docker/abc\n',
      'cgroup/memory/memory.limit_in_bytes': `${100 * MIB}\n`,
      'cgroup/memory/memory.usage_in_bytes': `${30 * MIB}\n`,
    },
    0.3,
  ],
  [
    'cgroup v1: a limit no machine has is none',
    {
      'proc/self/cgroup': '7:memory:/\n',
      'cgroup/memory/memory.limit_in_bytes': UNLIMITED_V1,
      'cgroup/memory/memory.usage_in_bytes': `${30 * MIB}\n`,
    },
    0.75,
  ],
]

for (const [title, files, expected] of MACHINES) {
  t.test(title, async (t) => {
    const root = t.testdir({})
    for (const [path, text] of Object.entries({ 'proc/meminfo': MEMINFO, ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const machine = { cgroupRoot: join(root, 'cgroup'), procRoot: join(root, 'proc') }
    t.ok(totalmem() > 100 * MIB)
    t.equal(Math.round((await readMemoryUse(machine)) * 1000) / 1000, expected)
  })
}

t.test('the memory of this machine is a share', async (t) => {
  const use = await readMemoryUse()
  t.ok(use > 0 && use < 2, String(use))
})
