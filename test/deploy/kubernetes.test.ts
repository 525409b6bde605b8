import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../collector/config'
import type { Key } from '../../collector/config/key'
import { KEYS } from '../../collector/config/keys'
import { variablesOfBootstrap } from '../helpers/variables'
import { mountsOf, readCompose } from './compose'
import { findFaults } from './models'
import {
  allContainers,
  containerOf,
  podOf,
  podsOf,
  readRendered,
  referencesOf,
  ROOT,
  valuesOf,
} from './objects'

const example = readRendered('example')
const classic = readRendered('classic')
const own = readRendered('own')
const pooled = readRendered('pooled')
const OURS = new Set(['sidelight', 'sidelight-instrumentation'])

t.test('every object is one of Kubernetes, to the last field', async (t) => {
  t.same(await findFaults([...example, ...classic, ...own, ...pooled]), [])
  const [wrong] = example.filter(({ kind }) => kind === 'Service')
  const withSpec = (spec: object) => ({ ...wrong!, spec: { ...wrong!.spec, ...spec } })
  t.match(await findFaults([withSpec({ ports: [{ port: '80x' }] })]), [/port must be integer/])
  t.match(await findFaults([withSpec({ prots: [] })]), [/"prots"' does not exist/])
  t.match(await findFaults([{ ...wrong!, kind: 'Servise' }]), [/no such kind/])
})

t.test('the sidecar starts before the application and ends after it', async (t) => {
  const pod = podOf(example, 'Deployment', 'shop')
  t.same(
    pod.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
    [
      ['sidelight-instrumentation', undefined],
      ['sidelight', 'Always'],
    ],
  )
  const sidecar = containerOf(pod, 'sidelight')
  for (const probe of [sidecar.startupProbe, sidecar.livenessProbe]) {
    t.same(probe?.httpGet, { path: '/health/live', port: 'sidelight' })
  }
  t.equal(sidecar.readinessProbe, undefined, 'whose outage is none of the application')
  t.same(sidecar.ports, [{ name: 'sidelight', containerPort: 4319 }], 'OTLP is on loopback')
  const env = valuesOf(sidecar)
  t.equal(env['SIDELIGHT_API_ADDR'], '0.0.0.0:4319')
  t.notOk('SIDELIGHT_OTLP_HTTP_ADDR' in env || 'SIDELIGHT_OTLP_GRPC_ADDR' in env)
})

t.test('before 1.29 the sidecar is the last container, and otherwise the same', async (t) => {
  const pod = podOf(classic, 'Deployment', 'shop')
  t.same(
    pod.containers.map(({ name }) => name),
    ['shop', 'sidelight'],
  )
  t.same(
    pod.initContainers?.map(({ name }) => name),
    ['sidelight-instrumentation'],
  )
  const { lifecycle, ...rest } = containerOf(pod, 'sidelight')
  const native = podOf(example, 'Deployment', 'shop')
  const { restartPolicy, image, env, ...expected } = containerOf(native, 'sidelight')
  t.equal(restartPolicy, 'Always')
  t.match(rest, expected)
  t.match(image, /\/sidelight:/)
  t.same(
    rest.env?.map(({ name }) => name),
    env?.map(({ name }) => name),
  )
  t.match(lifecycle?.preStop?.exec?.command, ['/nodejs/bin/node', '-e'])
})

t.test('what an application has of its own stays', async (t) => {
  const pod = podOf(own, 'Deployment', 'settings')
  t.equal(pod.terminationGracePeriodSeconds, 300)
  t.match(pod.securityContext, { runAsUser: 2000 })
  t.equal(pod.securityContext?.fsGroup, 2000, 'with a patch of three lines')
  t.same(
    pod.initContainers?.map(({ name }) => name),
    ['sidelight-instrumentation', 'sidelight', 'migrate'],
    'its init containers run beside the sidecar',
  )
  const [settings, second] = pod.containers
  const env = valuesOf(settings!)
  t.equal(env['OTHER'], 'x')
  t.match(env['NODE_OPTIONS'], /^--require \S+\/autoinstrumentation\.js --max-old-space-size=512$/)
  t.match(env['OTEL_RESOURCE_ATTRIBUTES'], /^service\.name=.*,service\.name=mine,team=a$/)
  t.ok(settings?.volumeMounts?.some(({ name }) => name === 'data'))
  t.same(second, { name: 'second', image: 'proxy' })
  t.ok(pod.volumes?.some(({ name }) => name === 'data'))
  for (const [kind, name] of Object.entries({ StatefulSet: 'stateful', DaemonSet: 'daemon' })) {
    const { containers, initContainers } = podOf(own, kind, name)
    t.equal(initContainers?.length, 2, kind)
    t.match(valuesOf(containers[0]!), { SIDELIGHT_HANDOVER_DIR: /^\// }, kind)
  }
  const leftOut = podOf(own, 'Deployment', 'left-out')
  t.same(leftOut, { containers: [{ name: 'left-out', image: 'left-out' }] })
})

t.test('every variable is one that is read, and refers to those before it', async (t) => {
  const known = new Set<string>([
    ...(Object.values(KEYS) as Key<unknown>[]).map(({ env }) => env),
    ...variablesOfBootstrap(),
    // Of Node, and of the image of Postgres.
    ...['NODE_OPTIONS', 'POSTGRES_DB', 'POSTGRES_USER', 'POSTGRES_PASSWORD'],
  ])
  for (const { of, pod } of [...podsOf(example), ...podsOf(classic)]) {
    for (const { name, env = [] } of allContainers(pod)) {
      const referred = new Set(env.flatMap(referencesOf))
      for (const [at, variable] of env.entries()) {
        t.ok(
          known.has(variable.name) || referred.has(variable.name),
          `${of} ${name} ${variable.name}`,
        )
        const before = env.slice(0, at).map((other) => other.name)
        for (const reference of referencesOf(variable)) {
          t.ok(before.includes(reference), `${of} ${name}: ${variable.name} after ${reference}`)
        }
      }
      t.equal(new Set(env.map((variable) => variable.name)).size, env.length)
    }
  }
})

t.test('both sides name one hand-over folder, inside of a volume they share', async (t) => {
  const {
    containers,
    initContainers = [],
    volumes,
    securityContext,
  } = podOf(example, 'Deployment', 'shop')
  t.type(securityContext?.fsGroup, 'number', 'the group that two users have in common')
  const folders = [containers[0]!, initContainers[1]!].map((container) => {
    const folder = valuesOf(container)['SIDELIGHT_HANDOVER_DIR'] ?? ''
    const mount = container.volumeMounts?.find(({ mountPath }) =>
      folder.startsWith(`${mountPath}/`),
    )
    return { folder, volume: mount?.name }
  })
  t.same(folders[0], folders[1])
  t.ok(volumes?.some(({ name, emptyDir }) => name === folders[0]?.volume && emptyDir !== undefined))
})

t.test('every container has the least it needs', async (t) => {
  for (const { of, pod } of [...podsOf(example), ...podsOf(pooled)]) {
    for (const { name, securityContext = {}, resources } of allContainers(pod)) {
      const context = { ...pod.securityContext, ...securityContext }
      t.match(
        context,
        {
          runAsNonRoot: true,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
        `${of} ${name}`,
      )
      if (OURS.has(name)) t.equal(context.runAsUser, 65_532, `${of} ${name}`)
      t.ok(resources?.requests['memory'] && resources.limits['memory'], `${of} ${name}`)
      t.notOk(resources?.limits['cpu'], `${of} ${name}: throttled it would answer late`)
    }
  }
})

t.test('secrets that are referred to are there, and nowhere else', async (t) => {
  const secrets = new Map(
    example
      .filter(({ kind }) => kind === 'Secret')
      .map(({ metadata, data }) => [metadata.name, data]),
  )
  const values = [...secrets.values()].flatMap((data) =>
    Object.values(data ?? {}).map((value) => Buffer.from(value, 'base64').toString()),
  )
  for (const { of, pod } of podsOf(example)) {
    for (const { env = [] } of allContainers(pod)) {
      for (const { name, valueFrom, value } of env) {
        t.notOk(values.includes(value ?? ''), `${of} ${name}`)
        const key = valueFrom?.secretKeyRef
        if (key !== undefined) t.ok(secrets.get(key.name)?.[key.key], `${of} ${name}`)
      }
    }
  }
})

t.test(
  'the policies close port 4319 of sidecars, and nothing that the application listens on',
  async (t) => {
    const policies = example.filter(({ kind }) => kind === 'NetworkPolicy')
    t.equal(policies.length, 3)
    const policy = policies.find(({ metadata }) => metadata.name === 'sidelight-sidecars')
    interface Rule {
      readonly from?: unknown[]
      readonly ports: {
        readonly protocol: string
        readonly port: number
        readonly endPort?: number
      }[]
    }
    const rules = policy?.spec?.['ingress'] as Rule[]
    const isOpen = (protocol: string, at: number) =>
      rules.some(
        ({ from, ports }) =>
          from === undefined &&
          ports.some(
            (rule) =>
              rule.protocol === protocol && rule.port <= at && at <= (rule.endPort ?? rule.port),
          ),
      )
    const closed = Array.from({ length: 65_535 }, (_, port) => port + 1).filter(
      (port) => !isOpen('TCP', port),
    )
    t.same(closed, [4319])
    t.ok(isOpen('UDP', 1) && isOpen('UDP', 65_535) && isOpen('SCTP', 4319))
  },
)

t.test('the version of the images is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  const images = podsOf(example).flatMap(({ pod }) =>
    allContainers(pod).filter(({ name }) => OURS.has(name)),
  )
  t.ok(images.length > 0)
  for (const { image } of images) t.ok(image.endsWith(`:${version}`), image)
})

t.test('Postgres keeps its data where its image has it, here and on a laptop', async (t) => {
  const { volumeMounts, image, env } = containerOf(
    podOf(example, 'StatefulSet', 'sidelight-postgres'),
    'postgres',
  )
  // As the page of the image has it from 18 on: it makes a folder of its version in there.
  const folder = '/var/lib/postgresql'
  t.equal(volumeMounts?.find(({ name }) => name === 'data')?.mountPath, folder)
  t.notOk(env?.some(({ name }) => name === 'PGDATA'))
  const { postgres = {} } = readCompose().services
  t.same(mountsOf(postgres), [{ volume: 'postgres', path: folder }])
  t.equal(image, postgres.image)
})

t.test('the page has every folder of the manifests', async (t) => {
  const folder = join(ROOT, 'deploy', 'kubernetes')
  const there = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  const named = [...page.matchAll(/^\| `([a-z]+)` +\|/gm)].map(([, name]) => name)
  t.same(named.sort(), there.map(({ name }) => name).sort())
})

t.test('what Kubernetes tells pods of the services is no setting of the collector', async (t) => {
  const links = example
    .filter(({ kind }) => kind === 'Service')
    .flatMap(({ metadata }) => {
      const name = metadata.name.toUpperCase().replaceAll('-', '_')
      const port = `${name}_PORT_4319_TCP`
      return [
        [`${name}_SERVICE_HOST`, '10.0.0.1'],
        [`${name}_SERVICE_PORT`, '4319'],
        [`${name}_SERVICE_PORT_HTTP`, '4319'],
        [`${name}_PORT`, 'tcp://10.0.0.1:4319'],
        [port, 'tcp://10.0.0.1:4319'],
        [`${port}_PROTO`, 'tcp'],
        [`${port}_PORT`, '4319'],
        [`${port}_ADDR`, '10.0.0.1'],
      ]
    })
  t.ok(links.some(([name]) => name?.startsWith('SIDELIGHT_')))
  const without = loadConfig({})
  t.same(loadConfig(Object.fromEntries(links) as Record<string, string>), without)
})
