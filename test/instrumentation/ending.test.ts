import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { build } from 'esbuild'
import t, { type Test } from 'tap'
import { freePorts } from '../helpers/collector'
import { decodeMessage, ExportTraceServiceRequest } from '../helpers/otlp'
import { until } from '../helpers/until'
import {
  type Application,
  APPS,
  BOOTSTRAP,
  type Ended,
  launch,
  type LaunchOptions,
} from './application'
import { startReceiver } from './receiver'

t.setTimeout(300_000)

const NOBODY = 'http://127.0.0.1:1'
const SPANS = 2_000
const APP = join(APPS, 'ending.cjs')

const PRELOAD = bundlePreload()

t.test(
  'an application ends as it would without us, and its spans arrive or are in files',
  async (t) => {
    const cases: [way: string, args: string[], flags?: string[]][] = [
      ['normal', []],
      ['before-exit', []],
      ['exit', []],
      ['exit-late', []],
      ['exit-in-exit', []],
      ['throw', []],
      ['throw-later', []],
      ['throw-in-exit', []],
      ['caught', []],
      ['reject', []],
      ['reject', [], ['--unhandled-rejections=strict']],
      ['reject', [], ['--unhandled-rejections=warn']],
      ['reject', [], ['--unhandled-rejections=none']],
      ['reject', [], ['--unhandled-rejections=warn-with-error-code']],
      ['worker', ['normal']],
      ['worker', ['exit']],
      ['worker', ['throw']],
      ['cluster', ['exit']],
      ['cluster', ['throw']],
      ['kill-self', []],
    ]
    for (const [way, args, flags = []] of cases) {
      const name = [way, ...args, ...flags].join(' ')
      const bare = await launch(t, APP, { flags, args: [way, ...args] }).ended
      const away = await endApp(t, [way, ...args], { flags, endpoint: NOBODY })
      t.same(withoutPids(away.ended, true), withoutPids(bare), `${name} ends as without us`)
      t.equal(away.inFiles, spansOf(way), `${name}: all spans are in files`)
      const receiver = await startReceiver(t)
      const up = await endApp(t, [way, ...args], { flags, endpoint: receiver.url })
      t.same(withoutPids(up.ended), withoutPids(bare), `${name} ends silently with a collector`)
      t.equal(unique(receiver, up.files), spansOf(way), `${name}: all spans arrive or are in files`)
    }
  },
)

t.test('without a folder an application ends the same, with one line', async (t) => {
  for (const way of ['normal', 'exit', 'throw', 'kill-self']) {
    const bare = await launch(t, APP, { flags: [], args: [way] }).ended
    const { ended } = await endApp(t, [way], {
      endpoint: NOBODY,
      env: { SIDELIGHT_HANDOVER_DIR: 'off' },
    })
    t.same(withoutPids(ended, true), withoutPids(bare))
    t.equal(ended.stderr.split('sidelight: ').length, 2, `${way}: one line`)
  }
})

t.test('a signal nobody listens to ends the process after its spans', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const way of ['serve', 'listener-gone']) {
      const receiver = await startReceiver(t)
      const { ended } = await endApp(t, [way], { endpoint: receiver.url, signal })
      t.match(ended, { code: null, signal, stderr: '' }, `${way} ${signal}`)
      t.equal(receiver.spans.length, SPANS)
      const away = await endApp(t, [way], { endpoint: NOBODY, signal })
      t.match(away.ended, { code: null, signal })
      t.equal(away.inFiles, SPANS, 'in files when the collector is away')
    }
  }
})

t.test(
  'an application that listens ends itself, and finds the listeners it would without us',
  async (t) => {
    const ends = { drain: 0, 'if-nobody-else': 5, 'listener-late': 5, 'many-listeners': 5 }
    for (const [way, code] of Object.entries(ends)) {
      const away = await endApp(t, [way], { endpoint: NOBODY, signal: 'SIGTERM' })
      t.match(away.ended, { code, signal: null, stderr: /^(sidelight: .*\n)?$/ }, way)
      t.equal(away.inFiles, way === 'drain' ? SPANS + 10 : SPANS)
    }
    const receiver = await startReceiver(t)
    const given = { endpoint: receiver.url, signal: 'SIGTERM' } as const
    const { ended } = await endApp(t, ['drain', '20000'], given)
    t.match(ended, { code: 0, stdout: 'serving\ndraining, 1 listeners\n', stderr: '' })
    t.equal(receiver.spans.length, SPANS + 10)
  },
)

