import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../collector/config'
import { dataFolder } from '../helpers/collector'
import { COMPOSE, mountsOf, orderOf, readCompose } from './compose'
import { ROOT } from './objects'

const text = readFileSync(join(ROOT, COMPOSE), 'utf8')
const compose = readCompose()
const { postgres, sidelight, demo } = compose.services

interface Linter {
  lintFiles(
    paths: string[],
    recursive: boolean,
  ): { messages: { rule: string; message: string }[] }[]
}

/** What is wrong with a compose file by the schema of the Compose Specification, and by the rules of dclint. */
async function findFaults(file: string): Promise<string[]> {
  const path = join(ROOT, 'test/deploy/models/node_modules/dclint/dist/index.esm.js')
  const { DCLinter } = (await import(pathToFileURL(path).href)) as {
    DCLinter: new (config: object) => Linter
  }
  // Services are in the order of their start, and their keys in that of the manifests.
  const rules = { 'services-alphabetical-order': 0, 'service-keys-order': 0 }
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] })
  const results = linter.lintFiles([file], false)
  return results.flatMap(({ messages }) =>
    messages.map(({ rule, message }) => `${rule}: ${message}`),
  )
}

t.test('the compose file is one by the Compose Specification', async (t) => {
  t.same(await findFaults(join(ROOT, COMPOSE)), [])
  const broken = join(dataFolder(t), 'docker-compose.yaml')
  writeFileSync(broken, text.replaceAll('read_only:', 'readonly:'))
  t.match(await findFaults(broken), [/^invalid-schema: .*additional properties/])
})

t.test('services wait until those they need are healthy', async (t) => {
  t.same(orderOf(compose), ['postgres', 'sidelight', 'demo'])
  for (const { depends_on: others = {} } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(others)) {
      t.equal(condition, 'service_healthy')
      t.equal(compose.services[name]?.healthcheck?.test[0], 'CMD', 'there may be no shell')
    }
  }
})

t.test('ports are published on the loopback alone', async (t) => {
  t.same(
    Object.values(compose.services).flatMap(({ ports = [] }) => ports),
    [4317, 4318, 4319].map((port) => `127.0.0.1:${port}:${port}`),
  )
})

t.test('what is ours runs as nobody special, on a root it cannot write to', async (t) => {
  for (const service of [sidelight, demo]) {
    t.match(service, { read_only: true, cap_drop: ['ALL'] })
    t.same(service?.security_opt, ['no-new-privileges:true'])
    const { context = '', dockerfile = '' } = service?.build ?? {}
    t.ok(existsSync(join(ROOT, dirname(COMPOSE), context, dockerfile)), dockerfile)
  }
})

t.test('the collector takes its configuration, and the demo is told the same', async (t) => {
  const env = { ...sidelight?.environment }
  const config = loadConfig(env)
  t.same(config.warnings, [])
  for (const { host } of [config.otlpHttpAddress, config.otlpGrpcAddress, config.apiAddress]) {
    t.equal(host, '0.0.0.0', 'the address of a container is not known')
  }
  const { SIDELIGHT_OTLP_GRPC_ADDR, SIDELIGHT_OTLP_HTTP_ADDR, SIDELIGHT_API_ADDR, ...rest } = env
  t.same(demo?.environment, rest, 'which it finds on the loopback, where it is by default')
  t.equal(demo?.network_mode, 'service:sidelight')
  const doors = [SIDELIGHT_OTLP_GRPC_ADDR, SIDELIGHT_OTLP_HTTP_ADDR, SIDELIGHT_API_ADDR]
  const { otlpGrpcAddress, otlpHttpAddress, apiAddress } = loadConfig({})
  t.same(
    doors,
    [otlpGrpcAddress, otlpHttpAddress, apiAddress].map(({ port }) => `0.0.0.0:${port}`),
  )
  const url = new URL(env['DATABASE_URL'] ?? '')
  t.match(postgres?.environment, {
    POSTGRES_DB: url.pathname.slice(1),
    POSTGRES_USER: url.username,
    POSTGRES_PASSWORD: url.password,
  })
  t.equal(url.hostname, 'postgres')
})

t.test('tokens may be others', async (t) => {
  const { services } = parse(text) as typeof compose
  for (const { environment = {} } of [services['sidelight'] ?? {}, services['demo'] ?? {}]) {
    for (const name of ['SIDELIGHT_ADMIN_TOKEN', 'SIDELIGHT_INGEST_TOKEN']) {
      t.match(environment[name], `\${${name}:-laptop-`)
    }
  }
})

t.test('every volume is used, and both know the folder of what is handed over', async (t) => {
  const mounts = Object.values(compose.services).flatMap(mountsOf)
  t.same(new Set(mounts.map(({ volume }) => volume)), new Set(Object.keys(compose.volumes)))
  for (const service of [sidelight, demo]) {
    const path = service?.environment?.['SIDELIGHT_HANDOVER_DIR']
    const mount = mountsOf(service ?? {}).find(({ volume }) => volume === 'handover')
    t.equal(mount?.path, path)
  }
})
