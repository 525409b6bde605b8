import t from 'tap'
import { parseMemberships } from '../../../collector/telemetry/host/cgroup'
import {
  parseContainerCpu,
  parseIoStat,
  parseServiceBytes,
  parseStart,
  readContainer,
} from '../../../collector/telemetry/host/container'
import { filesOf, readProc } from './fixture'

const MIB = 2 ** 20

t.test(
  'memberships of both versions are read, those outside of the namespace are not',
  async (t) => {
    t.strictSame(parseMemberships('9:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c d\n'), [
      { version: 1, controllers: ['cpu', 'cpuacct'], path: '/a' },
      { version: 1, controllers: ['name=systemd'], path: '/b' },
      { version: 2, controllers: [''], path: '/c d' },
    ])
    t.strictSame(parseMemberships('0::/../other\n'), [])
    t.strictSame(parseMemberships(''), [])
  },
)

t.test('version 2: a container sees its own cgroup as the root', async (t) => {
  t.strictSame(await readContainer(filesOf('container-v2'), 250_123.45), {
    cpu: { userSeconds: 6.012345, systemSeconds: 1.5 },
    memory: {
      usageBytes: 100 * MIB,
      workingSetBytes: 80 * MIB,
      rssBytes: 60 * MIB,
      availableBytes: 48 * MIB,
    },
    disks: [{ number: '259:0', readBytes: 4096, writtenBytes: 8192 }],
    uptimeSeconds: 250_123.45 - 240_123.45,
  })
})

t.test('version 2: a service of a machine has a cgroup, but no process 1 of its own', async (t) => {
  t.strictSame(await readContainer(filesOf('server'), 250_123.45), {
    cpu: { userSeconds: 6, systemSeconds: 1.5 },
    memory: {
      usageBytes: 100 * MIB,
      workingSetBytes: 80 * MIB,
      rssBytes: 60 * MIB,
      // "max" is no limit.
      availableBytes: null,
    },
    disks: [
      { number: '259:0', readBytes: 1_048_576, writtenBytes: 2_097_152 },
      { number: '253:0', readBytes: 1_048_576, writtenBytes: 2_097_152 },
    ],
    uptimeSeconds: null,
  })
})

t.test('version 1: the path of the host is not there, the root of each mount is', async (t) => {
  t.strictSame(await readContainer(filesOf('container-v1'), 250_123.45), {
    cpu: { userSeconds: 601.23, systemSeconds: 150 },
    memory: {
      usageBytes: 70 * MIB,
      workingSetBytes: 60 * MIB,
      rssBytes: 40 * MIB,
      availableBytes: null,
    },
    disks: [
      { number: '259:0', readBytes: 4096, writtenBytes: 8192 },
      { number: '253:0', readBytes: 4096, writtenBytes: 8192 },
    ],
    uptimeSeconds: 10_000,
  })
})

const NO_CONTAINER: [string, Record<string, string>][] = [
  ['there are no cgroups', {}],
  [
    'it runs in the root of version 2',
    { 'proc/self/cgroup': '0::/\n', 'cgroup/cpu.stat': 'user_usec 1\nsystem_usec 1\n' },
  ],
  [
    'it runs in the root of version 1',
    {
      'proc/self/cgroup': '9:memory:/\n3:cpuacct:/\n',
      'cgroup/memory/memory.usage_in_bytes': '1\n',
      'cgroup/cpuacct/cpuacct.stat': 'user 1\nsystem 1\n',
    },
  ],
]

for (const [title, files] of NO_CONTAINER) {
  t.test(`there is no container when ${title}`, async (t) => {
    const root = t.testdir(treeOf(files))
    const machine = { procRoot: `${root}/proc`, cgroupRoot: `${root}/cgroup` }
    t.equal(await readContainer(machine, 1), null)
  })
}

t.test('what is left below the limit is that of the tightest cgroup above', async (t) => {
  const root = t.testdir(
    treeOf({
      'proc/self/cgroup': '0::/pod/one\n',
      'cgroup/pod/cgroup.events': 'populated 1\n',
      'cgroup/pod/memory.max': `${100 * MIB}\n`,
      'cgroup/pod/memory.current': `${90 * MIB}\n`,
      'cgroup/pod/one/cgroup.events': 'populated 1\n',
      'cgroup/pod/one/memory.max': `${50 * MIB}\n`,
      'cgroup/pod/one/memory.current': `${10 * MIB}\n`,
    }),
  )
  const machine = { procRoot: `${root}/proc`, cgroupRoot: `${root}/cgroup` }
  t.strictSame(await readContainer(machine, null), {
    cpu: null,
    memory: {
      usageBytes: 10 * MIB,
      workingSetBytes: 10 * MIB,
      rssBytes: null,
      availableBytes: 10 * MIB,
    },
    disks: null,
    uptimeSeconds: null,
  })
})

t.test('a file of another form is nothing', async (t) => {
  t.equal(parseContainerCpu('usage_usec 5\n', 2), null)
  t.equal(parseContainerCpu('user 5\nsystem 6\n', 2), null)
  t.strictSame(parseIoStat('8:0 \n(unknown) rbytes=1 wbytes=1\n'), [])
  t.strictSame(parseServiceBytes('Total 0\n'), [])
})

t.test('the name of a process may hold blanks and brackets', async (t) => {
  t.equal(parseStart(readProc('container-v2', '1/stat')), 240_123.45)
})

/** Paths and texts as the tree that testdir takes. */
function treeOf(files: Readonly<Record<string, string>>): Record<string, never> {
  const tree: Record<string, unknown> = {}
  for (const [path, text] of Object.entries(files)) {
    const folders = path.split('/')
    const name = folders.pop() ?? ''
    let at = tree
    for (const folder of folders) at = (at[folder] ??= {}) as Record<string, unknown>
    at[name] = text
  }
  return tree as Record<string, never>
}