t.test('one that ends itself by the signal again is let, after its spans', async (t) => {
  for (const [way, spans] of [
    ['sole-listener', SPANS],
    ['once', SPANS + 10],
  ] as const) {
    const receiver = await startReceiver(t)
    const { ended } = await endApp(t, [way], { endpoint: receiver.url, signal: 'SIGTERM' })
    t.match(ended, { code: null, signal: 'SIGTERM', stderr: '' }, way)
    t.equal(receiver.spans.length, spans)
  }
})

t.test(
  'a collector that never answers holds the end up for 2 s, a second signal ends it at once',
  async (t) => {
    const silent = await silentServer(t)
    const once = await endApp(t, ['serve'], { endpoint: silent, signal: 'SIGTERM' })
    t.match(once.ended, { code: null, signal: 'SIGTERM' })
    t.equal(once.inFiles, SPANS, 'the body on its way included')
    const normal = await endApp(t, ['normal'], { endpoint: silent })
    t.match(normal.ended, { code: 0 })
    t.equal(normal.inFiles, SPANS)
    const app = start(t, ['serve'], { endpoint: silent }).app
    await until(() => app.stdout().includes('serving'), 20_000, 'the application to serve')
    app.child.kill('SIGTERM')
    app.child.kill('SIGINT')
    const killed = await app.ended
    t.ok(killed.signal === 'SIGTERM' || killed.signal === 'SIGINT')
  },
)

t.test('cluster workers end as without us', async (t) => {
  for (const how of ['serve', 'connected']) {
    const bare = await launch(t, APP, { flags: [], args: ['cluster', how] }).ended
    const receiver = await startReceiver(t)
    const { ended, files } = await endApp(t, ['cluster', how], { endpoint: receiver.url })
    t.same(ended.stdout.replace('serving\n', ''), bare.stdout.replace('serving\n', ''), how)
    t.equal(unique(receiver, files), SPANS, how)
  }
})

t.test('nothing of ours keeps a process from ending', async (t) => {
  // A large body nobody reads, a connection nobody answers.
  const silent = await silentServer(t)
  const { ended } = await endApp(t, ['normal'], {
    endpoint: silent,
    env: { OTEL_EXPORTER_OTLP_TIMEOUT: '3600000' },
  })
  t.equal(ended.code, 0)
})

t.test('spans of the bootstrap itself outlive its application', async (t) => {
  const flags = ['--require', BOOTSTRAP, '--require', join(APPS, 'api-spans.cjs')]
  const env = { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }
  for (const way of ['normal', 'exit', 'throw', 'throw-later', 'exit-late']) {
    const bare = await launch(t, APP, { flags: [], args: [way] }).ended
    const { ended, inFiles } = await endApp(t, [way], { endpoint: NOBODY, preload: flags, env })
    t.same(withoutPids(ended, true), withoutPids(bare), `${way} ends as without it`)
    t.equal(inFiles, SPANS, `${way}: all spans are in files`)
  }
  const receiver = await startReceiver(t)
  for (const [way, signal] of [
    ['normal', undefined],
    ['serve', 'SIGTERM'],
    ['sole-listener', 'SIGTERM'],
  ] as const) {
    const before = receiver.spans.length
    const given = { endpoint: receiver.url, preload: flags, env }
    const { ended } = await endApp(t, [way], signal === undefined ? given : { ...given, signal })
    t.match(ended, { signal: signal ?? null, stderr: '' }, way)
    t.equal(receiver.spans.length - before, SPANS, `${way}: all spans arrive`)
  }
})

