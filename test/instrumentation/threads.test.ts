import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { APPS, BOOTSTRAP, launch, run, stage } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

const NOWHERE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }

t.test('the threads of an application have the bootstrap, however they are started', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  const { code, stdout, stderr } = await run(t, 'threads.cjs', { env })
  t.equal(code, 0)
  t.equal(stderr, '')
  t.same(stdout.trim().split('\n'), [
    'main: true',
    'worker: true',
    'env: true',
    'limits: true',
    'argv: true',
    'eval: true',
    'bare: false',
  ])
})

for (const [libraries, pino] of [
  ['current', 'pino'],
  ['older', 'pino'],
  ['older', 'pino-7'],
] as const) {
  t.test(`the thread of a transport of ${libraries} ${pino} has nothing of it`, async (t) => {
    for (const flags of [
      ['--require', BOOTSTRAP],
      ['--import', BOOTSTRAP],
    ]) {
      const app = stage(t, 'transport.cjs', libraries)
      const { code, stdout } = await launch(t, app, { flags, args: [pino], env: NOWHERE }).ended
      t.equal(code, 0)
      t.equal(stdout, 'from the application, false\n')
    }
  })
}

t.test('every process of a cluster is traced, and one that is forked', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  t.match(await run(t, 'cluster.cjs', { env }), { code: 0, stderr: /^$/ })
  t.same(receiver.spans.map(({ name }) => name).sort(), ['forked', 'primary', 'worker', 'worker'])
  t.equal(new Set(receiver.spans.map(({ resource }) => resource['process.pid'])).size, 4)
  t.equal(new Set(receiver.spans.map(({ resource }) => resource['service.instance.id'])).size, 4)
})

t.test('two copies of this package instrument a thread once', async (t) => {
  const receiver = await startReceiver(t)
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-copy-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const copy = join(folder, 'bootstrap.js')
  copyFileSync(BOOTSTRAP, copy)
  const ended = await launch(t, join(APPS, 'own-api.cjs'), {
    flags: ['--require', BOOTSTRAP, '--require', copy],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
  }).ended
  t.match(ended, { code: 0, stdout: 'true\n', stderr: /^$/ })
  t.equal(receiver.spans.length, 1)
})
