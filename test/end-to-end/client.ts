/**
 * An application's exporter as a process of its own: exports with the official OTLP exporters and their retry rules until
 * its standard input ends, and appends a line to the ledger when an export ends. Argument: the ClientPlan as JSON. Prints one
 * JSON line at the end: { retries, partial }, how many retries there were and how many answers rejected something.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { type ClientPlan, formatEntry, type Outcome } from '../helpers/ledger'
import { createExports } from './client-exports'

/** A client that fell behind its rate catches up on no more than this, so that a stall is followed by no burst. */
const MAX_BEHIND_MS = 500

const plan = JSON.parse(process.argv[2] ?? '') as ClientPlan
const ledger = openSync(plan.ledgerPath, 'a')
const intervalMs =
  plan.itemsPerSecond === null ? 0 : (plan.itemsPerRequest / plan.itemsPerSecond) * 1_000
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
const exporters = createExports(plan)
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
    const signal = plan.signals[request % plan.signals.length]
    if (signal === undefined) throw new RangeError('a client exports one signal at least')
    const sentAtMs = Date.now()
    const startedAt = performance.now()
    const outcome = outcomeOf(await exporters[signal](request))
    const tookMs = performance.now() - startedAt
    writeSync(ledger, formatEntry({ request, signal, sentAtMs, tookMs, outcome }))
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
