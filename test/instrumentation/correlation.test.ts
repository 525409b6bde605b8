/** Correlation middleware in real applications, with the bootstrap and without. */
import t from 'tap'
import { clientAddressOf } from '../../instrumentation/api/correlation'
import { type Body, FRAMEWORKS, startService } from './correlated'
import { CLIENT, SERVER } from './receiver'

t.setTimeout(240_000)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

for (const libraries of ['current', 'older'] as const) {
  for (const framework of FRAMEWORKS) {
    t.test(`${framework} (${libraries}) says of all it does which request it is of`, async (t) => {
      const { ask, end, lines, receiver, stderr } = await startService(t, { framework, libraries })
      const headers = {
        'x-correlation-id': 'c-1',
        'x-request-id': 'r-1',
        'x-user-id': 'ann',
        'x-tenant-id': 'acme',
      }
      const answer = await ask('/context', { headers })
      t.match(answer, {
        status: 200,
        body: { requestId: 'r-1', correlationId: 'c-1', userId: 'ann', clientAddress: '127.0.0.1' },
        headers: { 'x-correlation-id': 'c-1', 'x-request-id': 'r-1', 'x-service': 'shop' },
      })
      t.notHas(answer.body, { tenantId: String }, 'a tenant is not believed unless told')
      t.match(await ask('/body', { headers: idsOf(2), body: 'x'.repeat(200_000) }), {
        body: { ...contextOf(2), length: 200_000 },
      })
      const pooled = await Promise.all([3, 4, 5, 6].map((n) => ask('/pool', { headers: idsOf(n) })))
      t.match(
        pooled.map(({ body }) => body),
        [3, 4, 5, 6].map(contextOf),
        'each caller of a pool has its own',
      )
      t.match(await ask('/user', { headers: idsOf(7) }), {
        body: {
          context: { ...contextOf(7), userId: 'u-late' },
          told: {
            baggage: 'correlation.id=c-7,user.id=u-late',
            'x-correlation-id': 'c-7',
            'x-user-id': 'u-late',
          },
        },
      })
      t.match(await ask('/fail', { headers: idsOf(8) }), {
        status: 500,
        headers: { 'x-correlation-id': 'c-8', 'x-request-id': 'r-8', 'x-service': 'shop' },
      })
      await end()
      // Express and Koa print what nobody has handled.
      if (framework === 'http' || framework === 'fastify') t.equal(stderr(), '')
      t.match(lines(), [
        { msg: 'asked', requestId: 'r-1', correlationId: 'c-1', userId: 'ann' },
        { msg: 'read', ...contextOf(2) },
        ...[3, 4, 5, 6].map((n) => ({ msg: 'queried', ...contextOf(n) })),
        { msg: 'failed', ...contextOf(8) },
      ])
      const spans = receiver.spans.map(({ kind, scope, attributes }) => ({
        kind,
        scope,
        ...attributes,
      }))
      for (let n = 1; n <= 8; n++) {
        const ids = { 'request.id': `r-${n}`, 'correlation.id': `c-${n}` }
        const own = spans.filter((span) => (span as Ids)['request.id'] === ids['request.id'])
        t.ok(own.every((span) => (span as Ids)['correlation.id'] === ids['correlation.id']))
        const kinds = own.map(({ kind }) => kind).sort()
        t.same(kinds, n >= 3 && n <= 7 ? [SERVER, CLIENT] : [SERVER], `spans of request ${n}`)
      }
      t.equal(
        spans.filter((span) => (span as Ids)['user.id'] === 'u-late').length,
        2,
        'the span of the request, which began before the user was known, and the call',
      )
      t.equal(spans.length, 13)
      t.match(
        receiver.logs
          .filter(({ scope }) => scope === 'sidelight/pino')
          .map(({ body, attributes }) => ({ body, ...attributes })),
        [
          { body: 'asked', 'request.id': 'r-1', 'correlation.id': 'c-1', 'user.id': 'ann' },
          { body: 'read', 'request.id': 'r-2' },
          ...[3, 4, 5, 6].map((n) => ({ body: 'queried', 'request.id': `r-${n}` })),
          { body: 'failed', 'request.id': 'r-8', 'exception.message': 'broken' },
        ],
      )
      t.ok(
        receiver.logs.every(({ attributes }) => !('requestId' in attributes)),
        'none says it twice',
      )
    })

    t.test(`${framework} (${libraries}) has its context without an SDK`, async (t) => {
      const { ask, end, lines } = await startService(t, { framework, libraries, isTraced: false })
      t.match(await ask('/context', { headers: { ...idsOf(1), 'x-user-id': 'ann' } }), {
        body: { ...contextOf(1), userId: 'ann' },
        headers: { 'x-correlation-id': 'c-1', 'x-request-id': 'r-1', 'x-service': 'shop' },
      })
      t.match(await ask('/body', { headers: idsOf(2), body: 'x'.repeat(200_000) }), {
        body: { ...contextOf(2), length: 200_000 },
      })
      const pooled = await Promise.all([3, 4].map((n) => ask('/pooled', { headers: idsOf(n) })))
      t.match(
        pooled.map(({ body }) => body),
        [3, 4].map(contextOf),
      )
      t.match(await ask('/user', { headers: idsOf(5) }), {
        body: {
          context: { ...contextOf(5), userId: 'u-late' },
          told: { 'x-correlation-id': 'c-5', 'x-user-id': 'u-late' },
        },
      })
      const baggage = 'a=b, correlation.id=c%2D6;p=1,user.id=j%C3%BCrg,tenant.id=acme'
      t.match(await ask('/context', { headers: { baggage } }), {
        body: { requestId: UUID, correlationId: 'c-6', userId: 'jürg' },
      })
      t.match(await ask('/fail', { headers: idsOf(8) }), {
        status: 500,
        headers: { 'x-correlation-id': 'c-8', 'x-service': 'shop' },
      })
      await end()
      t.equal(lines().length, 4)
      // Nobody has put anything on them: pino knows of no context.
      t.notHas(lines()[0]!, { requestId: String })
    })
  }
}

