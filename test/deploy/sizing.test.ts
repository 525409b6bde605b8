import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../collector/config'
import { KEYS } from '../../collector/config/keys'
import { MOST_REFUSED_BYTES } from '../../collector/ingest/handover/refused'
import { LARGEST_FREE_BYTES } from '../../collector/slabs'
import { MAX_MEMORY_USE } from '../../collector/telemetry/probes'
import { DEFAULT_MAX_BYTES } from '../../instrumentation/delivery/handover'
import {
  type Container,
  containerOf,
  podOf,
  type PodSpec,
  readRendered,
  ROOT,
  valuesOf,
} from './objects'

const MIB = 1024 * 1024
const SECOND_MS = 1_000

/**
 * What is measured of a sidecar of these sizes, most of resident memory in MiB: idle; under 16 connections with requests of
 * 512 items as fast as they are taken; and with 16 requests of 30,000 spans at once. `npm run bench -- sizing` measures again.
 */
const MEASURED = { heapMib: 96, admissionMib: 32, idleMib: 83, loadMib: 144, worstMib: 237 }
/** The same of the API's pod: idle, and while 16 ask for traces of 10,000 spans, 16 MB each. */
const ANSWERING = { heapMib: 256, connections: 6, idleMib: 83, worstMib: 270 }

/** Of Node itself: 45 MiB of its file, which the kernel may drop, and what is not in V8's heap. */
const NODE_MIB = 64
/** The three spaces of the young generation, by a flag of the entry point. */
const YOUNG_MIB = 3 * semiSpaceMib()
/** Memory that waits for the next requests. */
const SLABS_MIB = LARGEST_FREE_BYTES / MIB

const shop = podOf(readRendered('example'), 'Deployment', 'shop')
const sidecar = containerOf(shop, 'sidelight')
const answering = podOf(readRendered('example'), 'Deployment', 'sidelight-api')

function semiSpaceMib(): number {
  const dockerfile = readFileSync(join(ROOT, 'deploy/image/Dockerfile'), 'utf8')
  return Number(/"--max-semi-space-size=(\d+)"/.exec(dockerfile)?.[1])
}

/** The configuration that a container starts with. */
function configOf(container: Container) {
  const values = valuesOf(container)
  const secrets = (container.env ?? []).filter(({ valueFrom }) => valueFrom?.secretKeyRef)
  const filled = secrets.map(({ name }) =>
    name === 'DATABASE_URL' ? [name, 'postgres://u:p@db/x'] : [name, `a-${name}-of-the-tests`],
  )
  return loadConfig({ ...values, ...(Object.fromEntries(filled) as Record<string, string>) })
}

function heapMibOf(container: Container): number {
  const found = /--max-old-space-size=(\d+)/.exec(valuesOf(container)['NODE_OPTIONS'] ?? '')
  return Number(found?.[1])
}

/** Kubernetes' `256Mi`; NaN for what is not in such units. */
function mibOf(quantity: string | undefined): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity ?? '') ?? []
  return Number(number) * (unit === 'Gi' ? 1024 : 1)
}

function roomOf(pod: PodSpec, mountPath: string, container: Container): number {
  const mount = container.volumeMounts?.find((mount) => mount.mountPath === mountPath)
  const volume = pod.volumes?.find(({ name }) => name === mount?.name)
  return mibOf(volume?.emptyDir?.sizeLimit) * MIB
}

t.test(
  'the memory limit of a sidecar is more than all its budgets, and than what was measured',
  async (t) => {
    const config = configOf(sidecar)
    const limitMib = mibOf(sidecar.resources?.limits['memory'])
    const budgetMib = config.admissionBytes / MIB
    t.equal(heapMibOf(sidecar), MEASURED.heapMib, 'measure again')
    t.equal(budgetMib, MEASURED.admissionMib, 'measure again')
    const drainMib = Math.max(1, config.maxBodyBytes / MIB)
    const sum = NODE_MIB + heapMibOf(sidecar) + YOUNG_MIB + budgetMib + SLABS_MIB + drainMib
    t.ok(sum < limitMib, `${sum} of ${limitMib} MiB`)
    t.ok(MEASURED.worstMib < limitMib)
    t.ok(MEASURED.loadMib < limitMib * MAX_MEMORY_USE, 'it is ready under load')
    t.ok(mibOf(sidecar.resources?.requests['memory']) > MEASURED.idleMib)
    t.ok(2 * config.maxBodyBytes <= config.admissionBytes)
  },
)

