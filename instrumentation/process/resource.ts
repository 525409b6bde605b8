import { randomUUID } from 'node:crypto'
import { arch, hostname, platform } from 'node:os'
import type { Resource } from '@opentelemetry/resources'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import type { Application } from './application'
import { ownVersion } from './application'

/**
 * The resource of this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over what is found out here.
 * No command line: arguments carry passwords.
 */
export function describeProcess(application: Application): Resource {
  return defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': application.name ?? 'unknown_service:node',
        'service.version': application.version,
        'service.instance.id': randomUUID(),
        'process.pid': process.pid,
        'process.executable.name': process.title,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
        'host.name': hostname(),
        'host.arch': archOf(arch()),
        'os.type': platform() === 'win32' ? 'windows' : platform(),
        'telemetry.distro.name': 'sidelight',
        'telemetry.distro.version': ownVersion(),
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }))
}

/** Node's name of the architecture in the words of the semantic conventions. */
function archOf(name: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm: 'arm32', ia32: 'x86', ppc: 'ppc32' }
  return names[name] ?? name
}
