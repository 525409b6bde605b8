import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Test } from 'tap'
import { type ComposeFile, mountsOf, orderOf, type Service } from '../deploy/compose'
import { ROOT } from '../deploy/objects'
import { dataFolder } from '../helpers/collector'
import { type TestCluster, startCluster } from '../helpers/postgres'
import { until } from '../helpers/until'
import { type Network, openNetwork } from './network'
import type { Container } from './pod'

const TIMEOUT_MS = 60_000
const POSTGRES_PORT = 5432

const execute = promisify(execFile)

interface Image {
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  readonly copies: readonly {
    readonly to: string
    readonly chown: string
    readonly chmod: string
  }[]
}

interface Engine {
  runImage(options: Record<string, unknown>): Container
  imageOf(dockerfile: string): Image
}

/**
 * The services of a compose file as an engine runs them, made of processes: a root of its own each, users, environment, commands and
 * volumes as the file and the Dockerfiles say, in a network. Postgres is a cluster of the tests. Needs Linux, root and iproute2.
 */
export class Stack {
  /** What happened, in its order. */
  readonly events: string[] = []
  readonly containers = new Map<string, Container>()
  readonly #compose: ComposeFile
  readonly #layers: string
  readonly #folder: string
  readonly #network: Network
  readonly #cluster: TestCluster
  readonly #engine: Engine
  #roots = 0

  private constructor(
    compose: ComposeFile,
    parts: {
      layers: string
      folder: string
      network: Network
      cluster: TestCluster
      engine: Engine
    },
  ) {
    this.#compose = compose
    this.#layers = parts.layers
    this.#folder = parts.folder
    this.#network = parts.network
    this.#cluster = parts.cluster
    this.#engine = parts.engine
  }

  /** `layers` is a folder with those of the images, each under the name of its service. */
  static async create(t: Test, compose: ComposeFile, layers: string): Promise<Stack> {
    const network = openNetwork(t)
    const cluster = await startCluster(t, { durable: false })
    await network.forward(cluster.port, POSTGRES_PORT)
    const image = join(ROOT, 'deploy', 'image')
    const engine = {
      ...((await import(join(image, 'container.mjs'))) as Pick<Engine, 'runImage'>),
      ...((await import(join(image, 'dockerfile.mjs'))) as Pick<Engine, 'imageOf'>),
    }
    const parts = { layers, folder: dataFolder(t), network, cluster, engine }
    const stack = new Stack(compose, parts)
    t.teardown(() => Promise.all([...stack.containers.values()].map((one) => one.end('SIGKILL'))))
    return stack
  }

  /** Where a port of a container is seen from outside. */
  url(port: number, path = ''): string {
    return `http://${this.#network.host}:${port}${path}`
  }

