import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { dataFolder } from '../helpers/collector'
import { until } from '../helpers/until'
import { type Network, openNetwork } from './network'

/** Nothing in the pods asks with it. */
const READ_TOKEN = 'read-token-of-the-example'
const ROOT = join(__dirname, '..', '..')
const TIMEOUT_MS = 60_000
/** What the kubelet gives an emptyDir, 0777, and makes of it for an fsGroup. */
const SHARED_MODE = 0o2777

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
  }
}

interface Security {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly fsGroup?: number
}

interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly env?: readonly Variable[]
  readonly restartPolicy?: string
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly securityContext?: Security
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Template {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly securityContext: Security
    readonly initContainers: readonly ContainerSpec[]
    readonly containers: readonly ContainerSpec[]
    readonly volumes: readonly { name: string; configMap?: { name: string } }[]
  }
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly template: Template }
  readonly data?: Readonly<Record<string, string>>
}

export interface Container {
  readonly pid: number
  output(): string
  hasEnded(): boolean
  readonly ended: Promise<number | null>
  end(signal: NodeJS.Signals): Promise<number | null>
}

type Run = (options: Record<string, unknown>) => Container

export interface PodOptions {
  /** The folder with the layers of the images, `collector` and `instrumentation`. */
  readonly layers: string
  readonly databaseUrl: string
  readonly adminToken: string
  /** In place of what the config map of the application has. */
  readonly files?: Readonly<Record<string, string>>
}

/** What `kubectl kustomize` makes of the folder. */
export function kustomize(folder: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest)
}

/**
 * A pod of a Deployment as the kubelet runs it, made of processes: containers with a root of their own each, users and groups as the
 * manifests say, a network namespace with an address of its own, and volumes. Needs Linux, root and iproute2.
 */
export class Pod {
  /** What happened, in its order. */
  readonly events: string[] = []
  readonly containers = new Map<string, Container>()
  readonly #template: Template
  readonly #manifests: readonly Manifest[]
  readonly #options: PodOptions
  readonly #folder: string
  readonly #network: Network
  readonly #databaseUrl: string
  #roots = 0

