import { hostname, platform } from 'node:os'
import { join } from 'node:path'
import type { Pipeline } from './ingest/pipeline'
import type { CollectorParts } from './parts'
import type { Release } from './release'
import type { Counters } from './telemetry/counters'
import { HostMetrics } from './telemetry/host-metrics'
import { LINUX, readNowIfPresent } from './telemetry/host/files'
import { createHostReader, type Part } from './telemetry/host/reader'
import { describeResource, findContainerId } from './telemetry/host/resource'

/** What the metrics of the host go through. */
interface Inside {
  readonly sidecarId: string
  readonly pipeline: Pipeline
  readonly counters: Counters
}

/** Starts the metrics of the host where they are wanted. */
export function openHostMetrics(
  { config, log, version }: CollectorParts,
  { sidecarId, pipeline, counters }: Inside,
  releases: Release[],
): void {
  if (config.hostMetrics === 'off' || !config.roles.includes('ingest')) return
  const own = log.child({ part: 'host metrics' })
  const told = new Set<Part>()
  const read = createHostReader({
    dataDir: config.dataDir,
    leftOut(part, error) {
      if (told.has(part)) return
      told.add(part)
      if (error === null) own.debug({ leftOut: part }, 'this system does not tell')
      else own.info({ leftOut: part, err: error }, 'cannot be read')
    },
  })
  const metrics = new HostMetrics({
    intervalMs: config.hostMetricsIntervalMs,
    read,
    resource: describeResource({
      version,
      instanceId: sidecarId,
      hostName: hostname(),
      platform: platform(),
      containerId: readContainerId(),
      configured: config.resourceAttributes,
    }),
    version,
    accept: (body, receivedMs, onReleased) =>
      pipeline.accept(
        { signal: 'metrics', encoding: 'protobuf', body, tenant: null, receivedMs },
        onReleased,
      ),
    counters,
    log: own,
  })
  releases.push(async () => metrics.stop())
}

function readContainerId(): string | null {
  const ofSelf = (file: string) => readNowIfPresent(join(LINUX.procRoot, 'self', file)) ?? ''
  return findContainerId(ofSelf('cgroup'), ofSelf('mountinfo'))
}