t.test('what headers do not tell, or not well, is made up or left out', async (t) => {
  const { ask, end } = await startService(t, { framework: 'http', libraries: 'current' })
  const bad: Readonly<Record<string, string>>[] = [
    {},
    { 'x-correlation-id': '', 'x-request-id': ' ' },
    { 'x-correlation-id': 'a b', 'x-request-id': 'a\tb', 'x-user-id': 'a\tb' },
    { 'x-correlation-id': 'é', 'x-request-id': 'é' },
    { 'x-correlation-id': 'x'.repeat(129), 'x-request-id': 'x'.repeat(129), 'x-user-id': ' ' },
    { baggage: 'correlation.id=%zz,user.id=%0a,correlation.id=' },
    { baggage: ';;;,=,==,a' },
    { 'x-user-id': 'x'.repeat(257) },
  ]
  const ids = new Set<unknown>()
  for (const headers of bad) {
    const { body, headers: answered } = await ask('/context', { headers })
    t.match(body, { requestId: UUID, correlationId: UUID })
    t.notHas(body, { userId: String })
    t.match(answered, {
      'x-request-id': (body as Body).requestId,
      'x-correlation-id': (body as Body).correlationId,
    })
    ids.add((body as Body).requestId).add((body as Body).correlationId)
  }
  t.equal(ids.size, 2 * bad.length)
  const longest = 'x'.repeat(128)
  t.match(await ask('/context', { headers: { 'x-correlation-id': longest } }), {
    body: { correlationId: longest },
  })
  await end()
})

t.test('headers win over baggage, which is believed as they are', async (t) => {
  const baggage = 'correlation.id=c-9,user.id=bob,tenant.id=acme,colour=red'
  const asked = { 'x-correlation-id': 'c-1', 'x-tenant-id': 'umbrella', baggage }
  const outcomes = [
    [{}, { correlationId: 'c-1', userId: 'bob' }, 'correlation.id=c-1,user.id=u-late,colour=red'],
    [
      { trustTenant: true },
      { correlationId: 'c-1', userId: 'bob', tenantId: 'umbrella' },
      'correlation.id=c-1,user.id=u-late,tenant.id=umbrella,colour=red',
    ],
    [
      { trustUser: false },
      { correlationId: 'c-1' },
      'correlation.id=c-1,user.id=u-late,colour=red',
    ],
    [{ baggage: false }, { correlationId: 'c-1', userId: 'bob' }, 'colour=red'],
  ] as const
  for (const [correlation, known, carried] of outcomes) {
    const { ask, end } = await startService(t, {
      framework: 'http',
      libraries: 'current',
      correlation,
    })
    const { body } = await ask('/context', { headers: asked })
    const { requestId, clientAddress, ...rest } = body as Body
    t.match([requestId, clientAddress], [UUID, '127.0.0.1'])
    t.strictSame(rest, known)
    t.match(await ask('/user', { headers: asked }), { body: { told: { baggage: carried } } })
    await end()
  }
})

t.test(
  'the address of the client is that of the connection, unless a proxy is trusted',
  async (t) => {
    const header = () => '203.0.113.9, 198.51.100.2,10.0.0.7'
    const peer = '127.0.0.1'
    const addresses = [false, 0, true, 1, 2, 9].map((trust) => clientAddressOf(header, peer, trust))
    t.strictSame(addresses, [peer, peer, '203.0.113.9', '10.0.0.7', '198.51.100.2', '203.0.113.9'])
    t.equal(
      clientAddressOf(() => undefined, peer, true),
      peer,
    )
    t.equal(
      clientAddressOf(() => ' ,', peer, true),
      peer,
    )
  },
)

t.test('ES modules and sdk-node have the same', async (t) => {
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const service = await startService(t, {
    framework: 'fastify',
    libraries: 'current',
    kind: 'mjs',
    env,
  })
  const { ask, end, receiver, lines } = service
  await ask('/context', { headers: idsOf(1) })
  t.match(await ask('/user', { headers: idsOf(2) }), {
    body: { told: { baggage: 'correlation.id=c-2,user.id=u-late' } },
  })
  await end()
  t.match(lines(), [{ msg: 'asked', ...contextOf(1) }])
  const asked = receiver.logs.filter(({ body }) => body === 'asked')
  t.match(asked, [{ attributes: { 'request.id': 'r-1' } }])
  const ids = receiver.spans.map(({ kind, attributes }) => [kind, attributes['request.id']])
  t.same(ids.sort(), [
    [SERVER, 'r-1'],
    [SERVER, 'r-2'],
    [CLIENT, 'r-2'],
  ])
})

type Ids = Readonly<Record<string, unknown>>

function idsOf(n: number): Readonly<Record<string, string>> {
  return { 'x-correlation-id': `c-${n}`, 'x-request-id': `r-${n}` }
}

function contextOf(n: number) {
  return { requestId: `r-${n}`, correlationId: `c-${n}` }
}
