import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { dataDirectory } from '../helpers/process'

const DEPLOY = join(__dirname, '..', '..', 'deploy')

/** Stands for npm: notes the call and lays down a compiler and the list a real installation leaves. */
const NPM = `
const fs = require('node:fs')
fs.appendFileSync(process.env.CALLS, 'npm ' + process.argv.slice(2).join(' ') + '\\n')
fs.rmSync('node_modules', { recursive: true, force: true })
fs.mkdirSync('node_modules/typescript/bin', { recursive: true })
fs.copyFileSync(process.env.TSC, 'node_modules/typescript/bin/tsc')
fs.mkdirSync('node_modules/esbuild', { recursive: true })
fs.copyFileSync(process.env.ESBUILD, 'node_modules/esbuild/index.js')
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
`

/** Stands for the compiler: every source becomes a file of the same name, unless one says it is broken. */
const TSC = `
const fs = require('node:fs')
const path = require('node:path')
fs.appendFileSync(process.env.CALLS, 'tsc\\n')
const out = process.argv[process.argv.indexOf('--outDir') + 1]
for (const name of fs.readdirSync('collector', { recursive: true })) {
  if (!name.endsWith('.ts')) continue
  const source = fs.readFileSync(path.join('collector', name), 'utf8')
  if (source.includes('BROKEN')) { console.log('error TS1: it is broken'); process.exit(1) }
  const to = path.join(out, 'collector', name.replace('.ts', '.js'))
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.writeFileSync(to, source)
}
`

/** Stands for the bundler: its output is the source, with the version it is told. */
const ESBUILD = `
const fs = require('node:fs')
const path = require('node:path')
exports.build = async ({ entryPoints, outfile, define }) => {
  fs.appendFileSync(process.env.CALLS, 'esbuild\\n')
  fs.mkdirSync(path.dirname(outfile), { recursive: true })
  fs.writeFileSync(outfile, fs.readFileSync(entryPoints[0], 'utf8') + define.SIDELIGHT_VERSION)
  return { metafile: { inputs: {} } }
}
`

interface Project {
  readonly root: string
  write(path: string, content: string): void
  read(path: string): string
  /** What was run so far, and forgets it. */
  calls(): string[]
  prepare(...args: string[]): Promise<{ code: number | null; said: string }>
}

function lockfile(version: string): string {
  const entry = { version, integrity: `sha512-${version}` }
  return JSON.stringify({ lockfileVersion: 3, packages: { '': {}, 'node_modules/a': entry } })
}

function freshClone(t: Test): Project {
  const root = dataDirectory(t)
  const log = join(root, 'calls')
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  mkdirSync(join(root, 'deploy'))
  for (const name of ['prepare.mjs', 'licences.mjs']) {
    copyFileSync(join(DEPLOY, name), join(root, 'deploy', name))
  }
  write('npm.js', NPM)
  write('tsc.js', TSC)
  write('esbuild.js', ESBUILD)
  write('package.json', JSON.stringify({ version: '1.2.3', engines: { node: '>=20.19.0' } }))
  for (const name of ['tsconfig.json', 'tsconfig.build.json']) write(name, '{}')
  for (const folder of ['.', ...TEST_FOLDERS, 'test/nodes']) {
    write(join(folder, 'package-lock.json'), lockfile('1'))
    if (folder !== '.') write(join(folder, 'package.json'), '{}')
  }
  write('instrumentation/bootstrap.ts', 'bootstrap of ')
  write('collector/main.ts', 'exports.main = 1')
  write('collector/store/embedded/binaries.ts', 'exports.hydrateSymlinks = () => {}')
  write('schema/migrations/0001_spans.sql', 'select 1')
  write('schema/repeatable/views.sql', 'select 2')
  write('collector/pages/style.css', 'body {}')
  return {
    root,
    write,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    calls() {
      if (!existsSync(log)) return []
      const lines = readFileSync(log, 'utf8').trim().split('\n')
      rmSync(log)
      return lines
    },
    async prepare(...args) {
      const child = spawn(process.execPath, [join(root, 'deploy', 'prepare.mjs'), ...args], {
        env: {
          PATH: process.env['PATH'],
          CALLS: log,
          TSC: join(root, 'tsc.js'),
          ESBUILD: join(root, 'esbuild.js'),
          npm_execpath: join(root, 'npm.js'),
          NODE_ENV: 'production',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (said += text))
      }
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, said }
    },
  }
}

const TEST_FOLDERS = ['test/majors', 'test/libraries/current', 'test/libraries/older']
const INSTALL = 'npm ci --include=dev --include=optional'

t.test('a fresh clone is installed and built, and then left alone', async (t) => {
  const project = freshClone(t)
  const first = await project.prepare()
  t.equal(first.code, 0, first.said)
  t.match(first.said, /installing packages \.\.\. [\d.]+ s\n.*building \.\.\. [\d.]+ s\n/)
  t.same(project.calls(), [INSTALL, 'tsc', 'esbuild'])
  t.equal(project.read('dist/schema/migrations/0001_spans.sql'), 'select 1')
  t.equal(project.read('dist/collector/pages/style.css'), 'body {}')
  t.equal(project.read('dist/schema/repeatable/views.sql'), 'select 2')
  t.equal(statSync(join(project.root, 'dist/collector/main.js')).mode & 0o111, 0o111)
  t.same(await project.prepare(), { code: 0, said: '' })
  t.same(project.calls(), [])
})

