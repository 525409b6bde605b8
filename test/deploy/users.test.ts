import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { dataFolder, freePorts } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { containerOf, podOf, type PodSpec, readRendered, ROOT, valuesOf } from './objects'

t.setTimeout(120_000)

const TIMEOUT_MS = 60_000
const isRoot = process.getuid?.() === 0
const MAIN = join(ROOT, 'dist', 'collector', 'main.js')
const BOOTSTRAP = join(ROOT, 'dist', 'instrumentation', 'autoinstrumentation.js')
const CRASH = `console.log('the last words'); setTimeout(() => { throw new Error('crashed') }, 50)`

const shop = podOf(readRendered('example'), 'Deployment', 'shop')
const sidecar = containerOf(shop, 'sidelight')

/** An emptyDir as the kubelet makes it for a pod with an fsGroup. */
function emptyDir(parent: string, name: string, { securityContext }: PodSpec): string {
  const folder = join(parent, name)
  mkdirSync(folder)
  chownSync(folder, 0, securityContext?.fsGroup ?? 0)
  chmodSync(folder, 0o2777)
  return folder
}

/** Runs Node as a container's user does, in the pod's group besides its own. */
function runAs(uid: number, args: readonly string[], env: NodeJS.ProcessEnv) {
  const groups = `${shop.securityContext?.fsGroup}`
  const user = [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${groups}`]
  const child = spawn('setpriv', [...user, process.execPath, ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as unknown, said })) }
}

t.test(
  'what an application leaves as it crashes is stored by the sidecar, which is another user',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const { connectionString } = await withDatabase(t)
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    const root = dataFolder(t)
    const data = emptyDir(root, 'data', shop)
    const handover = join(emptyDir(root, 'shared', shop), 'files')
    const [http, grpc, api] = await freePorts(3)
    const [uid, other] = [sidecar.securityContext?.runAsUser, shop.securityContext?.runAsUser]
    t.not(uid, other)
    const collector = runAs(uid!, [MAIN, 'start'], {
      ...valuesOf(sidecar),
      DATABASE_URL: connectionString,
      SIDELIGHT_ADMIN_TOKEN: 'the-token-of-the-tests',
      SIDELIGHT_DATA_DIR: data,
      SIDELIGHT_HANDOVER_DIR: handover,
      SIDELIGHT_OTLP_HTTP_ADDR: `127.0.0.1:${http}`,
      SIDELIGHT_OTLP_GRPC_ADDR: `127.0.0.1:${grpc}`,
      SIDELIGHT_API_ADDR: `0.0.0.0:${api}`,
    })
    t.teardown(() => collector.child.kill('SIGKILL'))
    const isReady = () =>
      fetch(`http://127.0.0.1:${api}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      )
    await until(isReady, TIMEOUT_MS, 'a ready sidecar')
    t.equal(statSync(handover).mode & 0o7777, 0o2770, 'of the group that both are in')

    const app = await runAs(other!, ['--require', BOOTSTRAP, '-e', CRASH], {
      OTEL_SERVICE_NAME: 'shop',
      // Where nothing listens, so that all of it is handed over.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      SIDELIGHT_HANDOVER_DIR: handover,
    }).ended
    t.equal(app.code, 1)
    t.notMatch(app.said, /sidelight: /)
    collector.child.kill('SIGTERM')
    t.match(await collector.ended, { code: 0 })
    t.same(readdirSync(handover), [], 'nothing is left, and nothing refused')
    const { rows } = await client.query<{ body: string }>(
      `select body::text as body from sidelight.logs where service = 'shop'`,
    )
    t.match(rows.map(({ body }) => body).join(), /the last words/)
  },
)
