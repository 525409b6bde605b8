import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const ROOT = join(__dirname, '..', '..')
/** What `kubectl kustomize` makes of kustomizations, kept so that tests without kubectl can look at it. */
export const RENDERED = join(ROOT, 'test', 'fixtures', 'kubernetes')

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly secretKeyRef?: { name: string; key: string; optional?: boolean }
    readonly fieldRef?: { fieldPath: string }
  }
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number }
  readonly failureThreshold?: number
  readonly periodSeconds?: number
}

export interface SecurityContext {
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly readOnlyRootFilesystem?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly capabilities?: { readonly drop?: string[]; readonly add?: string[] }
  readonly seccompProfile?: { readonly type: string }
  readonly fsGroup?: number
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: string[]
  readonly restartPolicy?: string
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command: string[] } } }
  readonly env?: EnvVar[]
  readonly ports?: { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly securityContext?: SecurityContext
  readonly resources?: Record<'requests' | 'limits', Record<string, string>>
  readonly volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

export interface PodSpec {
  readonly containers: Container[]
  readonly initContainers?: Container[]
  readonly securityContext?: SecurityContext
  readonly terminationGracePeriodSeconds?: number
  readonly volumes?: {
    readonly name: string
    readonly emptyDir?: { readonly sizeLimit?: string }
  }[]
}

/** An object of Kubernetes, as far as the tests look at it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
  readonly stringData?: Record<string, string>
  readonly data?: Record<string, string>
  readonly spec?: {
    readonly template?: {
      readonly metadata?: { readonly labels?: Record<string, string> }
      readonly spec: PodSpec
    }
  } & Record<string, unknown>
}

export function parseObjects(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() as KubernetesObject
  })
}

/** The objects of a file in test/fixtures/kubernetes/. */
export function readRendered(name: string): KubernetesObject[] {
  return parseObjects(readFileSync(join(RENDERED, `${name}.yaml`), 'utf8'))
}

/** The pod of the object of that kind and name. Throws when there is none. */
export function podOf(objects: readonly KubernetesObject[], kind: string, name: string): PodSpec {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  const pod = found?.spec?.template?.spec
  if (pod === undefined) throw new Error(`there is no ${kind} ${name}`)
  return pod
}

/** All pods with the object they are of. */
export function podsOf(objects: readonly KubernetesObject[]): { of: string; pod: PodSpec }[] {
  return objects.flatMap(({ kind, metadata, spec }) =>
    spec?.template === undefined
      ? []
      : [{ of: `${kind} ${metadata.name}`, pod: spec.template.spec }],
  )
}

/** Of any kind of container. Throws when there is none. */
export function containerOf(pod: PodSpec, name: string): Container {
  const found = allContainers(pod).find((container) => container.name === name)
  if (found === undefined) throw new Error(`there is no container ${name}`)
  return found
}

export function allContainers({ initContainers = [], containers }: PodSpec): Container[] {
  return [...initContainers, ...containers]
}

/** The variables with a plain value. */
export function valuesOf({ env = [] }: Container): Record<string, string> {
  return Object.fromEntries(
    env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  )
}

/** What a variable refers to as `$(NAME)`. */
export function referencesOf({ value = '' }: EnvVar): string[] {
  return [...value.matchAll(/\$\(([^)]+)\)/g)].map(([, name = '']) => name)
}
