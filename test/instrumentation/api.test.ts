import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isNewerMinor } from '../../instrumentation/process/api'
import { install, launch, ROOT } from './application'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

for (const version of ['1.4.1', '1.99.0']) {
  t.test(`spans of an application with @opentelemetry/api ${version} are sent`, async (t) => {
    const receiver = await startReceiver(t)
    const folder = install(t, 'own-api.cjs')
    layApi(folder, version)
    const ended = await launch(t, join(folder, 'own-api.cjs'), {
      cwd: folder,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    }).ended
    t.same(ended, { code: 0, signal: null, stdout: 'true\n', stderr: '' })
    t.match(receiver.spans, [{ name: 'manual', scope: 'own' }])
  })
}

t.test('a newer API that only a dependency has is reached, as CommonJS', async (t) => {
  const receiver = await startReceiver(t)
  const folder = install(t, 'own-api.cjs')
  const dependency = join(folder, 'node_modules', 'dependency')
  mkdirSync(dependency)
  cpSync(join(folder, 'own-api.cjs'), join(dependency, 'index.js'))
  writeFileSync(join(dependency, 'package.json'), '{ "name": "dependency" }')
  layApi(dependency, '1.99.0')
  writeFileSync(join(folder, 'app.cjs'), "require('dependency')\nrequire('./own-api.cjs')\n")
  layApi(folder, '1.8.0')
  const ended = await launch(t, join(folder, 'app.cjs'), {
    cwd: folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
  }).ended
  t.same(ended, { code: 0, signal: null, stdout: 'true\ntrue\n', stderr: '' })
  t.equal(receiver.spans.length, 2)
})

t.test('versions are compared within their major version', async (t) => {
  for (const [version, than, isNewer] of [
    ['1.10.0', '1.9.1', true],
    ['1.9.2', '1.9.1', false],
    ['1.9.1', '1.9.2', false],
    ['1.10.0-rc.1', '1.9.1', false],
    ['1.4.0', '1.9.1', false],
    ['1.9.0', undefined, false],
    ['2.0.0', '1.9.1', false],
    ['', '1.9.1', false],
  ] as const) {
    t.equal(isNewerMinor(version, than), isNewer, `${version} after ${than}`)
  }
})

/** Gives a package a copy of the API, which says it is of some version. */
function layApi(folder: string, version: string): void {
  const api = join(folder, 'node_modules', '@opentelemetry', 'api')
  cpSync(join(ROOT, 'node_modules', '@opentelemetry', 'api'), api, { recursive: true })
  writeFileSync(
    join(api, 'package.json'),
    JSON.stringify({ name: '@opentelemetry/api', version, main: 'build/src/index.js' }),
  )
  writeFileSync(join(api, 'build', 'src', 'version.js'), `exports.VERSION = '${version}'\n`)
}
