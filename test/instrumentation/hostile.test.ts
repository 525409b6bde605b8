import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { APPS, BOOTSTRAP, type Ended, launch, NODE, run } from './application'
import { startReceiver } from './receiver'
import { until } from '../helpers/until'

t.setTimeout(300_000)

/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9'
const APPLICATIONS = ['http.cjs', 'http.mjs'] as const
const SECRET = 'hunter2'

interface Case {
  readonly title: string
  readonly env: NodeJS.ProcessEnv
  /** The one line, without the name of the program at its start; nothing when all is well. */
  readonly line: RegExp | undefined
}

/** One value is wrong, and the collector is reached all the same. */
const SALVAGED: readonly Case[] = [
  {
    title: 'an unknown protocol',
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier/pigeon' },
    line: /^OTEL_EXPORTER_OTLP_PROTOCOL=carrier\/pigeon is unknown, http\/protobuf is used$/,
  },
  {
    title: 'an unknown exporter',
    env: { OTEL_TRACES_EXPORTER: 'pigeon' },
    line: /^OTEL_TRACES_EXPORTER=pigeon is unknown, otlp is used$/,
  },
  {
    title: 'an unknown propagator',
    env: { OTEL_PROPAGATORS: 'pigeon' },
    line: /^OTEL_PROPAGATORS=pigeon is unknown$/,
  },
  {
    title: 'a header that is none',
    env: { OTEL_EXPORTER_OTLP_HEADERS: `x y=${SECRET},x-kept=yes` },
    line: /^pair 1 of OTEL_EXPORTER_OTLP_HEADERS is not a header as key=value, it is not sent$/,
  },
  {
    title: 'a resource attribute that is none',
    env: { OTEL_RESOURCE_ATTRIBUTES: 'team,region=north' },
    line: /^OTEL_RESOURCE_ATTRIBUTES: "team" is ignored, it is not key=value$/,
  },
  {
    title: 'a sampler argument that is no ratio',
    env: { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '150%' },
    line: /^OTEL_TRACES_SAMPLER_ARG=150% is ignored: a ratio is between 0 and 1$/,
  },
  { title: 'no home', env: { HOME: '/nowhere' }, line: undefined },
  { title: 'the flag twice', env: { NODE_OPTIONS: `--require ${BOOTSTRAP}` }, line: undefined },
]

