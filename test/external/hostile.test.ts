import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { APPS, BOOTSTRAP, type Ended, NODE } from '../instrumentation/application'
import { startReceiver } from '../instrumentation/receiver'

t.setTimeout(110_000)

const APPLICATIONS = ['http.cjs', 'http.mjs'] as const

/** Home and the folder for temporary files on a disk of their own; then nothing can be written, there or on the first disk. */
const READ_ONLY = [
  'mount -t tmpfs none "$DISK"',
  'mkdir "$DISK/home" "$DISK/tmp"',
  'mount -o remount,ro "$DISK"',
  'mount -o remount,bind,ro /',
  '! touch "$DISK/tmp/x" 2>/dev/null',
  '! touch "$OUTSIDE" 2>/dev/null',
  'cd "$DISK/home"',
]

/** Nothing but a loopback. */
const OFFLINE = ['ip link set lo up', '[ "$(ip -o link | wc -l)" = 1 ]']

t.test('an application on a read-only disk is instrumented as on another', async (t) => {
  const { url, spans } = await startReceiver(t)
  for (const app of APPLICATIONS) {
    const before = spans.length
    const ended = await runIn(t, '--mount', READ_ONLY, app, { OTEL_EXPORTER_OTLP_ENDPOINT: url })
    t.strictSame(ended, { ...FINE, stderr: '' }, app)
    t.equal(spans.length, before + 2, `spans of ${app}`)
  }
})

t.test('a read-only disk and no collector cost one line', async (t) => {
  for (const app of APPLICATIONS) {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
    const { stderr, ...ended } = await runIn(t, '--mount', READ_ONLY, app, env)
    t.strictSame(ended, FINE, app)
    t.match(
      stderr,
      /^sidelight: cannot deliver [a-z ]+ to the collector: connect ECONNREFUSED[^\n]*\n$/,
    )
  }
})

t.test('no network costs one line', async (t) => {
  for (const app of APPLICATIONS) {
    for (const [endpoint, why] of [
      ['http://127.0.0.1:4318', 'connect ECONNREFUSED'],
      ['http://192.0.2.1:4318', 'connect ENETUNREACH'],
      ['http://collector.example:4318', 'getaddrinfo E'],
    ] as const) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, SIDELIGHT_HANDOVER_DIR: 'off' }
      const { stderr, ...ended } = await runIn(t, '--net', OFFLINE, app, env)
      t.strictSame(ended, FINE, `${app}, ${endpoint}`)
      const [line = '', ...more] = stderr.split('\n')
      t.match(line, /^sidelight: cannot deliver [a-z ]+ to the collector: /)
      t.ok(line.includes(why), line)
      t.strictSame(more, [''])
    }
  }
})

const FINE = { code: 0, signal: null, stdout: 'hello from /greeting\n' }

/** Runs an application in a namespace of its own, made so. Needs Linux and root. */
async function runIn(
  t: Test,
  namespace: '--mount' | '--net',
  prepare: readonly string[],
  app: (typeof APPLICATIONS)[number],
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-hostile-'))
  const disk = mkdtempSync(join(folder, 'disk-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const places = { HOME: join(disk, 'home'), TMPDIR: join(disk, 'tmp'), DISK: disk }
  const variables = { PATH: process.env['PATH'], ...places, OUTSIDE: join(folder, 'x'), ...env }
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const program = [NODE, '--require', BOOTSTRAP, join(APPS, app)]
  const run = [...prepare, 'exec "$@"'].join(' && ')
  // Given no other way, the test runner loads itself into every child.
  const args = ['-i', ...assignments, 'unshare', namespace, 'sh', '-c', run, 'sh', ...program]
  const child = spawn('env', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const [code, signal] = await once(child, 'close')
  return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...output }
}
