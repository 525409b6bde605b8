import { createRandom, type Random } from '../helpers/random'
import {
  type Attributes,
  type EventInput,
  type SpanInput,
  traces,
  type TracesInput,
  type Value,
} from '../helpers/otlp'

export interface BenchPayloadOptions {
  readonly spans: number
  readonly attributes: number
  /** Bodies of different seeds share no trace or span id. */
  readonly seed: number
  /** The spans start within the minute before. */
  readonly nowMs: number
  /** The share of spans that threw, and whether each threw something else; a fiftieth, all the same, by default. */
  readonly thrown?: { readonly share: number; readonly isDistinct: boolean }
}

export interface BenchPayload {
  readonly protobuf: Buffer
  readonly json: Buffer
}

/** The resource of every payload. */
export const RESOURCE_ATTRIBUTES: Attributes = {
  'service.name': 'orders',
  'service.namespace': 'shop',
  'service.version': '4.17.2',
  'service.instance.id': '0b5b0d3e-7a0f-4c5e-9f3b-2f6a1f0e9d11',
  'deployment.environment.name': 'production',
  'host.name': 'orders-7d9f8c6b5-x2x7k',
  'process.pid': 1,
  'telemetry.sdk.language': 'nodejs',
  'telemetry.sdk.name': 'opentelemetry',
  'telemetry.sdk.version': '2.12.1',
}

const NS_PER_MS = 1_000_000n
const SPANS_A_TRACE = 8
const ROUTES = [
  'GET /products/:id',
  'GET /products',
  'POST /orders',
  'GET /orders/:id',
  'POST /payments/authorize',
  'select shop.orders',
  'insert shop.order_line',
  'GET /customers/:id/addresses',
]
const SERVER = 2
const KINDS = [SERVER, SERVER, SERVER, 3, 3, 1]
const THROWN = { share: 0.02, isDistinct: false }
const MESSAGE = 'connection terminated unexpectedly'
const SCOPES = ['@opentelemetry/instrumentation-http', '@opentelemetry/instrumentation-pg']

/**
 * One request of a batch exporter as services under load send it, in both encodings. Of a hundred spans five are erroneous, as many
 * as the floors of ingest are to hold at: two threw, three replied 500 and say no more.
 */
export function benchPayload(options: BenchPayloadOptions): BenchPayload {
  const random = createRandom(options.seed * 7_919 + 1)
  const inputs: TracesInput[] = SCOPES.map((name, index) => ({
    resource: { attributes: RESOURCE_ATTRIBUTES },
    scope: { name, version: '0.223.0' },
    spans: spans(options, random, index),
  }))
  return { protobuf: traces(inputs, 'protobuf'), json: traces(inputs, 'json') }
}

function spans(options: BenchPayloadOptions, random: Random, scope: number): SpanInput[] {
  const count = Math.floor((options.spans + 1 - scope) / SCOPES.length)
  let traceId: Buffer = Buffer.alloc(0)
  return Array.from({ length: count }, (_, index) => {
    if (index % SPANS_A_TRACE === 0) traceId = random.bytes(16)
    return span(options, random, traceId)
  })
}

function span(options: BenchPayloadOptions, random: Random, traceId: Buffer): SpanInput {
  const startNs =
    BigInt(options.nowMs - random.below(60_000)) * NS_PER_MS + BigInt(random.below(1e6))
  const { thrown = THROWN } = options
  const hasThrown = random.chance(thrown.share)
  const hasReplied500 = !hasThrown && random.chance(0.03)
  const hasFailed = hasThrown || hasReplied500
  return {
    traceId,
    spanId: random.bytes(8),
    ...(random.chance(0.8) ? { parentSpanId: random.bytes(8) } : {}),
    flags: 0x101,
    name: random.pick(ROUTES),
    kind: hasReplied500 ? SERVER : random.pick(KINDS),
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs + BigInt(random.below(250_000_000)),
    attributes: Object.fromEntries(attributes(random, hasFailed).slice(0, options.attributes)),
    ...(hasThrown
      ? { events: [exception(startNs, thrown.isDistinct ? random.bytes(6) : null)] }
      : {}),
    // Instrumentation of HTTP describes no reply.
    status: hasFailed ? { code: 2, ...(hasThrown ? { message: MESSAGE } : {}) } : {},
  }
}

function attributes(random: Random, hasFailed: boolean): [string, Value][] {
  const id = random.below(1_000_000)
  return [
    ['http.request.method', random.pick(['GET', 'POST', 'GET', 'PUT'])],
    ['http.route', '/orders/:id'],
    ['http.response.status_code', hasFailed ? 500 : random.pick([200, 200, 200, 201, 404])],
    ['url.path', `/orders/${id}`],
    ['url.scheme', 'http'],
    ['server.address', 'orders.shop.svc.cluster.local'],
    ['server.port', 8080],
    ['client.address', `10.42.${random.below(256)}.${random.below(256)}`],
    ['user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0'],
    ['network.protocol.version', '1.1'],
    ['shop.cart.total', random.below(100_000) / 100],
    ['shop.customer.is_returning', random.chance(0.5)],
    ...Array.from({ length: 52 }, (_, index): [string, Value] => [
      `shop.extra.${index}`,
      `value-${id}`,
    ]),
  ]
}

/** `fault`, where it is told apart from others, is in the names of all functions. */
function exception(startNs: bigint, fault: Buffer | null): EventInput {
  const name = fault === null ? 'Client.query' : `Client.query${letters(fault)}`
  return {
    name: 'exception',
    timeUnixNano: startNs + 1_000n,
    attributes: {
      'exception.type': 'ConnectionError',
      'exception.message': MESSAGE,
      'exception.stacktrace': Array.from(
        { length: 8 },
        (_, line) => `    at ${name} (/app/node_modules/pg/lib/client.js:${line + 100}:13)`,
      ).join('\n'),
    },
  }
}

function letters(bytes: Buffer): string {
  return Array.from(bytes, (byte) => String.fromCharCode(0x61 + (byte % 26))).join('')
}
