import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const ROOT = join(__dirname, '..', '..', '..')
const PEERS = join(ROOT, 'test', 'bench', 'peers')
const NODES = join(ROOT, 'test', 'nodes', 'node_modules')

/** A way to instrument an application, as flags of Node. */
export interface Candidate {
  readonly name: string
  readonly flags: readonly string[]
}

export const BARE: Candidate = { name: 'nothing', flags: [] }

/** Installs the peers and the versions of Node.js when they are not there yet. */
export function prepareCandidates(): void {
  const prepare = join(ROOT, 'deploy', 'prepare.mjs')
  execFileSync(process.execPath, [prepare, '--with-node-versions', '--with-bench-peers'], {
    stdio: ['ignore', process.stderr, process.stderr],
  })
}

/** Ours first, and the one it is measured against second. */
export function candidates(): readonly [Candidate, Candidate, ...Candidate[]] {
  const { resolve } = createRequire(join(PEERS, 'package.json'))
  return [
    {
      name: 'sidelight/bootstrap',
      flags: ['--require', join(ROOT, 'dist', 'instrumentation', 'bootstrap.js')],
    },
    {
      name: 'auto-instrumentations-node/register',
      flags: ['--require', resolve('@opentelemetry/auto-instrumentations-node/register')],
    },
    {
      name: '@elastic/opentelemetry-node',
      flags: ['--require', resolve('@elastic/opentelemetry-node')],
    },
  ]
}

/** The binary of a major version of Node.js. */
export function nodeOf(major: string): string {
  const name = `node-${major}-${process.platform}-${process.arch}`
  const binary = join(NODES, name, 'bin', 'node')
  if (!existsSync(binary)) throw new Error(`cannot run Node.js ${major}: ${name} is not installed`)
  return binary
}