  volume(name: string): string {
    return join(this.#folder, 'volumes', name)
  }

  /** Starts every service, each once those it waits for are healthy. */
  async up(): Promise<void> {
    for (const name of orderOf(this.#compose)) {
      for (const other of Object.keys(this.#service(name).depends_on ?? {})) {
        await this.#untilHealthy(other)
      }
      await this.run(name)
    }
  }

  /** Starts one service, also again. */
  async run(name: string): Promise<void> {
    const service = this.#service(name)
    if (service.build === undefined) await this.#initPostgres(service)
    else this.containers.set(name, this.#start(name, service))
    this.events.push(`${name} started`)
  }

  /** SIGTERM to each service, and to those it needs when it has ended. Returns exit codes. */
  async down(): Promise<Record<string, number | null>> {
    const codes: Record<string, number | null> = {}
    for (const name of orderOf(this.#compose).reverse()) {
      const container = this.containers.get(name)
      if (container === undefined) continue
      codes[name] = await container.end('SIGTERM')
      this.events.push(`${name} ended`)
    }
    return codes
  }

  /** Runs a command in the container of a service, as `docker compose exec` does. Rejects with what it says when it fails. */
  async exec(name: string, command: readonly string[]): Promise<string> {
    const service = this.#service(name)
    if (service.build === undefined) return this.#execPostgres(command)
    const { user, env } = this.#imageOf(service)
    const [uid, gid] = user.split(':')
    const variables = Object.entries({ ...env, ...service.environment })
    const pid = this.containers.get(name)?.pid
    const inside = [`--target=${pid}`, '--mount', '--net', '--root', '--wd', `--setuid=${uid}`]
    const { stdout } = await execute('env', [
      ...['-i', ...variables.map(([key, value]) => `${key}=${value}`)],
      ...['/usr/bin/nsenter', ...inside, `--setgid=${gid}`, ...command],
    ])
    return stdout
  }

  #service(name: string): Service {
    const found = this.#compose.services[name]
    if (found === undefined) throw new Error(`there is no service ${name}`)
    return found
  }

  async #untilHealthy(name: string): Promise<void> {
    const [kind, ...command] = this.#service(name).healthcheck?.test ?? []
    if (kind !== 'CMD') throw new Error(`${name} has no check of a command`)
    await until(
      () => {
        const container = this.containers.get(name)
        if (container?.hasEnded()) throw new Error(`${name} ended:\n${container.output()}`)
        return this.exec(name, command).then(
          () => true,
          () => false,
        )
      },
      TIMEOUT_MS,
      `${name} to be healthy`,
    )
    this.events.push(`${name} is healthy`)
  }

  #start(name: string, service: Service): Container {
    const image = this.#imageOf(service)
    const root = join(this.#folder, `root-${++this.#roots}`)
    mkdirSync(root)
    const hosts = join(this.#folder, 'hosts')
    writeFileSync(hosts, `127.0.0.1 localhost\n${this.#network.gateway} postgres\n`)
    const volumes = mountsOf(service).map(({ volume, path }) => {
      return [path, this.#makeVolume(volume, path, image)]
    })
    return this.#engine.runImage({
      dockerfile: dockerfileOf(service),
      tree: join(this.#layers, name),
      root,
      volumes: { ...Object.fromEntries(volumes), '/etc/hosts': hosts },
      env: { ...service.environment },
      wrap: ['ip', 'netns', 'exec', this.#network.name],
      ...(service.command === undefined ? {} : { args: service.command }),
    })
  }

  #imageOf(service: Service): Image {
    const path = join(ROOT, 'deploy', 'image', dockerfileOf(service))
    return this.#engine.imageOf(readFileSync(path, 'utf8'))
  }

  /** A volume that is used for the first time is what the image has at its path. */
  #makeVolume(name: string, path: string, { copies }: Image): string {
    const folder = this.volume(name)
    if (mkdirSync(folder, { recursive: true }) === undefined) return folder
    const { chown = '0:0', chmod = '0755' } = copies.find(({ to }) => to === path) ?? {}
    const [uid, gid] = chown.split(':').map(Number)
    chownSync(folder, uid ?? 0, gid ?? 0)
    chmodSync(folder, Number.parseInt(chmod, 8))
    return folder
  }

  /** What the official image makes at its first start; the superuser of the cluster has that name already. */
  async #initPostgres({ environment: env = {} }: Service): Promise<void> {
    const client = new Client({ connectionString: this.#cluster.connectionString() })
    await client.connect()
    try {
      const { POSTGRES_USER: user = '', POSTGRES_PASSWORD: password = '' } = env
      const [role, database] = [user, env['POSTGRES_DB'] ?? ''].map((one) =>
        client.escapeIdentifier(one),
      )
      await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`)
      await client.query(`create database ${database} owner ${role}`)
    } finally {
      await client.end()
    }
  }

  /** With the programs of this machine, at the port of the cluster. */
  async #execPostgres([program = '', ...args]: readonly string[]): Promise<string> {
    const env = { PATH: process.env['PATH'], PGPORT: `${this.#cluster.port}` }
    const { stdout } = await execute(program, args, { env })
    return stdout
  }
}

function dockerfileOf({ build }: Service): string {
  const [, name = ''] = /^deploy\/image\/(.*)$/.exec(build?.dockerfile ?? '') ?? []
  return name
}
