import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { APPS, BOOTSTRAP, launch, NODE_VERSION, ROOT } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

const APP = join(APPS, 'own-api.cjs')
const MODULE = join(APPS, 'own-api.mjs')
const STRICT = ['--throw-deprecation', '--pending-deprecation', '--trace-warnings']
const BARE = ['--require', join(APPS, 'nothing.cjs')]

interface Case {
  readonly title: string
  /** What Node is given besides. */
  readonly flags?: readonly string[]
  readonly preload?: readonly string[]
  readonly app?: string
  readonly env?: NodeJS.ProcessEnv
  /** The Node that has the flag. */
  readonly since?: number
}

/** To read, and to reach the collector, which needs a permission since Node 25. */
const PERMITTED = [
  '--permission',
  '--allow-fs-read=*',
  ...(NODE_VERSION < 25 ? [] : ['--allow-net']),
]
const PROGRAM = "require('./test/fixtures/applications/own-api.cjs')"

const CASES: readonly Case[] = [
  { title: '--require', flags: STRICT },
  { title: '--require and an ES module', flags: STRICT, app: MODULE },
  { title: '--import', flags: STRICT, preload: ['--import', 'sidelight/bootstrap'] },
  {
    title: '--import and an ES module',
    flags: STRICT,
    preload: ['--import', 'sidelight/bootstrap'],
    app: MODULE,
  },
  {
    title: 'both flags, one twice',
    flags: STRICT,
    preload: ['--require', 'sidelight/bootstrap', '--require', BOOTSTRAP, '--import', BOOTSTRAP],
  },
  {
    title: 'NODE_OPTIONS and a flag',
    env: { NODE_OPTIONS: '--require sidelight/bootstrap --require sidelight/bootstrap' },
  },
  { title: '-e', flags: [...STRICT, '-e'], app: PROGRAM },
  { title: '-p', flags: [...STRICT, '-p'], app: PROGRAM },
  {
    title: '-e of an ES module',
    flags: [...STRICT, '--input-type=module', '-e'],
    app: "import './test/fixtures/applications/own-api.mjs'",
  },
  { title: '--frozen-intrinsics', flags: ['--frozen-intrinsics'] },
  { title: '--disable-proto=throw', flags: ['--disable-proto=throw'] },
  {
    title: '--disallow-code-generation-from-strings',
    flags: ['--disallow-code-generation-from-strings'],
  },
  {
    title: '--experimental-loader',
    flags: ['--experimental-loader', 'data:text/javascript,export{}'],
    app: MODULE,
  },
  { title: '--enable-source-maps', flags: ['--enable-source-maps'] },
  { title: '--permission', flags: PERMITTED, since: 24 },
]

for (const { title, flags = [], preload, app = APP, env = {}, since = 0 } of CASES) {
  const skip = NODE_VERSION < since && `Node ${since} has it`
  t.test(`an application is traced once, without a warning, with ${title}`, { skip }, async (t) => {
    const bare = await launch(t, app, { flags: [...BARE, ...flags] }).ended
    const receiver = await startReceiver(t)
    const traced = await launch(t, app, {
      flags: [...(preload ?? ['--require', 'sidelight/bootstrap']), ...flags],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
    }).ended
    t.equal(bare.stdout.split('\n', 1)[0], 'false')
    t.equal(traced.stdout, bare.stdout.replace('false', 'true'))
    t.equal(withoutPids(traced.stderr), withoutPids(bare.stderr))
    t.equal(traced.code, 0)
    t.match(receiver.spans, [{ name: 'manual', scope: 'own' }])
    t.equal(receiver.spans.length, 1)
  })
}

t.test('an application that may read nothing else runs', { skip: NODE_VERSION < 24 }, async (t) => {
  const { code, stdout, stderr } = await launch(t, join(APPS, 'exit.cjs'), {
    flags: [
      '--permission',
      `--allow-fs-read=${BOOTSTRAP}`,
      `--allow-fs-read=${join(APPS, 'exit.cjs')}`,
      '--require',
      BOOTSTRAP,
    ],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
  }).ended
  const bare = await launch(t, join(APPS, 'exit.cjs'), { flags: [] }).ended
  t.equal(code, bare.code)
  t.equal(stdout, bare.stdout)
  t.ok(stderr.split('\n').length <= 2, `one line at most: ${stderr}`)
})

t.test('the bootstrap works from a path with spaces and letters of the world', async (t) => {
  const folder = folderFor(t, 'mit Leerzeichen – 日本語 ')
  copyFileSync(BOOTSTRAP, join(folder, 'auto instrumentation.js'))
  const receiver = await startReceiver(t)
  for (const flag of ['--require', '--import']) {
    const ended = await launch(t, APP, {
      flags: [flag, join(folder, 'auto instrumentation.js')],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    }).ended
    t.match(ended, { code: 0, stdout: 'true\n', stderr: /^$/ })
  }
  t.equal(receiver.spans.length, 2)
})

t.test('node --test and the REPL are as without', async (t) => {
  const receiver = await startReceiver(t)
  for (const [flags, app] of [
    [['--test'], join(APPS, 'passes.cjs')],
    [[], '-i'],
  ] as const) {
    const bare = await launch(t, app, { flags: [...BARE, ...flags] }).ended
    const traced = await launch(t, app, {
      flags: ['--require', 'sidelight/bootstrap', ...flags],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    }).ended
    t.equal(traced.code, bare.code)
    t.equal(withoutTimes(traced.stdout), withoutTimes(bare.stdout))
    t.equal(traced.stderr, bare.stderr)
  }
})

t.test('node --run is traced', { skip: NODE_VERSION < 22 }, async (t) => {
  const receiver = await startReceiver(t)
  const ended = await launch(t, 'manual', {
    flags: ['--run'],
    cwd: APPS,
    env: {
      NODE_OPTIONS: `--require ${join(ROOT, 'dist', 'instrumentation', 'bootstrap.js')}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    },
  }).ended
  t.match(ended, { code: 0, stdout: 'true\n', stderr: /^$/ })
  t.equal(receiver.spans.length, 1)
})

function folderFor(t: Test, name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), name)))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

function withoutPids(text: string): string {
  return text.replaceAll(/\(node:\d+\)/g, '(node)')
}

function withoutTimes(text: string): string {
  return text.replaceAll(/[\d.]+/g, '0')
}
