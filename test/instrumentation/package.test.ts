import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ADMIN, buildApi } from '../api/server'
import { APPS, launch, link, ROOT } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

const execute = promisify(execFile)
const MEGABYTE = 1_000_000

/** Prints what a collector without data answers, and which modules were loaded for it that are not the client's. */
const CLIENT = `getTraceStats({ hours: 1 }).then(({ requestCount }) => {
  const others = Object.keys(require.cache).filter((path) => !/client(\\.cjs|\\/\\w+\\.js)$/.test(path))
  console.log(requestCount, others)
})
`
const REQUIRE = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`
const TYPED_CLIENT = `import { createClient, getSystemHealth, SidelightError, type ErrorGroup } from 'sidelight/client'
const { getAggregatedErrors } = createClient({ url: 'http://127.0.0.1:4319', timeoutMs: 1_000 })
export async function ask(): Promise<ErrorGroup | string | null> {
  try {
    const { errors } = await getAggregatedErrors({ module: 'billing', unresolvedOnly: true, hours: 1 })
    const { status } = await getSystemHealth(1)
    const worst: 'healthy' | 'degraded' | 'critical' | 'no_data' | 'insufficient_data' = status
    // @ts-expect-error a parameter nobody knows
    await getAggregatedErrors({ moduel: 'billing' })
    return errors[0] ?? worst
  } catch (error) {
    return error instanceof SidelightError ? error.title : null
  }
}
`

t.test('the package as packed', async (t) => {
  const app = await installPacked(t)
  const bootstrap = join(app, 'node_modules/sidelight/dist/instrumentation/bootstrap.js')
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }

  await t.test('has a bootstrap of 1 MB at most, and the licences of what is in it', async (t) => {
    t.ok(statSync(bootstrap).size <= MEGABYTE, `${statSync(bootstrap).size} bytes`)
    const licences = readFileSync(join(bootstrap, '..', 'LICENSES.txt'), 'utf8')
    t.match(licences, /@opentelemetry\/sdk-trace \d/)
    t.match(licences, /Apache License/)
  })

  await t.test('traces an application, CommonJS or ES module, with one flag', async (t) => {
    for (const name of ['operation.cjs', 'operation.mjs']) {
      const before = receiver.spans.length
      const { code, stderr } = await launch(t, join(app, name), { cwd: app, env }).ended
      t.equal(code, 0, name)
      t.equal(stderr, '')
      t.ok(receiver.spans.length > before, `spans of ${name}`)
    }
    t.match(receiver.spans[0]?.resource, { 'telemetry.distro.version': readVersion() })
  })

  await t.test('hands over to sdk-node where the environment asks for it', async (t) => {
    const { stdout, stderr } = await launch(t, join(app, 'operation.mjs'), {
      cwd: app,
      env: { OTEL_TRACES_EXPORTER: 'console' },
    }).ended
    t.match(stdout, "name: 'add'")
    t.notMatch(stderr, /Cannot find module/)
  })

  await t.test('has types for both ways TypeScript resolves packages', async (t) => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    for (const [module, resolution, file] of [
      ['node16', 'node16', 'typed.mts'],
      ['node16', 'node16', 'typed.cts'],
      ['esnext', 'bundler', 'typed.mts'],
      ['node16', 'node16', 'client.mts'],
      ['node16', 'node16', 'client.cts'],
      ['esnext', 'bundler', 'client.mts'],
    ] as const) {
      const flags = ['--noEmit', '--strict', '--module', module, '--moduleResolution', resolution]
      const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')]
      await execute(process.execPath, [tsc, ...flags, ...types, file], { cwd: app })
      t.pass(`${file} as ${resolution}`)
    }
  })

  await t.test('asks a collector, CommonJS or ES module, with nothing but Node', async (t) => {
    const url = await buildApi(t).app.listen({ host: '127.0.0.1', port: 0 })
    const env = { SIDELIGHT_API_URL: url, SIDELIGHT_ADMIN_TOKEN: ADMIN }
    for (const name of ['client.cjs', 'client.mjs']) {
      const ended = await launch(t, join(app, name), { flags: [], cwd: app, env }).ended
      t.match(ended, { code: 0, stdout: '0 []\n', stderr: /^$/ }, name)
    }
  })

  await t.test('ships nothing twice, and no test', async (t) => {
    const root = join(app, 'node_modules', 'sidelight')
    for (const name of ['test', 'deploy', 'dist/instrumentation/libraries', 'dist/.built-from']) {
      t.notOk(existsSync(join(root, name)), name)
    }
  })
})

t.test('the bundle alone, mounted and injected as the operator does', async (t) => {
  const mounted = folderFor(t, 'otel-auto-instrumentation-nodejs-')
  const bundle = join(mounted, 'autoinstrumentation.js')
  copyFileSync(join(ROOT, 'dist', 'instrumentation', 'autoinstrumentation.js'), bundle)
  chmodSync(bundle, 0o444)
  chmodSync(mounted, 0o555)
  t.teardown(() => {
    chmodSync(mounted, 0o755)
  })
  for (const version of [undefined, '1.4.1', '1.99.0']) {
    await t.test(`traces an application with API ${version ?? 'of ours'}`, async (t) => {
      const receiver = await startReceiver(t)
      const app = folderFor(t, 'sidelight-injected-')
      writeFileSync(join(app, 'package.json'), '{ "name": "injected" }')
      layApi(app, version)
      for (const name of ['own-api.cjs', 'own-api.mjs']) {
        copyFileSync(join(APPS, name), join(app, name))
        const ended = await launch(t, join(app, name), {
          flags: [],
          cwd: app,
          env: {
            NODE_OPTIONS: `--require ${bundle}`,
            OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          },
        }).ended
        t.match(ended, { code: 0, stdout: 'true\n', stderr: /^$/ }, name)
      }
      t.equal(receiver.spans.length, 2)
      t.match(receiver.spans[0]?.resource, {
        'service.name': 'injected',
        'telemetry.distro.version': readVersion(),
      })
    })
  }
})

function readVersion(): string {
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** Lays out an application with what `npm pack` makes, its dependencies linked: what npm would install, without a network. */
async function installPacked(t: Test): Promise<string> {
  const app = folderFor(t, 'sidelight-packed-')
  const { stdout } = await execute(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', app],
    { cwd: ROOT, maxBuffer: 16 * MEGABYTE },
  )
  const [{ filename = '' } = {}] = JSON.parse(stdout) as { filename?: string }[]
  const root = join(app, 'node_modules', 'sidelight')
  mkdirSync(root, { recursive: true })
  await execute('tar', ['xzf', join(app, filename), '--strip-components=1', '-C', root])
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(manifest.dependencies)) {
    link(join(ROOT, 'node_modules', name), join(app, 'node_modules', name))
  }
  const operation = readFileSync(join(APPS, 'operation.cjs'), 'utf8')
  const typed =
    "import { traceOperation } from 'sidelight'\nconst sum: number = traceOperation('add', 'maths', () => 42)\nconsole.log(sum)\n"
  for (const [name, content] of [
    ['package.json', '{ "name": "packed" }'],
    ['operation.cjs', operation],
    ['operation.mjs', typed.replace(': number', '')],
    ['typed.mts', `import 'sidelight/bootstrap'\n${typed}`],
    ['typed.cts', `import 'sidelight/bootstrap'\n${typed}`],
    ['client.cjs', `const { getTraceStats } = require('sidelight/client')\n${CLIENT}`],
    ['client.mjs', `import { getTraceStats } from 'sidelight/client'\n${REQUIRE}${CLIENT}`],
    ['client.mts', TYPED_CLIENT],
    ['client.cts', TYPED_CLIENT],
  ] as const) {
    writeFileSync(join(app, name), content)
  }
  return app
}

/** Gives an application a copy of the API, which says it is of some version. */
function layApi(app: string, version: string | undefined): void {
  const from = join(ROOT, 'node_modules', '@opentelemetry', 'api')
  const api = join(app, 'node_modules', '@opentelemetry', 'api')
  cpSync(from, api, { recursive: true })
  if (version === undefined) return
  const manifest = { name: '@opentelemetry/api', version, main: 'build/src/index.js' }
  writeFileSync(join(api, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(api, 'build', 'src', 'version.js'), `exports.VERSION = '${version}'\n`)
}

function folderFor(t: Test, name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), name)))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
