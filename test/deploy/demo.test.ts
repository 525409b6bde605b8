import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { ADMIN_TOKEN, freePorts } from '../helpers/collector'
import { collectorFor, DEMO, startDemo } from './demo-run'

t.setTimeout(300_000)

t.test('the demo shows a trace across three services, and leaves nothing behind', async (t) => {
  const { env, apiUrl, databaseUrl } = await collectorFor(t)
  const demo = startDemo(t, ['--rate', '20'], env)
  await demo.prints('Ctrl-C ends the shop.', 150_000)
  const services = serviceUrls(demo.output())
  demo.child.kill('SIGINT')
  t.equal(await demo.ended, 0, demo.output())

  const traceId = /traces\/([0-9a-f]{32})/.exec(demo.output())?.[1] ?? ''
  t.ok(demo.output().includes(`where trace_id = '${traceId}' order by start_time"`))
  const answer = await fetch(`${apiUrl}/api/admin/observability/traces/${traceId}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const trace = (await answer.json()) as { services: string[]; tree: unknown[] }
  t.same(trace.services, ['shop-gateway', 'shop-orders', 'shop-payments'])
  t.equal(trace.tree.length, 1)

  t.equal(services.length, 3)
  for (const url of services) await t.rejects(fetch(url), 'its port is free again')
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query("select to_regnamespace('sidelight_demo') as left_over")
  t.same(rows, [{ left_over: null }])
  const { rows: seen } = await client.query(
    `select count(*) filter (where module = 'sidelight/pg') as queries,
            count(*) filter (where service = 'shop-payments') as payments
     from sidelight.spans`,
  )
  t.match(seen, [{ queries: /^[1-9]/, payments: /^[1-9]/ }])
})

t.test('the demo ends by itself after --duration', async (t) => {
  const { env } = await collectorFor(t)
  const demo = startDemo(t, ['--rate', '10', '--duration', '1'], env)
  t.equal(await demo.ended, 0, demo.output())
  t.match(demo.output(), /A trace across the three services has arrived/)
  t.match(demo.output(), /closed after \d+ s: \d+ requests sent · \d+ slow · \d+ failed/)
})

t.test('a bad release of the demo shows in health, until it is rolled back', async (t) => {
  const { env, databaseUrl } = await collectorFor(t)
  const demo = startDemo(t, ['--rate', '30', '--bad-release', '8'], env)
  const rolledBack = 'shop-payments is 1.0.0 again'
  await demo.prints(rolledBack, 180_000)
  const isBack = 'the error "the card network does not answer" is back in 1.1.0, regressed'
  await demo.prints(isBack, 60_000)
  demo.child.kill('SIGINT')
  t.equal(await demo.ended, 0, demo.output())
  const told = demo.output().match(/(?<=^\d\d:\d\d:\d\d {2}).*/gm) ?? []
  const at = (text: string) => told.findIndex((line) => line.startsWith(text))
  const released = at('shop-payments 1.1.0 replaces 1.0.0')
  const critical = at('health is critical: shop-')
  t.ok(0 <= at('health is healthy') && at('health is healthy') < released, told.join('\n'))
  t.ok(released < critical && critical < at(rolledBack), told.join('\n'))
  const fixed = at('the error "the card network does not answer" is resolved')
  t.ok(fixed < released && released < at(isBack), told.join('\n'))

  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query(
    `select resource_attributes ->> 'service.version' as version, count(distinct trace_id) > 20 as seen,
       bool_or(events @> '[{"attributes": {"exception.message": "no connection to the card network is free"}}]') as exhausted
     from sidelight.spans where service = 'shop-payments' group by 1 order by 1`,
  )
  t.same(rows, [
    { version: '1.0.0', seen: true, exhausted: false },
    { version: '1.1.0', seen: true, exhausted: true },
  ])
  const { rows: groups } = await client.query(
    `select class, code, message, culprit, state, releases
     from sidelight.errors where service = 'shop-payments' order by class`,
  )
  t.same(groups, [
    {
      class: 'CardNetworkError',
      code: null,
      message: 'the card network does not answer',
      culprit: 'CardNetwork.charge (card-network.mjs)',
      state: 'regressed',
      releases: ['1.0.0', '1.1.0'],
    },
    {
      class: 'ConnectionsExhaustedError',
      code: 'ERR_CONNECTIONS_EXHAUSTED',
      message: 'no connection to the card network is free',
      culprit: '#connect (card-network.mjs)',
      state: 'new',
      releases: ['1.1.0'],
    },
  ])
})

t.test('without a collector the demo says how to start one', async (t) => {
  const [port] = await freePorts(1)
  const demo = startDemo(t, ['--wait', '0'], { SIDELIGHT_API_ADDR: `127.0.0.1:${port}` })
  t.equal(await demo.ended, 1)
  t.equal(
    demo.output(),
    `sidelight demo: no collector is ready at http://127.0.0.1:${port}: run "npm start" in another terminal, then this again\n`,
  )
})

t.test('a wrong option is refused', async (t) => {
  for (const args of [
    ['--rate', 'fast'],
    ['--rate', '0'],
    ['--seed', '-1'],
    ['--sped', '1'],
    ['--bad-release', '0'],
  ]) {
    const demo = startDemo(t, args, {})
    t.equal(await demo.ended, 2, args.join(' '))
  }
})

t.test('the same seed makes the same requests, some of every kind', async (t) => {
  const { createCustomer } = (await import(join(DEMO, 'traffic.mjs'))) as {
    createCustomer(seed: number): () => { path: string; body?: { card?: string; sku?: string } }
  }
  const requests = (seed: number) => {
    const next = createCustomer(seed)
    return Array.from({ length: 500 }, () => next())
  }
  const first = requests(7)
  t.same(requests(7), first)
  t.notSame(requests(8), first)
  for (const path of [
    /^\/checkout$/,
    /^\/orders\/\d+$/,
    /^\/reports\/sales$/,
    /^\/uploads$/,
    /^\/login/,
  ]) {
    t.ok(
      first.some((request) => path.test(request.path)),
      String(path),
    )
  }
  for (const end of ['4242', '0341', '0002', '0119']) {
    t.ok(
      first.some(({ body }) => body?.card?.endsWith(end)),
      `a card that ends with ${end}`,
    )
  }
  t.ok(first.some(({ body }) => body?.sku === 'unicorn'))
})

/** Where the services listen, as printed. */
function serviceUrls(output: string): string[] {
  return output.match(/(?<=(Express|Fastify) +)http:\/\/\S+/g) ?? []
}
