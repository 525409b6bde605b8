import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findRival } from '../../instrumentation/process/rival'
import { APPS, install, launch, link, ROOT, run } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

t.test('the first SDK wins: what an application registers later has no effect', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  t.same(await run(t, 'own-sdk.cjs', { env }), {
    code: 0,
    signal: null,
    stdout: 'false 0\n',
    stderr:
      'sidelight: an OpenTelemetry SDK the application sets up itself stays without effect: remove one of the two\n',
  })
  t.match(receiver.spans, [{ name: 'manual' }])
})

t.test('an application that has an SDK already is left alone', async (t) => {
  const receiver = await startReceiver(t)
  const ended = await run(t, 'own-api.cjs', {
    flags: ['--require', join(APPS, 'own-sdk.cjs'), '--require', 'sidelight/bootstrap'],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
  })
  t.same(ended, {
    code: 0,
    signal: null,
    stdout: 'true 1\ntrue\n',
    stderr:
      'sidelight: leaves this process to an OpenTelemetry SDK, which is set up here as well\n',
  })
  t.equal(receiver.requests.length, 0)
})

t.test('a process that another distribution instruments is left to it', async (t) => {
  const receiver = await startReceiver(t)
  const folder = install(t, 'own-api.cjs')
  const modules = join(folder, 'node_modules', '@opentelemetry')
  for (const name of ['api', 'sdk-trace']) {
    link(join(ROOT, 'node_modules', '@opentelemetry', name), join(modules, name))
  }
  const register = join(modules, 'auto-instrumentations-node')
  mkdirSync(register)
  cpSync(join(APPS, 'own-sdk.cjs'), join(register, 'register.js'))
  writeFileSync(join(register, 'package.json'), '{ "name": "register" }')
  for (const [flags, options] of [
    [['--require', '@opentelemetry/auto-instrumentations-node/register'], ''],
    [[], '--require @opentelemetry/auto-instrumentations-node/register'],
  ] as const) {
    const ended = await launch(t, join(folder, 'own-api.cjs'), {
      flags,
      cwd: folder,
      env: {
        NODE_OPTIONS: `--require sidelight/bootstrap ${options}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      },
    }).ended
    t.equal(ended.stdout, 'true 1\ntrue\n')
    t.match(ended.stderr, /^sidelight: leaves this process to @opentelemetry\/auto-[^\n]*\n$/)
  }
  t.equal(receiver.requests.length, 0)
})

t.test('nobody else is found in a process of our own', async (t) => {
  t.equal(findRival(['--require', 'sidelight/bootstrap'], ''), undefined)
  t.equal(findRival([], '--import @splunk/otel/instrument'), '@splunk/otel/instrument')
})
