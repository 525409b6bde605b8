/**
 * An application's exporter as a process of its own: exports spans with the official OTLP exporter, four requests at a
 * time, until its standard input ends, and appends to the ledger the id of every span whose export was acknowledged.
 * Arguments: the traces URL, the ledger's path. Prints one JSON line at the end: { retries, failed }.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { diag, DiagLogLevel, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

const SPANS_PER_REQUEST = 16
const [url = '', ledgerPath = ''] = process.argv.slice(2)
const resource = resourceFromAttributes({ 'service.name': 'ledger' })
const ledger = openSync(ledgerPath, 'a')
let retries = 0
let failed = 0
let stopping = false

diag.setLogger(
  {
    verbose: countRetry,
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  },
  { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
)
const exporter = new OTLPTraceExporter({ url, concurrencyLimit: 8 })
process.stdin.on('end', () => (stopping = true)).resume()
void Promise.all([exportUntilStopped(), exportUntilStopped(), exportUntilStopped()]).then(() => {
  closeSync(ledger)
  process.stdout.write(`${JSON.stringify({ retries, failed })}\n`)
})

async function exportUntilStopped(): Promise<void> {
  while (!stopping) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, makeSpan)
    const result = await new Promise<ExportResult>((resolve) => exporter.export(spans, resolve))
    if (result.code !== ExportResultCode.SUCCESS) {
      failed++
      continue
    }
    writeSync(ledger, spans.map((span) => `${span.spanContext().spanId}\n`).join(''))
    fsyncSync(ledger)
  }
}

function countRetry(message: string): void {
  if (message.startsWith('Scheduling export retry')) retries++
}

function makeSpan(): ReadableSpan {
  const spanContext = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.SAMPLED,
  }
  const nowSeconds = Math.floor(Date.now() / 1000)
  return {
    name: 'entry',
    kind: SpanKind.INTERNAL,
    spanContext: () => spanContext,
    startTime: [nowSeconds, 0],
    endTime: [nowSeconds, 1000],
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    duration: [0, 1000],
    ended: true,
    resource,
    instrumentationScope: { name: 'test' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}