  private constructor(
    t: Test,
    deployment: string,
    manifests: readonly Manifest[],
    options: PodOptions,
    network: Network,
    databaseUrl: string,
  ) {
    const found = manifests.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === deployment,
    )
    if (found?.spec === undefined) throw new Error(`there is no Deployment ${deployment}`)
    this.#template = found.spec.template
    this.#manifests = manifests
    this.#options = options
    this.#network = network
    this.#databaseUrl = databaseUrl
    this.#folder = dataFolder(t)
    this.#makeVolumes()
  }

  static async create(
    t: Test,
    deployment: string,
    manifests: readonly Manifest[],
    options: PodOptions,
  ): Promise<Pod> {
    const network = openNetwork(t)
    const url = new URL(options.databaseUrl)
    url.host = await network.forward(Number(url.port))
    const pod = new Pod(t, deployment, manifests, options, network, url.href)
    t.teardown(() => Promise.all([...pod.containers.values()].map((one) => one.end('SIGKILL'))))
    return pod
  }

  /** Where a port of a container is seen from outside. */
  url(port: number, path: string): string {
    return `http://${this.#network.host}:${port}${path}`
  }

  volume(name: string): string {
    return join(this.#folder, 'volumes', name)
  }

  /** Init containers one after the other, sidecars until their start-up probe passes, and then all others. */
  async start(): Promise<void> {
    for (const spec of this.#template.spec.initContainers) {
      if (spec.restartPolicy !== 'Always') {
        this.#runToEnd(spec)
        this.events.push(`${spec.name} done`)
        continue
      }
      await this.run(spec.name)
      if (spec.startupProbe !== undefined) await this.#pass(spec, spec.startupProbe)
      this.events.push(`${spec.name} passed its start-up probe`)
    }
    for (const { name } of this.#template.spec.containers) await this.run(name)
  }

  /** Starts one container, also again. */
  async run(name: string): Promise<Container> {
    const spec = this.spec(name)
    const { runImage, runContainer } = await engine()
    const { securityContext: pod } = this.#template.spec
    const user = spec.securityContext?.runAsUser ?? pod.runAsUser
    const group = spec.securityContext?.runAsGroup ?? pod.runAsGroup
    const root = join(this.#folder, `root-${++this.#roots}`)
    const tree = join(this.#folder, 'no-layer')
    for (const folder of [root, tree]) mkdirSync(folder, { recursive: true })
    const options = {
      root,
      volumes: Object.fromEntries(
        (spec.volumeMounts ?? []).map((one) => [one.mountPath, this.volume(one.name)]),
      ),
      env: this.#environmentOf(spec),
      user: `${user}:${group}`,
      groups: `${pod.fsGroup}`,
      wrap: ['ip', 'netns', 'exec', this.#network.name],
    }
    const container =
      spec.command === undefined
        ? runImage({ ...options, tree: join(this.#options.layers, 'collector') })
        : runContainer({
            ...options,
            tree,
            command: spec.command.map((word) => (word === 'node' ? '/nodejs/bin/node' : word)),
          })
    this.containers.set(name, container)
    this.events.push(`${name} started`)
    const probe = spec.readinessProbe
    if (probe !== undefined) await this.#pass(spec, probe)
    return container
  }

  /** SIGTERM to the application, and to the sidecars in reverse order when it has ended. Returns exit codes. */
  async stop(): Promise<Record<string, number | null>> {
    const codes: Record<string, number | null> = {}
    const applications = this.#template.spec.containers.map(({ name }) => name)
    const sidecars = this.#template.spec.initContainers
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name)
    for (const names of [applications, ...sidecars.reverse().map((name) => [name])]) {
      await Promise.all(
        names.map(async (name) => {
          codes[name] = (await this.containers.get(name)?.end('SIGTERM')) ?? null
          this.events.push(`${name} ended`)
        }),
      )
    }
    return codes
  }

  spec(name: string): ContainerSpec {
    const { initContainers, containers } = this.#template.spec
    const found = [...initContainers, ...containers].find((one) => one.name === name)
    if (found === undefined) throw new Error(`there is no container ${name}`)
    return found
  }

  /** Asks as the kubelet does: at the address of the pod. */
  async #pass(spec: ContainerSpec, { httpGet }: Probe): Promise<void> {
    const port = spec.ports?.find(({ name }) => name === httpGet.port)?.containerPort ?? 0
    const container = this.containers.get(spec.name)
    await until(
      async () => {
        if (container?.hasEnded()) throw new Error(`${spec.name} ended:\n${container.output()}`)
        return fetch(this.url(port, httpGet.path)).then(
          ({ ok }) => ok,
          () => false,
        )
      },
      TIMEOUT_MS,
      `${spec.name} to pass a probe`,
    )
  }

  #makeVolumes(): void {
    const { volumes, securityContext } = this.#template.spec
    for (const { name, configMap } of volumes) {
      const path = this.volume(name)
      mkdirSync(path, { recursive: true })
      if (configMap === undefined) {
        chownSync(path, 0, securityContext.fsGroup ?? 0)
        chmodSync(path, SHARED_MODE)
        continue
      }
      const files = this.#options.files ?? this.#data('ConfigMap', configMap.name)
      for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
    }
  }

  /** The one init container there is copies files: with the machine's `cp`, as its user. */
  #runToEnd({ name, command = [], securityContext, volumeMounts = [] }: ContainerSpec): void {
    const [program = '', ...args] = command.map((word) => {
      const mount = volumeMounts.find(({ mountPath }) => word.startsWith(mountPath))
      if (mount !== undefined) return word.replace(mount.mountPath, this.volume(mount.name))
      return word.replace(/^\//, `${join(this.#options.layers, 'instrumentation')}/`)
    })
    const { runAsUser, runAsGroup } = securityContext ?? {}
    const groups = `--groups=${this.#template.spec.securityContext.fsGroup}`
    const as = [`--reuid=${runAsUser}`, `--regid=${runAsGroup}`, groups, '--no-new-privs']
    if (program !== 'cp') throw new Error(`${name} does not copy`)
    execFileSync('setpriv', [...as, program, ...args])
  }

  #environmentOf({ env = [] }: ContainerSpec): Record<string, string> {
    const values: Record<string, string> = {}
    for (const { name, value, valueFrom } of env) {
      const { fieldRef, secretKeyRef } = valueFrom ?? {}
      if (fieldRef !== undefined) values[name] = this.#field(fieldRef.fieldPath)
      else if (secretKeyRef !== undefined) values[name] = this.#secret(secretKeyRef.key)
      // What is defined before is put in; the rest stays as it is written.
      else values[name] = (value ?? '').replace(/\$\((\w+)\)/g, (all, of) => values[of] ?? all)
    }
    return values
  }

  #field(path: string): string {
    const label = /^metadata\.labels\['(.*)'\]$/.exec(path)?.[1]
    if (label !== undefined) return this.#template.metadata.labels[label] ?? ''
    return FIELDS[path] ?? ''
  }

  #secret(key: string): string {
    if (key === 'database-url') return this.#databaseUrl
    if (key === 'admin-token') return this.#options.adminToken
    if (key === 'read-token') return READ_TOKEN
    throw new Error(`there is no secret ${key}`)
  }

  #data(kind: string, name: string): Readonly<Record<string, string>> {
    const found = this.#manifests.find((one) => one.kind === kind && one.metadata.name === name)
    return found?.data ?? {}
  }
}

/** What the API server says of the pod. */
export const FIELDS: Readonly<Record<string, string>> = {
  'metadata.namespace': 'shop',
  'metadata.name': 'shop-5d7c9f-x2x4z',
  'metadata.uid': '0b6f9a3e-5a53-4a2e-9d0c-1e8e0f3c7a11',
  'spec.nodeName': 'node-1',
}

async function engine(): Promise<{ runImage: Run; runContainer: Run }> {
  return (await import(join(ROOT, 'deploy', 'image', 'container.mjs'))) as never
}