t.test('changed sources are built again, and what has no source any more goes', async (t) => {
  const project = freshClone(t)
  project.write('collector/old.ts', '1')
  await project.prepare()
  t.ok(existsSync(join(project.root, 'dist/collector/old.js')))
  project.calls()
  rmSync(join(project.root, 'collector/old.ts'))
  project.write('collector/main.ts', 'exports.main = 2')
  await project.prepare()
  t.same(project.calls(), ['tsc', 'esbuild'])
  t.equal(project.read('dist/collector/main.js'), 'exports.main = 2')
  t.notOk(existsSync(join(project.root, 'dist/collector/old.js')))
  project.write('schema/repeatable/views.sql', 'select 3')
  await project.prepare()
  t.equal(project.read('dist/schema/repeatable/views.sql'), 'select 3')
})

t.test('a changed lockfile is installed, unless it has been already', async (t) => {
  const project = freshClone(t)
  await project.prepare()
  project.calls()
  project.write('package-lock.json', lockfile('2'))
  await project.prepare()
  t.same(project.calls(), [INSTALL, 'tsc', 'esbuild'])
  project.write('package-lock.json', lockfile('3'))
  project.write('node_modules/.package-lock.json', lockfile('3'))
  await project.prepare()
  t.same(project.calls(), ['tsc', 'esbuild'])
})

t.test('an installation that did not end is done again', async (t) => {
  const project = freshClone(t)
  await project.prepare()
  project.calls()
  rmSync(join(project.root, 'node_modules/.package-lock.json'))
  await project.prepare()
  t.same(project.calls(), [INSTALL])
})

t.test('a failed build says why and leaves the last good one', async (t) => {
  const project = freshClone(t)
  await project.prepare()
  project.write('collector/main.ts', 'BROKEN')
  const { code, said } = await project.prepare()
  t.equal(code, 1)
  t.match(said, /building \.\.\. failed\n[^]*error TS1: it is broken/)
  t.equal(project.read('dist/collector/main.js'), 'exports.main = 1')
  t.equal((await project.prepare()).code, 1, 'and fails again')
})

t.test('of several at once one prepares, the others wait for it', async (t) => {
  const project = freshClone(t)
  const runs = await Promise.all(Array.from({ length: 4 }, () => project.prepare()))
  t.same(
    runs.map(({ code }) => code),
    [0, 0, 0, 0],
    runs.map(({ said }) => said).join(''),
  )
  t.same(project.calls(), [INSTALL, 'tsc', 'esbuild'])
})

t.test('the lock of a run that was killed is taken over', async (t) => {
  const project = freshClone(t)
  // This test's own process lives, but prepares nothing: a number used again.
  const owner = process.platform === 'linux' ? process.pid : 2 ** 22 + 1
  project.write('dist/.prepare-lock/pid', String(owner))
  const { code, said } = await project.prepare()
  t.equal(code, 0, said)
  t.notOk(existsSync(join(project.root, 'dist/.prepare-lock')))
})

t.test('what only the tests need is installed when it is asked for', async (t) => {
  const project = freshClone(t)
  await project.prepare()
  project.calls()
  const { said } = await project.prepare('--with-test-packages')
  for (const folder of TEST_FOLDERS) {
    t.match(said, `installing what the tests need in ${folder} ... `)
    t.ok(existsSync(join(project.root, folder, 'node_modules/.package-lock.json')))
  }
  t.same(
    project.calls(),
    TEST_FOLDERS.map(() => INSTALL),
  )
  await project.prepare('--with-node-versions')
  t.same(project.calls(), [INSTALL])
  t.ok(existsSync(join(project.root, 'test/nodes/node_modules/.package-lock.json')))
})

t.test(
  'the bootstrap is bundled under both its names, and again when it is asked for',
  async (t) => {
    const project = freshClone(t)
    await project.prepare()
    const bundle = 'bootstrap of "1.2.3"'
    t.equal(project.read('dist/instrumentation/bootstrap.js'), bundle)
    t.equal(project.read('dist/instrumentation/autoinstrumentation.js'), bundle)
    project.calls()
    project.write('instrumentation/bootstrap.ts', 'another of ')
    await project.prepare('--bundle')
    t.same(project.calls(), ['esbuild'])
    t.equal(project.read('dist/instrumentation/bootstrap.js'), 'another of "1.2.3"')
  },
)

t.test('a Node.js too old is told so before anything else', async (t) => {
  const project = freshClone(t)
  project.write('package.json', JSON.stringify({ engines: { node: '>=99.1.0' } }))
  const { code, said } = await project.prepare()
  t.equal(code, 1)
  t.match(said, /cannot run on Node\.js [\d.]+: Sidelight needs 99\.1\.0 or later/)
  t.same(project.calls(), [])
})

t.test('what the compiler leaves out is added to its output', async (t) => {
  const project = freshClone(t)
  await project.prepare()
  project.write('dist/schema/migrations/0000_gone.sql', '')
  t.equal((await project.prepare('--copy-assets')).code, 0)
  t.equal(project.read('dist/schema/migrations/0001_spans.sql'), 'select 1')
  t.notOk(existsSync(join(project.root, 'dist/schema/migrations/0000_gone.sql')))
  t.equal(statSync(join(project.root, 'dist/collector/main.js')).mode & 0o111, 0o111)
})