t.test('a collector killed in the middle and started again has every span', async (t) => {
  const folder = t.testdir()
  const [port = 0] = await freePorts(1)
  const receive = async (): Promise<Application> => {
    const args = [folder, `${port}`]
    const app = launch(t, join(APPS, 'storing-receiver.cjs'), { flags: [], args })
    await until(() => app.stdout().includes('\n'), 20_000, 'the receiver')
    return app
  }
  const killed = await receive()
  const { app, folder: files } = start(t, ['busy'], { endpoint: `http://127.0.0.1:${port}` })
  const bodies = () => readdirSync(folder).filter((name) => name.endsWith('.body'))
  await until(() => bodies().length > 5, 20_000, 'the first bodies')
  killed.child.kill('SIGKILL')
  await killed.ended
  const before = endedBy(app)
  await until(() => endedBy(app) > before + 1_000, 20_000, 'spans that end while it is away')
  await receive()
  app.child.kill('SIGTERM')
  t.match(await app.ended, { code: null, signal: 'SIGTERM' })
  const ids = bodies().flatMap((name) => spanIds(readFileSync(join(folder, name))))
  t.equal(new Set([...ids, ...idsIn(files)]).size, endedBy(app))
})

/** How many spans the application has told of. */
function endedBy(app: Application): number {
  return Number(/(\d+) ended\n$/.exec(app.stdout())?.[1] ?? 0)
}

interface Way {
  readonly endpoint: string
  readonly flags?: string[]
  /** By default the delivery alone. */
  readonly preload?: string[]
  readonly env?: NodeJS.ProcessEnv
  /** Sent when the application serves. */
  readonly signal?: NodeJS.Signals
}

let folders = 0

function start(t: Test, args: string[], way: Way) {
  const { endpoint, flags = [], env = {}, preload = ['--require', PRELOAD] } = way
  const folder = join(t.testdirName, `handover-${folders++}`)
  t.testdir({})
  const options: LaunchOptions = {
    flags: [...preload, ...flags],
    args,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, SIDELIGHT_HANDOVER_DIR: folder, ...env },
  }
  return { app: launch(t, APP, options) as Application, folder }
}

async function endApp(t: Test, args: string[], way: Way) {
  const { app, folder } = start(t, args, way)
  if (way.signal !== undefined) {
    await until(() => app.stdout().includes('serving'), 20_000, 'the application to serve')
    app.child.kill(way.signal)
  }
  const ended = await app.ended
  const files = idsIn(folder)
  return { ended, files, inFiles: new Set(files).size }
}

/** The span ids in the files of a folder; every file is checked. */
function idsIn(folder: string): string[] {
  let names: string[] = []
  try {
    names = readdirSync(folder)
  } catch {
    // It was not made, as there was nothing to write.
  }
  return names.flatMap((name) => {
    const file = readFileSync(join(folder, name))
    const line = file.subarray(0, file.indexOf(10) + 1)
    const items = Number(/^sidelight-handover\/1 traces (\d+) -\n$/.exec(line.toString())?.[1])
    const ids = spanIds(file.subarray(line.length))
    if (ids.length !== items) throw new Error(`${name} says ${items}, but has ${ids.length}`)
    return ids
  })
}

function spanIds(body: Buffer): string[] {
  const request = decodeMessage(ExportTraceServiceRequest, body) as {
    resourceSpans: { scopeSpans: { spans: { spanId: Buffer }[] }[] }[]
  }
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ spanId }) => spanId.toString('hex'))),
  )
}

function unique(receiver: { spans: readonly { spanId: string }[] }, files: string[]): number {
  return new Set([...files, ...receiver.spans.map(({ spanId }) => spanId)]).size
}

function spansOf(way: string): number {
  return way === 'before-exit' ? SPANS + 10 : SPANS
}

/** What differs between two runs, and the one line of ours if it is allowed. */
function withoutPids({ code, signal, stdout, stderr }: Ended, mayComplain = false) {
  const text = mayComplain ? stderr.replace(/^sidelight: .*\n/m, '') : stderr
  return {
    code,
    signal,
    stdout,
    stderr: text.replace(/node:\d+\)/g, 'node)').replace(/^ +at .*\n/gm, ''),
  }
}

async function silentServer(t: Test): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The delivery as it is in the sources, in one file that starts as fast as the bootstrap does. */
function bundlePreload(): string {
  const outfile = join(t.testdir(), 'preload.cjs')
  t.before(() =>
    build({
      entryPoints: [join(__dirname, 'ending-preload.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
    }),
  )
  return outfile
}
