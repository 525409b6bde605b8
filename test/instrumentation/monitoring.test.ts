/** Handlers wrapped with `withMonitoring`, in real servers. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { withMonitoring } from '../../instrumentation/index'
import { ROOT } from './application'
import { SERVER } from './receiver'
import { type Asked, serve } from './served'

t.setTimeout(240_000)

const sidelight = join(ROOT, 'dist', 'instrumentation', 'index.js')
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const application = { routes: 'monitored.cjs', libraries: 'current', kind: 'cjs' } as const
const http = { ...application, packages: { sidelight } }

t.test('a handler knows its request, and the answer says which it was', async (t) => {
  const headers = { 'x-request-id': 'r-1', 'x-correlation-id': 'c-1', 'user-agent': 'curl/8' }
  const { answers, spans, logs, stderr } = await serve(t, http, [
    { path: '/orders/7?token=hidden', headers },
    { path: '/orders', method: 'POST' },
  ])
  const [first, second] = answers
  const context = JSON.parse(first?.body ?? '{}') as Record<string, unknown>
  t.match(context, {
    requestId: 'r-1',
    method: 'GET',
    path: '/orders/7',
    startTime: Number,
    ip: '127.0.0.1',
    userAgent: 'curl/8',
  })
  t.ok(Math.abs(Date.now() - Number(context['startTime'])) < 60_000)
  t.match(first?.headers, { 'x-request-id': 'r-1', 'x-correlation-id': 'c-1' })
  t.match(second?.headers, { 'x-request-id': UUID, 'x-correlation-id': UUID })
  t.match(
    spans.map(({ kind, attributes }) => [kind, attributes['request.id']]),
    [
      [SERVER, 'r-1'],
      [SERVER, UUID],
    ],
  )
  t.equal(stderr, '')
  const counted = logs.filter(({ eventName }) => eventName === 'sidelight.api.request')
  t.match(
    counted.map(({ attributes, traceId }) => ({ ...attributes, traceId })),
    [
      {
        'http.request.method': 'GET',
        'url.path': '/orders/7',
        'http.response.status_code': 200,
        'sidelight.duration_ms': Number,
        'api.resource': 'orders',
        'request.id': 'r-1',
        traceId: spans[0]?.traceId,
      },
      { 'http.request.method': 'POST', 'url.path': '/orders', traceId: spans[1]?.traceId },
    ],
  )
  const access = logs.filter(({ eventName, scope }) => eventName === '' && scope === 'sidelight')
  t.match(
    access.map(({ body, severityText, attributes }) => [body, severityText, attributes]),
    [
      [
        'GET /orders/7 200',
        'INFO',
        {
          'http.request.method': 'GET',
          'url.path': '/orders/7',
          'http.response.status_code': 200,
          'sidelight.duration_ms': Number,
          'client.address': '127.0.0.1',
          'user_agent.original': 'curl/8',
          'request.id': 'r-1',
          'correlation.id': 'c-1',
        },
      ],
      ['POST /orders 200', 'INFO', {}],
    ],
  )
  t.notMatch(JSON.stringify(logs), /hidden/)
})

const FAILURES: readonly Asked[] = [
  { path: '/fails', headers: { 'x-request-id': 'r-1' } },
  { path: '/throws', headers: { 'x-request-id': 'r-2' } },
  { path: '/refuses', headers: { 'x-request-id': 'r-3' } },
]

t.test('what a handler throws is recorded, and answered without details', async (t) => {
  const { answers, spans, logs } = await serve(t, http, FAILURES)
  t.strictSame(
    answers.map(({ status, body }) => [status, body]),
    [
      [500, '{"error":"Internal Server Error","requestId":"r-1"}'],
      [500, '{"error":"Internal Server Error","requestId":"r-2"}'],
      [404, '{"error":"Not Found","requestId":"r-3"}'],
    ],
  )
  t.match(answers[0]?.headers, { 'content-type': /^application\/json/, 'x-request-id': 'r-1' })
  t.strictSame(
    spans.map(({ status, events }) => [
      status.code,
      events.map(({ attributes }) => attributes['exception.message']),
    ]),
    [
      [2, ['the database is on fire']],
      [2, ['at once /throws']],
      // Its client asked for what is not there.
      [undefined, []],
    ],
  )
  const access = logs.filter(({ eventName, scope }) => eventName === '' && scope === 'sidelight')
  t.strictSame(
    access.map(({ body, severityText }) => [body, severityText]),
    [
      ['GET /fails 500', 'WARN'],
      ['GET /throws 500', 'WARN'],
      ['GET /refuses 404', 'INFO'],
    ],
  )
})

t.test('without traces what a handler throws is an event of its own', async (t) => {
  const env = { OTEL_TRACES_EXPORTER: 'none' }
  const { logs } = await serve(t, { ...http, env }, FAILURES)
  t.match(
    logs.filter(({ eventName }) => eventName === 'exception'),
    [
      {
        severityText: 'ERROR',
        attributes: { 'exception.message': 'the database is on fire', 'request.id': 'r-1' },
      },
      { attributes: { 'exception.type': 'Error', 'request.id': 'r-2' } },
    ],
  )
})

t.test('half an answer is broken off', async (t) => {
  await t.rejects(serve(t, http, [{ path: '/half' }]), /fetch failed|terminated|aborted/)
})

t.test('without an SDK it answers the same, and own access logs are told', async (t) => {
  const own = { ...http, isTraced: false, env: { ACCESS: 'own' } }
  const asked = [...FAILURES, { path: '/orders?a=b' }, { path: '/entries' }]
  const { answers } = await serve(t, own, asked)
  t.same(
    answers.map(({ status }) => status),
    [500, 500, 404, 200, 200],
  )
  const path = '/orders'
  t.match(JSON.parse(answers[4]?.body ?? '[]'), [
    { requestId: 'r-1', path: '/fails', statusCode: 500, isAborted: false },
    { path: '/throws' },
    { statusCode: 404 },
    { method: 'GET', path, statusCode: 200, durationMs: Number, ip: '127.0.0.1', requestId: UUID },
  ])
})

t.test('behind Express errors are handed on, and the whole path is known', async (t) => {
  const express = { ...application, packages: { sidelight, express: 'express' } }
  const { answers, logs } = await serve(t, express, [
    { path: '/api/orders' },
    { path: '/api/fails' },
  ])
  t.match(JSON.parse(answers[0]?.body ?? ''), { path: '/api/orders' })
  t.match(answers[1], { status: 503, body: 'handled: the database is on fire' })
  const access = logs.filter(({ eventName, scope }) => eventName === '' && scope === 'sidelight')
  t.same(
    access.map(({ body }) => body),
    ['GET /api/orders 200', 'GET /api/fails 503'],
  )
})

t.test(
  'who declares a response alone has it, with a third argument behind it or without',
  async (t) => {
    const handler = withMonitoring((_request, response) => {
      response.end('as it is')
    })
    for (const rest of [[], [() => undefined]]) {
      const server = createServer((request, response) => {
        Reflect.apply(handler, undefined, [request, response, ...rest])
      }).listen(0, '127.0.0.1')
      t.teardown(() => server.close())
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const answer = await fetch(`http://127.0.0.1:${port}/`)
      t.equal(await answer.text(), 'as it is')
    }
  },
)

t.test('handlers of a Request know it too, and what they throw is thrown on', async (t) => {
  const headers = { 'x-request-id': 'r-1', 'x-forwarded-for': '203.0.113.9' }
  const env = { MONITORING: '{"trustProxy":true,"resource":"things"}' }
  const { answers, spans, logs } = await serve(t, { ...http, env }, [
    { path: '/route/7?a=b', headers },
    { path: '/route/short', headers },
    { path: '/route/fixed', headers },
    { path: '/route/fails', headers },
    { path: '/route/moved', headers },
  ])
  t.match(
    answers.map(({ status, headers: answered }) => [status, answered['x-request-id']]),
    [
      [200, 'r-1'],
      [200, 'r-1'],
      [302, 'r-1'],
      [500, undefined],
      [307, undefined],
    ],
  )
  const told = { requestId: 'r-1', method: 'GET', path: '/route/7', ip: '203.0.113.9' }
  t.match(JSON.parse(answers[0]?.body ?? '{}'), { ...told, id: '7' })
  t.match(JSON.parse(answers[1]?.body ?? '{}'), { ...told, path: '/route/short' })
  t.equal(answers[3]?.body, 'thrown on: of a route')
  t.strictSame(
    spans.map(({ events }) => events.map(({ attributes }) => attributes['exception.message'])),
    [[], [], [], ['of a route'], []],
  )
  t.ok(spans.every(({ attributes }) => attributes['request.id'] === 'r-1'))
  const counted = logs.filter(({ eventName }) => eventName === 'sidelight.api.request')
  t.same(
    counted.map(({ attributes }) => [
      attributes['http.response.status_code'],
      attributes['api.resource'],
    ]),
    [200, 200, 302, 500, 307].map((status) => [status, 'things']),
  )
})
