/**
 * Lays out what the images add to their base, in `dist/image/` or the folder named: the Dockerfiles copy it, and `npm run
 * image:check` runs it, so that what is checked is what is shipped.
 *
 *   node deploy/image/layout.mjs collector [FOLDER]         app/: the collector as one file, and what it reads; data/, handover/: empty
 *   node deploy/image/layout.mjs instrumentation [FOLDER]   autoinstrumentation/: what the OpenTelemetry operator copies into a pod
 *   node deploy/image/layout.mjs demo [FOLDER]              app/: the demo and the packages its shop has installed; handover/: empty
 */
import { build } from 'esbuild'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { licencesOf } from '../licences.mjs'
import { billOf } from './bill.mjs'
import { installedWith } from './installed.mjs'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const SCHEMA = ['schema/migrations', 'schema/repeatable']
/** Of everything: told to omit what is for development, npm also omits what is for both. */
const SBOM = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
/** What the shop and the demo around it load by name. */
const DEMO_PACKAGES = [
  ...['@opentelemetry/api', '@opentelemetry/api-logs', '@opentelemetry/core'],
  ...['express', 'fastify', 'pg', 'pino', 'yaml'],
]
const LAYOUTS = {
  collector: layOutCollector,
  instrumentation: layOutInstrumentation,
  demo: layOutDemo,
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const layout = LAYOUTS[process.argv[2]]
  if (layout === undefined) throw new Error(`name one of ${Object.keys(LAYOUTS).join(', ')}`)
  await layout(process.argv[3] ?? join(ROOT, 'dist', 'image', process.argv[2]))
}

/**
 * The collector's layer. A Postgres of its own is left out: an image is told where its database is.
 *
 * @param {string} folder is replaced
 */
export async function layOutCollector(folder) {
  fs.rmSync(folder, { recursive: true, force: true })
  const app = join(folder, 'app')
  // Names and lines stay as they are, for the stacks in its log; comments and maps would only take memory.
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, 'collector', 'main.ts')],
    outfile: join(app, 'collector.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // What packages take if it happens to be there, and do without here.
    external: ['pg-native', 'pg-cloudflare', 'supports-color'],
    mainFields: ['module', 'main'],
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  for (const name of SCHEMA) copy(join(ROOT, name), join(app, name), /\.sql$/)
  copy(join(ROOT, 'collector', 'pages'), join(app, 'pages'), /\.css$/)
  await describe(app, licencesOf(metafile, ROOT))
  for (const name of ['data', 'handover']) fs.mkdirSync(join(folder, name))
  openToAll(folder)
}

/**
 * The layer of the image whose files the operator copies into pods.
 *
 * @param {string} folder is replaced
 */
export async function layOutInstrumentation(folder) {
  fs.rmSync(folder, { recursive: true, force: true })
  const aside = join(folder, '.bundle')
  await run(process.execPath, [join(ROOT, 'deploy', 'prepare.mjs'), '--bundle', aside])
  const [from, to] = [join(aside, 'instrumentation'), join(folder, 'autoinstrumentation')]
  copy(from, to, /^autoinstrumentation\.js$/)
  await describe(to, fs.readFileSync(join(from, 'LICENSES.txt'), 'utf8'))
  fs.rmSync(aside, { recursive: true })
  openToAll(folder)
}

/**
 * The layer of the demo. Nothing is bundled: its applications are instrumented as those of users are, library by library.
 *
 * @param {string} folder is replaced
 */
export async function layOutDemo(folder) {
  fs.rmSync(folder, { recursive: true, force: true })
  await run(process.execPath, [join(ROOT, 'deploy', 'prepare.mjs')])
  const app = join(folder, 'app')
  const paths = ['package.json', 'LICENSE', 'deploy/demo', 'dist/instrumentation']
  for (const path of [...paths, 'dist/collector', ...installedWith(DEMO_PACKAGES, ROOT)]) {
    fs.cpSync(join(ROOT, path), join(app, path), {
      recursive: true,
      filter: (from) => !/\.map$|\.d\.[cm]?ts$|.\/node_modules$/.test(from.slice(ROOT.length)),
    })
  }
  fs.mkdirSync(join(folder, 'handover'))
  openToAll(folder)
}

/**
 * Says in a layer what it is: its version, licence, those of what was bundled, and the bill of materials.
 *
 * @param {string} folder
 * @param {string} licences
 */
async function describe(folder, licences) {
  const about = JSON.parse(fs.readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const { name, version, license, type } = about
  write('package.json', `${JSON.stringify({ name, version, license, type })}\n`)
  write('LICENSES.txt', licences)
  write('LICENSE', fs.readFileSync(join(ROOT, 'LICENSE')))
  const bill = billOf(JSON.parse(await run('npm', SBOM)), name, licences)
  write('sbom.cdx.json', `${JSON.stringify(bill, null, 2)}\n`)

  function write(file, content) {
    fs.writeFileSync(join(folder, file), content)
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @param {RegExp} wanted
 */
function copy(from, to, wanted) {
  fs.mkdirSync(to, { recursive: true })
  for (const name of fs.readdirSync(from).filter((entry) => wanted.test(entry))) {
    fs.copyFileSync(join(from, name), join(to, name))
  }
}

/**
 * Whoever built it under a strict umask, others read it.
 *
 * @param {string} folder
 */
function openToAll(folder) {
  fs.chmodSync(folder, 0o755)
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else fs.chmodSync(path, 0o644)
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function run(command, args) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed: ${output}`)
  return output
}
