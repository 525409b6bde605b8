import {
  type Attributes,
  encodeRequest,
  ExportLogsServiceRequest,
  keyValues,
} from '../helpers/otlp'
import { createRandom, type Random } from '../helpers/random'
import { type BenchPayload, RESOURCE_ATTRIBUTES } from './payload'

export interface LogPayloadOptions {
  readonly records: number
  /** Bodies of different seeds share no trace or span id. */
  readonly seed: number
  /** The records are of the minute before. */
  readonly nowMs: number
}

const NS_PER_MS = 1_000_000n
const RECORDS_A_TRACE = 4
const SCOPES = ['@opentelemetry/instrumentation-pino', 'orders']
const ERROR_SHARE = 0.05
const ERROR = { severityNumber: 17, severityText: 'ERROR' }
const SEVERITIES = [
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 5, severityText: 'DEBUG' },
  { severityNumber: 13, severityText: 'WARN' },
]

/**
 * One request of a batch processor: every other trace's records are written inside of it, the rest outside of any. Five of a
 * hundred are errors, each with a text of its own and all of one template, which the records do not tell.
 */
export function benchLogPayload(options: LogPayloadOptions): BenchPayload {
  const random = createRandom(options.seed * 7_919 + 2)
  const message = {
    resourceLogs: [
      {
        resource: { attributes: keyValues(RESOURCE_ATTRIBUTES) },
        scopeLogs: SCOPES.map((name, scope) => ({
          scope: { name, version: '0.223.0' },
          logRecords: logRecords(options, random, scope),
        })),
      },
    ],
  }
  return {
    protobuf: encodeRequest(ExportLogsServiceRequest, message, 'protobuf'),
    json: encodeRequest(ExportLogsServiceRequest, message, 'json'),
  }
}

/** Who wrote a record: a request with its trace, or a job. */
interface Origin {
  readonly ids: { readonly traceId?: Buffer; readonly spanId?: Buffer; readonly flags?: number }
  readonly attributes: Attributes
}

function logRecords(
  { records, nowMs }: LogPayloadOptions,
  random: Random,
  scope: number,
): object[] {
  const count = Math.floor((records + 1 - scope) / SCOPES.length)
  let origin: Origin = { ids: {}, attributes: {} }
  return Array.from({ length: count }, (_, index) => {
    if (index % RECORDS_A_TRACE === 0) {
      origin = (index / RECORDS_A_TRACE) % 2 === 0 ? request(random) : job(random)
    }
    return logRecord(origin, random, nowMs)
  })
}

function request(random: Random): Origin {
  return {
    ids: { traceId: random.bytes(16), spanId: random.bytes(8), flags: 1 },
    attributes: {
      'request.id': random.bytes(16).toString('hex'),
      'http.request.method': random.pick(['GET', 'POST', 'GET', 'PUT']),
      'http.route': '/orders/:id',
    },
  }
}

function job(random: Random): Origin {
  return {
    ids: {},
    attributes: {
      'job.name': random.pick(['reprice', 'expire-carts', 'export-invoices']),
      'job.attempt': 1 + random.below(3),
      'messaging.destination.name': 'orders.jobs',
    },
  }
}

function logRecord({ ids, attributes }: Origin, random: Random, nowMs: number): object {
  const timeNs = BigInt(nowMs - random.below(60_000)) * NS_PER_MS
  const order = random.below(1_000_000)
  const customer = random.below(100_000)
  return {
    timeUnixNano: String(timeNs),
    observedTimeUnixNano: String(timeNs + 1_000_000n),
    ...(random.chance(ERROR_SHARE) ? ERROR : random.pick(SEVERITIES)),
    body: {
      stringValue: `order ${order} of customer ${customer}: stock of 3 items reserved in warehouse eu-central-1b, payment authorized by provider in ${random.below(500)} ms`,
    },
    ...ids,
    attributes: keyValues({
      ...attributes,
      'order.id': order,
      'customer.id': `c-${customer}`,
      'code.function.name': 'reserveStock',
      'log.logger': 'orders.checkout',
      duration_ms: random.below(500_000) / 1_000,
    }),
  }
}