/** Nothing can be delivered. */
const LOST: readonly Case[] = [
  {
    title: 'a malformed endpoint',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:four' },
    line: /^OTEL_EXPORTER_OTLP_ENDPOINT is not a URL of http or https, http:\/\/127\.0\.0\.1:4318 is used$/,
  },
  {
    title: 'gRPC with a malformed endpoint',
    env: {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://',
    },
    line: /^grpc for traces: cannot hand over to @opentelemetry\/sdk-node, OTLP over HTTP is used: /,
  },
  {
    title: 'an unreachable endpoint with credentials',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${SECRET}@127.0.0.1:9` },
    line: /^cannot deliver [a-z ]+ to the collector: connect ECONNREFUSED 127\.0\.0\.1:9$/,
  },
  {
    title: 'an unreadable certificate',
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem',
    },
    line: /^cannot read the file of OTEL_EXPORTER_OTLP_CERTIFICATE: ENOENT/,
  },
  {
    title: 'a disk that cannot be written to',
    env: { SIDELIGHT_HANDOVER_DIR: '/proc/nowhere', OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY },
    line: /^cannot deliver [a-z ]+ to the collector: connect ECONNREFUSED/,
  },
  {
    title: 'no network',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY },
    line: /^cannot deliver [a-z ]+ to the collector: connect ECONNREFUSED/,
  },
  {
    title: 'a name nobody knows',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://does-not-exist.invalid:4318' },
    line: /^cannot deliver [a-z ]+ to the collector: getaddrinfo E[A-Z_]+ does-not-exist\.invalid$/,
  },
]

for (const app of APPLICATIONS) {
  t.test(`what is wrong in the environment costs ${app} itself only`, async (t) => {
    for (const { title, env, line } of SALVAGED) {
      const receiver = await startReceiver(t)
      const ended = await run(t, app, {
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
      })
      checkRun(t, title, ended, line)
      t.equal(receiver.spans.length, 2, `${title}: spans`)
      if (title.includes('header')) t.equal(receiver.requests[0]?.headers['x-kept'], 'yes')
      if (title.includes('resource')) {
        t.equal(receiver.spans[0]?.resource['region'], 'north', 'the other attribute')
      }
    }
  })

  t.test(`${app} runs as without where nothing can be delivered`, async (t) => {
    for (const { title, env, line } of LOST) {
      checkRun(t, title, await run(t, app, { env }), line)
    }
  })
}

t.test('credentials of the endpoint are sent, and not a word is said', async (t) => {
  const receiver = await startReceiver(t)
  const url = receiver.url.replace('//', `//user:${SECRET}@`)
  const ended = await run(t, 'http.cjs', { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
  checkRun(t, 'credentials', ended, undefined)
  const expected = `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`
  t.ok(receiver.requests.length > 0)
  t.ok(receiver.requests.every(({ headers }) => headers.authorization === expected))
})

/** What a collector gone wrong does with a connection. */
const COLLECTORS: readonly {
  readonly title: string
  readonly line: RegExp | undefined
  serve(socket: Socket): void
}[] = [
  {
    title: 'accepts and never answers',
    line: /^the collector has not answered in time$/,
    serve: (socket) => socket.resume(),
  },
  {
    title: 'answers 500',
    line: /^the collector refuses [a-z ]+, they are dropped: it answers 500 broken$/,
    serve: (socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 500 No\r\ncontent-length: 6\r\nconnection: close\r\n\r\nbroken'),
      ),
  },
  {
    title: 'does not speak HTTP',
    line: /^cannot deliver [a-z ]+ to the collector: Parse Error/,
    serve: (socket) => socket.once('data', () => socket.end('\u0000garbage\r\n\r\n')),
  },
  {
    title: 'sends headers without end',
    line: /^cannot deliver [a-z ]+ to the collector: (Parse Error|read ECONNRESET|write E)/,
    serve(socket) {
      socket.write('HTTP/1.1 200 OK\r\n')
      const more = (): void => {
        while (!socket.destroyed && socket.write(`x: ${'y'.repeat(1000)}\r\n`));
      }
      socket.on('drain', more)
      more()
    },
  },
]

t.test('a collector gone wrong costs one line', async (t) => {
  for (const { title, line, serve } of COLLECTORS) {
    const url = await startServer(t, serve)
    for (const app of APPLICATIONS) {
      const ended = await run(t, app, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
      checkRun(t, `${app}, one that ${title}`, ended, line)
    }
  }
})

t.test('a busy machine does not keep it from saying that nobody answers', async (t) => {
  const silent = COLLECTORS[0]
  const url = await startServer(t, (socket) => silent?.serve(socket))
  const flags = ['--require', join(APPS, 'slow-timers.cjs'), '--require', BOOTSTRAP]
  const ended = await run(t, 'http.cjs', { flags, env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
  checkRun(t, 'slow timers', ended, silent?.line)
})

t.test('SIGTERM ends an application whose collector has gone wrong', async (t) => {
  for (const { title, serve } of COLLECTORS) {
    const url = await startServer(t, serve)
    const application = launch(t, join(APPS, 'idle.cjs'), {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: url },
    })
    await until(() => application.stdout().includes('serving'), 20_000, 'serving')
    application.child.kill('SIGTERM')
    const { signal, stderr } = await application.ended
    t.equal(signal, 'SIGTERM', title)
    t.ok(linesOf(stderr).length <= 1, `${title}: ${stderr}`)
  }
})

t.test('what an application does to the globals does not stop its telemetry', async (t) => {
  for (const deed of ['clock', 'promise', 'prototypes', 'stacks', 'console', 'process', 'frozen']) {
    const receiver = await startReceiver(t)
    for (const app of APPLICATIONS) {
      const flags = ['--require', join(APPS, 'hostile.cjs')]
      const env = { DEED: deed, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
      const without = await run(t, app, { flags, env })
      const { length } = receiver.spans
      const ended = await run(t, app, { flags: ['--require', BOOTSTRAP, ...flags], env })
      // Node 26 itself loads some modules no more once process is frozen, unless it has loaded them before.
      if (without.code === 0) t.same(ended, without, `${app} with ${deed} is as without`)
      else t.ok([without.code, 0].includes(ended.code), `${app} with ${deed} fares no worse`)
      if (without.code === 0)
        t.equal(receiver.spans.length, length + 2, `${app} with ${deed}: spans`)
    }
  }
})

t.test('what was done to the globals before costs one line at most', async (t) => {
  const receiver = await startReceiver(t)
  for (const deed of ['clock', 'promise', 'prototypes', 'stacks', 'console', 'process', 'frozen']) {
    const flags = ['--require', join(APPS, 'hostile.cjs')]
    const env = { DEED: deed, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    const without = await run(t, 'http.cjs', { flags, env })
    const ended = await run(t, 'http.cjs', { flags: [...flags, '--require', BOOTSTRAP], env })
    t.same({ ...ended, stderr: '' }, { ...without, stderr: '' }, `${deed}: as without`)
    const added = ended.stderr.replace(without.stderr, '')
    t.match(added, /^(sidelight: cannot instrument [^\n]*\n)?$/, deed)
  }
})

t.test('flags that forbid and freeze are no matter', async (t) => {
  const receiver = await startReceiver(t)
  for (const flag of [
    '--frozen-intrinsics',
    '--disallow-code-generation-from-strings',
    '--max-old-space-size=32',
  ]) {
    const { length } = receiver.spans
    const flags = [flag, '--no-warnings', '--require', BOOTSTRAP]
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    checkRun(t, flag, await run(t, 'http.cjs', { flags, env }), undefined)
    t.equal(receiver.spans.length, length + 2, flag)
  }
})

t.test('a span used after its end is not told to those who run the application', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  const quiet = await run(t, 'ended-twice.cjs', { env })
  t.equal(quiet.stdout, 'done\n')
  t.equal(quiet.stderr, '')
  const { stderr } = await run(t, 'ended-twice.cjs', { env: { ...env, OTEL_LOG_LEVEL: 'warn' } })
  t.match(stderr, /ended Span/)
})

t.test('a program without an entry file runs in a folder that is gone', (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'sidelight-gone-')), 'gone')
  t.teardown(() => {
    rmSync(dirname(folder), { recursive: true, force: true })
  })
  const script =
    'mkdir "$1"; cd "$1"; rmdir "$1"; exec env -i OTEL_EXPORTER_OTLP_ENDPOINT="$4" "$2" --require "$3" -e "console.log(1)"'
  const args = ['-c', script, 'sh', folder, NODE, BOOTSTRAP, NOBODY]
  const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' })
  t.equal(status, 0)
  t.equal(stdout, '1\n')
  t.match(stderr, /^sidelight: cannot deliver [^\n]*\n$/)
  t.end()
})

async function startServer(t: Test, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function checkRun(t: Test, title: string, ended: Ended, line: RegExp | undefined): void {
  t.equal(ended.code, 0, `${title}: exit code`)
  t.equal(ended.signal, null)
  t.equal(ended.stdout, 'hello from /greeting\n', `${title}: output`)
  const lines = linesOf(ended.stderr)
  t.equal(lines.length, line === undefined ? 0 : 1, `${title}: ${ended.stderr}`)
  if (line !== undefined) t.match(lines[0]?.replace(/^sidelight: /, ''), line, title)
  t.notOk(ended.stderr.includes(SECRET), `${title}: no secret`)
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
