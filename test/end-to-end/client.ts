/**
 * An application's exporter as a process of its own: exports with the official OTLP exporter and its retry rules until its
 * standard input ends, and appends a line to the ledger when an export ends. Argument: the ClientPlan as JSON. Prints one
 * JSON line at the end: { retries, partial }, how many retries there were and how many answers rejected something.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { diag, DiagLogLevel, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { ExportResultCode, type ExportResult, millisToHrTime } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import {
  type ClientPlan,
  formatEntry,
  type Outcome,
  type Signal,
  spanIdOf,
} from '../helpers/ledger'

/** A client that fell behind its rate catches up on no more than this, so that a stall is followed by no burst. */
const MAX_BEHIND_MS = 500

const plan = JSON.parse(process.argv[2] ?? '') as ClientPlan
const resource = resourceFromAttributes({
  'service.name': 'ledger',
  'service.instance.id': String(plan.client),
})
const padding = 'x'.repeat(plan.paddingBytes)
const ledger = openSync(plan.ledgerPath, 'a')
const intervalMs =
  plan.spansPerSecond === null ? 0 : (plan.spansPerRequest / plan.spansPerSecond) * 1_000
let dueAtMs = performance.now()
let nextRequest = 0
let retries = 0
let partial = 0
let stopping = false

diag.setLogger(
  {
    verbose: countRetry,
    debug: () => undefined,
    info: () => undefined,
    warn: countPartialSuccess,
    error: () => undefined,
  },
  { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
)
const EXPORTERS: Record<Signal, () => (request: number) => Promise<ExportResult>> = {
  traces() {
    const concurrencyLimit = plan.concurrency + 1
    const exporter = new OTLPTraceExporter({ url: `${plan.otlpUrl}/v1/traces`, concurrencyLimit })
    return (request) => {
      const spans = makeSpans(request)
      return new Promise((resolve) => exporter.export(spans, resolve))
    }
  },
}
const exportRequest = EXPORTERS[plan.signal]()
process.stdin.on('end', () => (stopping = true)).resume()
void Promise.all(Array.from({ length: plan.concurrency }, exportUntilStopped)).then(() => {
  closeSync(ledger)
  process.stdout.write(`${JSON.stringify({ retries, partial })}\n`)
})

async function exportUntilStopped(): Promise<void> {
  for (;;) {
    await takeTurn()
    if (stopping) return
    const request = nextRequest++
    const sentAtMs = Date.now()
    const startedAt = performance.now()
    const outcome = outcomeOf(await exportRequest(request))
    const tookMs = performance.now() - startedAt
    writeSync(ledger, formatEntry({ request, sentAtMs, tookMs, outcome }))
  }
}

async function takeTurn(): Promise<void> {
  const nowMs = performance.now()
  dueAtMs = Math.max(dueAtMs + intervalMs, nowMs - MAX_BEHIND_MS)
  if (dueAtMs > nowMs) await wait(dueAtMs - nowMs)
}

function outcomeOf({ code, error }: ExportResult): Outcome {
  if (code === ExportResultCode.SUCCESS) return 'acknowledged'
  return error?.message === 'Request timed out' ? 'timed out' : 'failed'
}

function countRetry(message: string): void {
  if (message.startsWith('Scheduling export retry')) retries++
}

function countPartialSuccess(message: string): void {
  if (message.startsWith('Received Partial Success')) partial++
}

/** One trace a request. */
function makeSpans(request: number): ReadableSpan[] {
  const traceId = randomBytes(16).toString('hex')
  const startMs = Date.now()
  return Array.from({ length: plan.spansPerRequest }, (_, index) =>
    makeSpan(traceId, spanIdOf(plan.client, request, index), startMs),
  )
}

function makeSpan(traceId: string, spanId: string, startMs: number): ReadableSpan {
  const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
  return {
    name: 'GET /orders/:id',
    kind: SpanKind.SERVER,
    spanContext: () => spanContext,
    startTime: millisToHrTime(startMs),
    endTime: millisToHrTime(startMs + 1),
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'http.response.status_code': 200,
      'url.path': `/orders/${spanId}`,
      ...(padding === '' ? {} : { padding }),
    },
    links: [],
    events: [],
    duration: [0, 1_000_000],
    ended: true,
    resource,
    instrumentationScope: { name: 'test' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}
