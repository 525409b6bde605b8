/**
 * Runs the tests of the instrumentation with their applications on every version of Node.js that test/nodes installs: the
 * lowest supported one, and one of each later release line. The tests themselves run on the Node of this program.
 * Prints TAP, one version after the other.
 *
 *   npm run test:nodes                                          all of them
 *   npm run test:nodes -- test/instrumentation/flags.test.ts    some files
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const ROOT = join(HERE, '..', '..')
const MODULES = join(HERE, 'node_modules')

const files = process.argv.slice(2)
if (files.length === 0) {
  const folder = join('test', 'instrumentation')
  for (const name of fs.readdirSync(join(ROOT, folder))) {
    // The others start no application.
    const isOfApplications = /from '\.\/(application|served)'/
    if (!name.endsWith('.test.ts')) continue
    const source = fs.readFileSync(join(ROOT, folder, name), 'utf8')
    if (isOfApplications.test(source)) files.push(join(folder, name))
  }
}

const nodes = fs.existsSync(MODULES)
  ? fs
      .readdirSync(MODULES)
      .filter((name) => name.startsWith('node-'))
      .map((name) => join(MODULES, name, 'bin', 'node'))
      .sort()
  : []
if (nodes.length === 0) {
  process.stdout.write('    ok 1 - other versions of Node.js # SKIP none for this platform\n')
}
for (const node of nodes) {
  const { version } = JSON.parse(
    fs.readFileSync(join(dirname(dirname(node)), 'package.json'), 'utf8'),
  )
  process.stdout.write(`# Node.js ${version.replace('v', '')}\n`)
  const tap = join(ROOT, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
  const { status } = spawnSync(process.execPath, [tap, '--reporter=tap', ...files], {
    cwd: ROOT,
    env: { ...process.env, SIDELIGHT_TEST_NODE: node },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) process.exitCode = 1
}
