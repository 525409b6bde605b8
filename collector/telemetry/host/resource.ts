import type { Point } from './instruments'

type Attributes = Point['attributes']

/** What is known of the sidecar and of where it runs. */
export interface Whereabouts {
  readonly version: string
  readonly instanceId: string
  readonly hostName: string
  /** As Node.js names it. */
  readonly platform: NodeJS.Platform
  readonly containerId: string | null
  /** From `OTEL_RESOURCE_ATTRIBUTES`: it wins over what was found out, but the service is always Sidelight. */
  readonly configured: Attributes
}

/** The resource of the metrics of a host: Sidelight, and where it runs. */
export function describeResource(where: Whereabouts): Attributes {
  const { version, instanceId, hostName, platform, containerId, configured } = where
  return {
    'host.name': hostName,
    'os.type': platform === 'win32' ? 'windows' : platform,
    ...(containerId !== null && { 'container.id': containerId }),
    ...configured,
    'service.name': 'sidelight',
    'service.version': version,
    'service.instance.id': instanceId,
  }
}

/** 64 hex digits, or those of a task and a number (ECS), at the end of a cgroup's path. */
const IN_CGROUP = /[/-]([0-9a-f]{64}|[0-9a-f]{32}-\d{6,})(?:\.scope)?$/m
/** Files that Docker and Podman make for a container and mount into it; those that Kubernetes makes are the pod's. */
const IN_MOUNTS =
  /\/containers\/([0-9a-f]{64})\/hostname |\/overlay-containers\/([0-9a-f]{64})\/userdata\/\.containerenv /

/** The id of the container from /proc/self/cgroup and /proc/self/mountinfo; null when neither has one. */
export function findContainerId(cgroup: string, mountinfo: string): string | null {
  const [, docker, podman] = IN_MOUNTS.exec(mountinfo) ?? []
  return IN_CGROUP.exec(cgroup)?.[1] ?? docker ?? podman ?? null
}