t.test(
  'the spool and what applications leave fill no volume, for who fills one is evicted',
  async (t) => {
    const config = configOf(sidecar)
    const spoolRoom = roomOf(shop, config.dataDir, sidecar)
    // Damaged segments are copied aside once.
    t.ok(2 * config.spoolMaxBytes < spoolRoom, `the spool and a copy of it in ${spoolRoom} bytes`)
    const mount = config.handoverDir?.replace(/\/[^/]+$/, '') ?? ''
    const handoverRoom = roomOf(shop, mount, sidecar)
    const app = valuesOf(shop.containers[0]!)
    const handoverBytes = Number(app['SIDELIGHT_HANDOVER_MAX_BYTES'] ?? DEFAULT_MAX_BYTES)
    t.ok(
      handoverBytes + MOST_REFUSED_BYTES < handoverRoom,
      `${handoverRoom} bytes of what is handed over`,
    )
    const bodies = config.maxBodyBytes
    t.ok(
      config.spoolMaxBytes > 4 * bodies,
      'the spool takes more than a few of the largest requests',
    )
  },
)

t.test('a pod has time to end: the application first, then the sidecar', async (t) => {
  const shutdownMs = configOf(sidecar).shutdownTimeoutMs
  const graceMs = (shop.terminationGracePeriodSeconds ?? 30) * SECOND_MS
  t.ok(graceMs >= 30 * SECOND_MS + shutdownMs, 'the application keeps the 30 s it has by default')
  t.ok(30 * SECOND_MS > shutdownMs + 15 * SECOND_MS, 'without a word of it, it has 15 s')

  const old = containerOf(podOf(readRendered('classic'), 'Deployment', 'shop'), 'sidelight')
  const [, , script = ''] = old.lifecycle?.preStop?.exec?.command ?? []
  const waitMs = Number(/, ([\d_]+)\)/.exec(script)?.[1]?.replaceAll('_', ''))
  t.ok(waitMs >= 15 * SECOND_MS)
  t.ok(waitMs + configOf(old).shutdownTimeoutMs < 30 * SECOND_MS, 'its hook counts, too')

  const [api] = answering.containers
  const apiGraceMs = (answering.terminationGracePeriodSeconds ?? 30) * SECOND_MS
  t.ok(configOf(api!).shutdownTimeoutMs < apiGraceMs)
})

t.test('a start may take as long as the longest one, and a hang ends', async (t) => {
  for (const container of [sidecar, answering.containers[0]!]) {
    const { startupProbe, livenessProbe } = container
    t.ok((startupProbe?.periodSeconds ?? 0) * (startupProbe?.failureThreshold ?? 0) >= 60)
    t.ok((livenessProbe?.periodSeconds ?? 0) * (livenessProbe?.failureThreshold ?? 0) >= 30)
  }
})

t.test('the API has its answers in the heap, and takes nothing in', async (t) => {
  const [api] = answering.containers
  t.same(configOf(api!).roles, ['api', 'leader'])
  t.same(configOf(sidecar).roles, ['ingest'])
  const limitMib = mibOf(api?.resources?.limits['memory'])
  t.ok(NODE_MIB + heapMibOf(api!) + YOUNG_MIB < limitMib * MAX_MEMORY_USE, 'ready at its most')
  t.equal(heapMibOf(api!), ANSWERING.heapMib, 'measure again')
  t.equal(configOf(api!).databaseConnections, ANSWERING.connections, 'measure again')
  t.ok(ANSWERING.worstMib < limitMib * MAX_MEMORY_USE, 'it is ready under questions')
  t.ok(mibOf(api?.resources?.requests['memory']) > ANSWERING.idleMib)
  t.equal(KEYS.apiAddress.fallback.port, configOf(api!).apiAddress.port)
})
