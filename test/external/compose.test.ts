import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { COMPOSE, readCompose } from '../deploy/compose'
import { ROOT } from '../deploy/objects'
import { blocksOf, patternOf } from '../deploy/page'
import { dataFolder } from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { Stack } from './stack'

t.setTimeout(300_000)

const TIMEOUT_MS = 90_000
const [OTLP_PORT, API_PORT] = [4318, 4319]
const ADMIN = { authorization: 'Bearer laptop-admin-token' }
const INGEST = { authorization: 'Bearer laptop-ingest-token' }
const compose = readCompose()
const layers = dataFolder(t)

t.before(async () => {
  const layout = join(ROOT, 'deploy', 'image', 'layout.mjs')
  for (const [name, folder] of [
    ['collector', 'sidelight'],
    ['demo', 'demo'],
  ] as const) {
    const child = spawn(process.execPath, [layout, name, join(layers, folder)], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: 'inherit',
    })
    const [code] = (await once(child, 'close')) as [number]
    if (code !== 0) throw new Error(`cannot lay out the image ${name}`)
  }
})

async function startStack(t: Test): Promise<Stack> {
  const stack = await Stack.create(t, compose, layers)
  await stack.up()
  const output = () => stack.containers.get('demo')?.output() ?? ''
  await until(
    () => {
      if (stack.containers.get('demo')?.hasEnded()) throw new Error(`the demo ended:\n${output()}`)
      return output().includes('Ctrl-C ends the shop.')
    },
    TIMEOUT_MS,
    'the demo to show',
  )
  return stack
}

/** The commands that quickstart.md has inside of containers, and what it says one sees. */
function questions(): { service: string; command: string[]; shown: string }[] {
  const blocks = blocksOf(readFileSync(join(ROOT, 'deploy', 'quickstart.md'), 'utf8'))
  const start = `docker compose --file ${COMPOSE} exec `
  return blocks.flatMap(({ text }, at) => {
    if (!text.startsWith(start)) return []
    const line = text.replaceAll('\\\n', ' ').slice(start.length).trim()
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    )
    const [service = '', ...command] = words
    return [{ service, command, shown: blocks[at + 1]?.text ?? '' }]
  })
}

t.test('the compose file brings up a shop that can be looked at', async (t) => {
  const stack = await startStack(t)
  t.same(stack.events, [
    'postgres started',
    'postgres is healthy',
    'sidelight started',
    'postgres is healthy',
    'sidelight is healthy',
    'demo started',
  ])

  const services = stack.url(API_PORT, '/api/v1/services')
  t.equal((await fetch(services)).status, 401)
  const answer = await fetch(services, { headers: ADMIN })
  const seen = ((await answer.json()) as { services: { service: string }[] }).services
  for (const name of ['shop-gateway', 'shop-orders', 'shop-payments']) {
    t.ok(
      seen.some(({ service }) => service === name),
      name,
    )
  }

  const asked = questions()
  t.ok(asked.length > 1)
  for (const { service, command, shown } of asked) {
    t.match((await stack.exec(service, command)).trimEnd(), new RegExp(`^${patternOf(shown)}$`))
  }

  const url = stack.url(OTLP_PORT, '/v1/traces')
  const body = traces({ service: 'of the laptop', spans: [{}] }) as never
  const headers = { 'content-type': 'application/x-protobuf' }
  t.equal((await fetch(url, { method: 'POST', body, headers })).status, 401)
  const sent = await fetch(url, { method: 'POST', body, headers: { ...headers, ...INGEST } })
  t.equal(sent.status, 200, await sent.text())

  const output = stack.containers.get('sidelight')?.output
  t.same(await stack.down(), { demo: 0, sidelight: 0 })
  t.same(stack.events.slice(-2), ['demo ended', 'sidelight ended'])
  t.match(output?.(), /0 requests without an answer, 0 in the spool/)
})

t.test('what the shop could not send is taken when the collector is back', async (t) => {
  const stack = await startStack(t)
  const left = () => readdirSync(stack.volume('handover')).filter((name) => name.endsWith('.otlp'))
  await stack.containers.get('sidelight')?.end('SIGKILL')
  t.equal(await stack.containers.get('demo')?.end('SIGTERM'), 0)
  t.ok(left().length > 0)
  await stack.run('sidelight')
  await until(() => left().length === 0, TIMEOUT_MS, 'the files to be taken')
})
