import type { Attributes } from '@opentelemetry/api'
import { SDK_INFO } from '@opentelemetry/core'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { randomUUID } from 'node:crypto'
import { arch, hostname, platform, release } from 'node:os'
import { basename } from 'node:path'
import { type Application, ownVersion } from './application'
import { complain } from './complaint'
import { containerId } from './container'
import { isSet, listOf } from './variables'

/**
 * The resource of this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win over what is found out here, as far as
 * `OTEL_NODE_RESOURCE_DETECTORS` lets it. No command line: arguments carry passwords.
 */
export function describeProcess(application: Application, env: NodeJS.ProcessEnv): Resource {
  const detectors = readDetectors(env)
  const attributes: Attributes = {
    'service.name': application.name ?? 'unknown_service:node',
    'service.version': application.version,
    'sidelight.app.root': application.root,
    ...SDK_INFO,
    'telemetry.distro.name': 'sidelight',
    'telemetry.distro.version': ownVersion(),
  }
  for (const [name, detect] of Object.entries(DETECTORS)) {
    if (detectors.has(name)) Object.assign(attributes, detect(env))
  }
  const serviceName = env['OTEL_SERVICE_NAME']
  if (isSet(serviceName)) attributes['service.name'] = serviceName
  const found = Object.entries(attributes).filter(([, value]) => value !== undefined)
  return resourceFromAttributes(Object.fromEntries(found))
}

/**
 * The pairs of `OTEL_RESOURCE_ATTRIBUTES`. One that is malformed is told in one line, and the others are kept: a typing error
 * should not cost a service its name. One without a value says nothing: so does a label of a pod that is not there.
 */
export function parseResourceAttributes(text: string | undefined): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const pair of listOf(text)) {
    const equals = pair.indexOf('=')
    const key = decode(pair.slice(0, equals).trim())
    const value = decode(pair.slice(equals + 1).trim())
    if (equals < 1 || !isSet(key) || value === undefined) {
      complain(`OTEL_RESOURCE_ATTRIBUTES: "${pair}" is ignored, it is not key=value`)
    } else if (value !== '') {
      attributes[key] = value
    }
  }
  return attributes
}

type Detect = (env: NodeJS.ProcessEnv) => Attributes

/** In their order: what the environment says comes last and wins. */
const DETECTORS: Readonly<Record<string, Detect>> = {
  serviceinstance: () => ({ 'service.instance.id': randomUUID() }),
  process: () => ({
    'process.pid': process.pid,
    'process.executable.name': basename(process.execPath),
    'process.executable.path': process.execPath,
    'process.command': process.argv[1],
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.runtime.description': 'Node.js',
  }),
  host: () => ({ 'host.name': hostname(), 'host.arch': archOf(arch()) }),
  os: () => ({
    'os.type': platform() === 'win32' ? 'windows' : platform(),
    'os.version': release(),
  }),
  container: () => ({ 'container.id': platform() === 'linux' ? containerId() : undefined }),
  env: (env) => ({ ...podOf(env), ...parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES']) }),
}

function readDetectors(env: NodeJS.ProcessEnv): ReadonlySet<string> {
  const names = listOf(env['OTEL_NODE_RESOURCE_DETECTORS'])
  if (names.length === 0 || names.includes('all')) return new Set(Object.keys(DETECTORS))
  if (names.includes('none')) return new Set()
  for (const name of names) {
    // Those of clouds ask the network while the application starts; the collector's side can add what they know.
    if (!Object.hasOwn(DETECTORS, name)) {
      complain(`OTEL_NODE_RESOURCE_DETECTORS: there is no detector ${name} here`)
    }
  }
  return new Set(names)
}

/** What the OpenTelemetry operator and the downward API of Kubernetes tell by variables of their own. */
function podOf(env: NodeJS.ProcessEnv): Attributes {
  const isPod = isSet(env['KUBERNETES_SERVICE_HOST'])
  const read = (operator: string, usual: string): string | undefined => {
    const value = env[`OTEL_RESOURCE_ATTRIBUTES_${operator}`] ?? (isPod ? env[usual] : undefined)
    return isSet(value) ? value : undefined
  }
  const attributes = {
    'k8s.pod.name': read('POD_NAME', 'POD_NAME'),
    'k8s.pod.uid': read('POD_UID', 'POD_UID'),
    'k8s.namespace.name': read('POD_NAMESPACE', 'POD_NAMESPACE'),
    'k8s.node.name': read('NODE_NAME', 'NODE_NAME'),
  }
  return attributes
}

/** Node's name of the architecture in the words of the semantic conventions. */
function archOf(name: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm: 'arm32', ia32: 'x86', ppc: 'ppc32' }
  return names[name] ?? name
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
