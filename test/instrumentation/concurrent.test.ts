/** A thousand requests at a time: what is told of each has its ids alone, however their work is interleaved. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { until } from '../helpers/until'
import { type Body, FRAMEWORKS, startService } from './correlated'
import { INTERNAL, SERVER } from './receiver'

t.setTimeout(300_000)

const REQUESTS = 1_000
const AT_A_TIME = 100

for (const isTraced of [true, false]) {
  for (const framework of FRAMEWORKS) {
    const title = `${framework} ${isTraced ? 'with' : 'without'} the bootstrap mixes up none of them`
    t.test(title, async (t) => {
      const { ask, end, lines, receiver } = await startService(t, {
        framework,
        libraries: 'current',
        isTraced,
        correlation: { trustTenant: true },
        // As many spans and records at a time as there are here.
        env: { OTEL_BSP_MAX_QUEUE_SIZE: '20000', OTEL_BLRP_MAX_QUEUE_SIZE: '20000' },
      })
      let next = 0
      const wrong: unknown[] = []
      const send = async (): Promise<void> => {
        while (next < REQUESTS) {
          const n = next++
          const answer = await ask('/mixed', { headers: headersOf(n), body: 'x'.repeat(20_000) })
          const { headers, body } = answer
          const isOwn =
            headers['x-request-id'] === `r-${n}` &&
            headers['x-correlation-id'] === `c-${n}` &&
            JSON.stringify(body) === JSON.stringify(contextsOf(n))
          if (!isOwn) wrong.push(answer)
        }
      }
      await Promise.all(Array.from({ length: AT_A_TIME }, send))
      await end()
      t.strictSame(wrong, [], 'answers')
      const told = lines().filter(({ id }) => id !== undefined)
      t.equal(told.length, 2 * REQUESTS)
      const lineOf = ({ message, requestId, correlationId, userId, tenantId }: Body): Ids => ({
        late: message === 'done',
        ids: [requestId, correlationId, userId, tenantId],
      })
      t.strictSame(
        told.filter((line) => !isOf(String(line['id']), lineOf(line))),
        [],
        'lines',
      )
      if (!isTraced) return
      const spans = receiver.spans.filter(({ kind }) => kind === SERVER || kind === INTERNAL)
      t.equal(spans.length, 2 * REQUESTS)
      const operations = spans.filter(({ kind }) => kind === INTERNAL)
      t.strictSame(
        operations.filter(
          ({ name, attributes }) => !isOf(name.slice(10), idsOf(attributes, false)),
        ),
        [],
        'spans of operations',
      )
      t.strictSame(
        spans.filter(({ kind, attributes }) => {
          return kind === SERVER && !isOf(String(attributes['request.id']), idsOf(attributes, true))
        }),
        [],
        'spans of requests',
      )
      const traces = new Map(
        spans.map(({ traceId, attributes }) => [attributes['request.id'], traceId]),
      )
      t.equal(traces.size, REQUESTS)
      const records = receiver.logs.filter(({ attributes }) => recordOf(attributes) !== undefined)
      t.equal(records.length, 4 * REQUESTS)
      t.strictSame(
        records.filter(({ attributes, body, traceId }) => {
          const id = recordOf(attributes) ?? ''
          const isLate = attributes['business.event'] !== undefined || body === 'done'
          return !isOf(id, idsOf(attributes, isLate)) || traceId !== traces.get(id)
        }),
        [],
        'lines and events',
      )
    })
  }

  t.test(`clients that leave, ${isTraced ? 'with' : 'without'} the bootstrap`, async (t) => {
    const { end, lines, port, receiver } = await startService(t, {
      framework: 'http',
      libraries: 'current',
      isTraced,
    })
    for (const n of [1, 2]) {
      const socket = connect(port, '127.0.0.1')
      const head = [
        'POST /leaves HTTP/1.1',
        'host: shop',
        'content-length: 99999',
        `x-request-id: r-${n}`,
      ]
      socket.write([...head, '', 'part'].join('\r\n'))
      await until(() => lines().find(({ requestId }) => requestId === `r-${n}`), 20_000, 'its line')
      socket.destroy()
      await once(socket, 'close')
      await until(() => left(n), 20_000, 'that it left')
    }
    function left(n: number): Body | undefined {
      return lines().find(({ message, requestId }) => message === 'left' && requestId === `r-${n}`)
    }
    // Several on one connection, the next before the answer to the last.
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    for (const n of [3, 4, 5]) {
      socket.write(`GET /context HTTP/1.1\r\nhost: shop\r\nx-request-id: r-${n}\r\n\r\n`)
    }
    await until(() => text.split('"requestId"').length === 4 || undefined, 20_000, 'its answers')
    socket.destroy()
    t.strictSame(
      [...text.matchAll(/x-request-id: (r-\d)[^]*?"requestId":"(r-\d)"/g)].map(([, ...ids]) => ids),
      [3, 4, 5].map((n) => [`r-${n}`, `r-${n}`]),
    )
    await end()
    if (!isTraced) return
    t.strictSame(
      receiver.spans.map(({ attributes }) => [attributes['request.id'], attributes['error.type']]),
      [
        ['r-1', 'aborted'],
        ['r-2', 'aborted'],
        ['r-3', undefined],
        ['r-4', undefined],
        ['r-5', undefined],
      ],
    )
  })
}

function headersOf(n: number): Readonly<Record<string, string>> {
  return {
    'x-request-id': `r-${n}`,
    'x-correlation-id': `c-${n}`,
    'x-user-id': `u-${n}`,
    'x-tenant-id': `t-${n}`,
  }
}

/** What the context is at each step. */
function contextsOf(n: number): object[] {
  const early = {
    requestId: `r-${n}`,
    correlationId: `c-${n}`,
    userId: `u-${n}`,
    tenantId: `t-${n}`,
  }
  return [early, early, early, early, { ...early, tenantId: `tenant of r-${n}` }]
}

interface Ids {
  /** Whether the tenant has been changed. */
  readonly late: boolean
  readonly ids: readonly unknown[]
}

function isOf(requestId: string, { late, ids }: Ids): boolean {
  const n = requestId.slice(2)
  const tenant = late ? `tenant of r-${n}` : `t-${n}`
  return [`r-${n}`, `c-${n}`, `u-${n}`, tenant].every((id, at) => ids[at] === id)
}

function idsOf(attributes: Readonly<Record<string, unknown>>, late: boolean): Ids {
  const names = ['request.id', 'correlation.id', 'user.id', 'tenant.id']
  return { late, ids: names.map((name) => attributes[name]) }
}

/** The request that a line or an event says it is of, beside its context. */
function recordOf(attributes: Readonly<Record<string, unknown>>): string | undefined {
  const event = attributes['business.event']
  const id = attributes['webhook.id'] ?? attributes['id'] ?? (event && String(event).slice(6))
  return id === undefined ? undefined : String(id)
}
