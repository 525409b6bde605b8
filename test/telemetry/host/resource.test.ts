import t from 'tap'
import { describeResource, findContainerId } from '../../../collector/telemetry/host/resource'
import { type Machine, readProc } from './fixture'

const ID = '3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899'
const WHERE = {
  version: '1.2.3',
  instanceId: 'b7a9',
  hostName: 'web-1',
  platform: 'linux',
  containerId: null,
  configured: {},
} as const

t.test('the resource is Sidelight and where it runs', async (t) => {
  t.strictSame(describeResource(WHERE), {
    'host.name': 'web-1',
    'os.type': 'linux',
    'service.name': 'sidelight',
    'service.version': '1.2.3',
    'service.instance.id': 'b7a9',
  })
  t.match(describeResource({ ...WHERE, platform: 'win32', containerId: ID }), {
    'os.type': 'windows',
    'container.id': ID,
  })
})

t.test('configured attributes win, except over the service', async (t) => {
  const configured = {
    'k8s.pod.name': 'web-1',
    'host.name': 'node-7',
    'service.name': 'shop',
    'service.version': '9',
  }
  t.match(describeResource({ ...WHERE, configured }), {
    'k8s.pod.name': 'web-1',
    'host.name': 'node-7',
    'service.name': 'sidelight',
    'service.version': '1.2.3',
  })
})

const IDS: [string, string, string, string | null][] = [
  ['Docker, cgroup v1', `9:memory:/docker/${ID}\n`, '', ID],
  ['systemd as the driver', `0::/system.slice/docker-${ID}.scope\n`, '', ID],
  ['Kubernetes', `5:cpu:/kubepods/burstable/pod0b6b7a0e-1111/${ID}\n`, '', ID],
  ['CRI-O', `0::/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope\n`, '', ID],
  [
    'ECS',
    '4:memory:/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567890\n',
    '',
    '0123456789abcdef0123456789abcdef-1234567890',
  ],
  [
    'Docker, cgroup v2',
    '0::/\n',
    `654 636 253:0 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda rw\n`,
    ID,
  ],
  [
    'Podman, cgroup v2',
    '0::/\n',
    `9 8 0:9 /containers/overlay-containers/${ID}/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw\n`,
    ID,
  ],
  ['a service of a machine', '0::/system.slice/sidelight.service\n', '', null],
]

for (const [title, cgroup, mountinfo, expected] of IDS) {
  t.test(
    `the id of a container of ${title} is ${expected === null ? 'none' : 'found'}`,
    async (t) => {
      t.equal(findContainerId(cgroup, mountinfo), expected)
    },
  )
}

t.test('the sandbox of a pod is not the container', async (t) => {
  const find = (machine: Machine) =>
    findContainerId(readProc(machine, 'self/cgroup'), readProc(machine, 'self/mountinfo'))
  t.equal(find('container-v2'), null)
  t.equal(find('container-v1'), ID)
})
