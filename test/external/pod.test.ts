import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { ADMIN_TOKEN, dataFolder } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { kustomize, Pod } from './pod'

t.setTimeout(300_000)

const ROOT = join(__dirname, '..', '..')
const EXAMPLE = join(ROOT, 'deploy', 'kubernetes', 'example')
const TIMEOUT_MS = 60_000
const [SHOP_PORT, API_PORT, OTLP_PORT] = [8080, 4319, 4318]
const NONROOT = 65_532

/** A shop that dies of an exception when asked to, and at SIGTERM without a look back. */
const FRAIL_SHOP = `
import { createServer } from 'node:http'
createServer((request, response) => {
  if (request.url === '/crash') setImmediate(() => { throw new Error('it broke') })
  response.end('{}')
}).listen(8080)
process.once('SIGTERM', () => process.exit(0))
`

const LAYERS = dataFolder(t)

t.before(async () => {
  for (const name of ['collector', 'instrumentation']) {
    const layout = join(ROOT, 'deploy', 'image', 'layout.mjs')
    const child = spawn(process.execPath, [layout, name, join(LAYERS, name)], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: 'inherit',
    })
    const [code] = (await once(child, 'close')) as [number]
    if (code !== 0) throw new Error(`cannot lay out the image ${name}`)
  }
})

async function startShop(t: Test, files?: Readonly<Record<string, string>>) {
  const { connectionString } = await withDatabase(t)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const pod = await Pod.create(t, 'shop', kustomize(EXAMPLE), {
    layers: LAYERS,
    databaseUrl: connectionString,
    adminToken: ADMIN_TOKEN,
    ...(files === undefined ? {} : { files }),
  })
  await pod.start()
  return { pod, client }
}

async function order(pod: Pod, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const response = await fetch(pod.url(SHOP_PORT, '/orders/tea'))
    await response.text()
  }
}

async function countOrders(client: Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select count(*)::int as n from sidelight.spans
     where service = 'shop' and kind = 'server' and attributes ->> 'url.path' = '/orders/tea'`,
  )
  return rows[0]?.n ?? -1
}

function userOf(pod: Pod, container: string): string | undefined {
  const status = readFileSync(`/proc/${pod.containers.get(container)?.pid}/status`, 'utf8')
  return /^Uid:\t(\d+)\t/m.exec(status)?.[1]
}

async function handedOver(pod: Pod, outcome: string): Promise<number> {
  const response = await fetch(pod.url(API_PORT, '/metrics'), {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const name = `sidelight_handover_files_total{outcome="${outcome}"} `
  const line = (await response.text()).split('\n').find((text) => text.startsWith(name))
  return Number(line?.slice(name.length) ?? 0)
}

t.test('a pod of the example loses nothing from its start to its end', async (t) => {
  const { pod, client } = await startShop(t)
  t.same(pod.events, [
    'sidelight-instrumentation done',
    'sidelight started',
    'sidelight passed its start-up probe',
    'shop started',
  ])
  await until(
    async () => (await fetch(pod.url(API_PORT, '/health/ready'))).ok,
    TIMEOUT_MS,
    'a sidecar that is ready',
  )
  t.equal((await fetch(pod.url(API_PORT, '/metrics'))).status, 401, 'nothing else is open')
  await t.rejects(fetch(pod.url(OTLP_PORT, '/v1/traces'), { method: 'POST' }), 'OTLP is not there')

  await order(pod, 200)
  const output = pod.containers.get('sidelight')?.output
  t.same(await pod.stop(), { shop: 0, sidelight: 0 }, output?.() ?? '')
  t.same(pod.events.slice(-2), ['shop ended', 'sidelight ended'])
  t.match(output?.(), /0 requests without an answer, 0 in the spool/)
  t.equal(await countOrders(client), 200)
  const { rows } = await client.query<{ attributes: Record<string, string> }>(
    `select attributes from sidelight.resource
     where id in (select resource_id from sidelight.spans where service = 'shop')`,
  )
  t.match(rows, [
    {
      attributes: {
        'service.name': 'shop',
        'service.namespace': 'shop',
        'service.version': '1.0.0',
        'service.instance.id': /^shop\.shop-5d7c9f-x2x4z/,
      },
    },
  ])
})

t.test('what an application of another user leaves is taken, at once and at the end', async (t) => {
  const { pod, client } = await startShop(t, { 'shop.mjs': FRAIL_SHOP })
  const folder = join(pod.volume('sidelight-handover'), 'files')
  t.not(userOf(pod, 'shop'), userOf(pod, 'sidelight'))
  const { uid, gid, mode } = statSync(folder)
  t.same({ uid, gid, mode: mode & 0o7777 }, { uid: NONROOT, gid: NONROOT, mode: 0o2770 })

  await order(pod, 50)
  await fetch(pod.url(SHOP_PORT, '/crash')).catch(() => undefined)
  t.equal(await pod.containers.get('shop')?.ended, 1)
  await until(async () => (await countOrders(client)) === 50, TIMEOUT_MS, 'the orders')
  await until(async () => (await handedOver(pod, 'stored')) > 0, TIMEOUT_MS, 'a file to be taken')
  t.equal(await handedOver(pod, 'refused'), 0)

  await pod.run('shop')
  await until(
    async () => (await fetch(pod.url(SHOP_PORT, '/')).catch(() => null))?.ok,
    TIMEOUT_MS,
    'the shop',
  )
  await order(pod, 50)
  t.same(await pod.stop(), { shop: 0, sidelight: 0 })
  t.same(
    readdirSync(folder).filter((name) => name.endsWith('.otlp')),
    [],
    'nothing is left, which would end with the pod',
  )
  t.equal(await countOrders(client), 100)
})
