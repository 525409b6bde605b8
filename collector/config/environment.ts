import type { Fault } from './fault'
import { suggest } from './fault'
import { KEYS } from './keys'

/**
 * Faults for variables named like ours that nothing reads: a misspelt one would silently do nothing. Variables
 * applications read, which may share an environment with the collector, and those Kubernetes injects for a Service whose name begins with `sidelight` are not ours and pass.
 */
export function findUnknownVariables(env: NodeJS.ProcessEnv): Fault[] {
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith('SIDELIGHT_') && !NAMES.includes(name) && !OF_APPLICATIONS.includes(name),
    )
    .filter((name) => !isFromKubernetes(name, env[name] ?? ''))
    .map((name) => {
      const meant = suggest(name, NAMES)
      const hint = meant === null ? '' : `; did you mean ${meant}?`
      const problem = `there is no such variable${hint}`
      return { key: name, value: null, problem, allowed: null, place: null }
    })
}

/** Of `instrumentation/`. */
const OF_APPLICATIONS = ['SIDELIGHT_OUTBOX_MAX_BYTES', 'SIDELIGHT_HANDOVER_MAX_BYTES']

const NAMES = Object.values(KEYS).map((key) => key.env)

function isFromKubernetes(name: string, value: string): boolean {
  if (/^SIDELIGHT(_[A-Z0-9_]+)?_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true
  if (/^SIDELIGHT(_[A-Z0-9_]+)?_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name))
    return true
  return /^SIDELIGHT(_[A-Z0-9_]+)?_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value)
}
