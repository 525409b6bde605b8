import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from './objects'

/** The file that is tested, from the top folder. */
export const COMPOSE = 'deploy/docker-compose.yaml'

/** A service of a compose file, as far as the tests look at it. */
export interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly network_mode?: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
}

/** The compose file as it is where no variable is set: each stands for its default. */
export function readCompose(): ComposeFile {
  const text = readFileSync(join(ROOT, COMPOSE), 'utf8')
  return parse(text.replace(/\$\{\w+:-([^}]*)\}/g, '$1')) as ComposeFile
}

/** The volume and the path inside of `volume:path`. */
export function mountsOf({ volumes = [] }: Service): { volume: string; path: string }[] {
  return volumes.map((text) => {
    const [volume = '', path = ''] = text.split(':')
    return { volume, path }
  })
}

/** The services, each after those it waits for. Throws when they wait for each other. */
export function orderOf({ services }: ComposeFile): string[] {
  const order: string[] = []
  while (order.length < Object.keys(services).length) {
    const next = Object.keys(services).find(
      (name) =>
        !order.includes(name) &&
        Object.keys(services[name]?.depends_on ?? {}).every((one) => order.includes(one)),
    )
    if (next === undefined) throw new Error('the services wait for each other')
    order.push(next)
  }
  return order
}
