import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { link, ROOT } from './application'
import { startForExamples } from './client/seeded'

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

/** What examples need besides a receiver, by what they import: started once, for all of them. */
const NEEDED: Readonly<Record<string, (t: Teardown) => Promise<NodeJS.ProcessEnv>>> = {
  'sidelight/client': startForExamples,
}

/** Starts what examples with these imports need, and resolves to the variables they find it by. */
export async function startNeeded(
  t: Teardown,
  imports: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = {}
  for (const [name, start] of Object.entries(NEEDED)) {
    if (imports.includes(name)) Object.assign(env, await start(t))
  }
  return env
}

/** Lays out an example as a user has it: this package, and what else it imports, in its own node_modules. Returns its path. */
export function layExample(t: Teardown, source: string, imports: readonly string[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sidelight-example-')))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'example.mjs'), source)
  const packages = new Set([
    'sidelight',
    ...imports.filter((name) => !name.startsWith('node:')).map(packageOf),
  ])
  for (const name of packages) link(placeOf(name), join(folder, 'node_modules', name))
  return join(folder, 'example.mjs')
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Ours, among our own, or a library of the tests. */
function placeOf(name: string): string {
  if (name === 'sidelight') return ROOT
  const own = join(ROOT, 'node_modules', name)
  return existsSync(own) ? own : join(ROOT, 'test', 'libraries', 'current', 'node_modules', name)
}
