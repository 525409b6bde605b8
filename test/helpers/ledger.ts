import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { bySignal, type Signal, SIGNALS } from '../../collector/otlp/signal'

const CLIENT = join(__dirname, '..', 'end-to-end', 'client.ts')

export type Outcome = 'acknowledged' | 'timed out' | 'failed'

/** What a client is told at its start. */
export interface ClientPlan {
  readonly otlpUrl: string
  readonly ledgerPath: string
  /** What it exports, a signal a request, in turns. */
  readonly signals: readonly Signal[]
  /** Tells the clients of one database apart, from 1. */
  readonly client: number
  /** Spans, log records or data points. */
  readonly itemsPerRequest: number
  /** Null: as fast as the answers come. */
  readonly itemsPerSecond: number | null
  /** Exports at once. */
  readonly concurrency: number
  /** The size of an attribute that only makes the items larger. */
  readonly paddingBytes: number
}

/** One export that has ended: acknowledged, or given up by the exporter. */
export interface Entry {
  /** The number of the request, from 0. */
  readonly request: number
  readonly signal: Signal
  /** Unix milliseconds. */
  readonly sentAtMs: number
  /** Until the exporter's answer, retries included. */
  readonly tookMs: number
  readonly outcome: Outcome
}

/** The exports of a client that have ended so far. The ids of their items follow from client and request. */
export interface Ledger {
  readonly client: number
  readonly itemsPerRequest: number
  entries(): readonly Entry[]
}

/** An application that exports until told to stop, and keeps on disk what was acknowledged. */
export interface LedgerClient extends Ledger {
  /** How many items were acknowledged so far, of one signal or of all. */
  acknowledged(signal?: Signal): number
  /** Lets the exports under way end; says how many retries there were, and how many answers rejected something. */
  stop(): Promise<{ readonly retries: number; readonly partial: number }>
}

/** Starts the client against a collector's door; ended at teardown. */
export function startLedgerClient(
  t: { teardown(fn: () => void): void },
  otlpUrl: string,
  ledgerPath: string,
  options: Partial<ClientPlan> = {},
): LedgerClient {
  const plan: ClientPlan = {
    otlpUrl,
    ledgerPath,
    signals: SIGNALS,
    client: 1,
    itemsPerRequest: 16,
    itemsPerSecond: null,
    concurrency: 3,
    paddingBytes: 0,
    ...options,
  }
  writeFileSync(ledgerPath, '')
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', CLIENT, JSON.stringify(plan)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  t.teardown(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const closed = once(child, 'close')
  const entries = followLedger(ledgerPath)
  return {
    client: plan.client,
    itemsPerRequest: plan.itemsPerRequest,
    entries,
    acknowledged(signal) {
      const counts = (entry: Entry) =>
        isAcknowledged(entry) && (signal === undefined || entry.signal === signal)
      return entries().filter(counts).length * plan.itemsPerRequest
    },
    async stop() {
      child.stdin?.end()
      await closed
      return JSON.parse(output) as { retries: number; partial: number }
    },
  }
}

/** How what is stored compares with what was acknowledged, in spans, log records or data points. */
export interface Settlement {
  /** Different items of the clients that are stored, acknowledged or not. */
  readonly stored: number
  /** Acknowledged and not stored. */
  readonly lost: number
  /** Stored beyond the first time, acknowledged or not. */
  readonly duplicated: number
}

/** What the tests want of every settlement. */
export const INTACT = bySignal(() => ({ lost: 0, duplicated: 0 }))

/** Compares every item of the ledgers with the database, by the numbers of the requests: the ids never leave Postgres. */
export async function settle(
  client: Client,
  ledgers: readonly Ledger[],
): Promise<Record<Signal, Settlement>> {
  const acknowledged = ledgers.flatMap(({ client: number, itemsPerRequest, entries }) =>
    entries()
      .filter(isAcknowledged)
      .map(({ request, signal }) => ({
        key: requestKey(number, request),
        signal,
        itemsPerRequest,
      })),
  )
  const { rows } = await client.query<Record<keyof Settlement | 'signal', string>>(SETTLE, [
    ledgers.map((ledger) => ledger.client),
    acknowledged.map(({ signal }) => signal),
    acknowledged.map(({ key }) => String(key)),
    acknowledged.map((request) => request.itemsPerRequest),
  ])
  return bySignal((signal) => {
    const row = rows.find((found) => found.signal === signal)
    return {
      stored: Number(row?.stored ?? 0),
      lost: Number(row?.lost ?? 0),
      duplicated: Number(row?.duplicated ?? 0),
    }
  })
}

/**
 * The number of an item: 21 bits of the client's number, 22 of the request's, 10 of the item's place in it. It is the id of
 * a span, the span id of a log record, and the value of a data point, for which a JavaScript number has to hold it.
 */
export function itemIdOf(client: number, request: number, index: number): bigint {
  if (index >= 1 << INDEX_BITS) throw new RangeError(`cannot number ${index} items of a request`)
  return (requestKey(client, request) << BigInt(INDEX_BITS)) | BigInt(index)
}

/** The metrics whose data points are numbered: a gauge's by its value, a histogram's by its count. */
export const LEDGER_GAUGE = 'ledger.gauge'
export const LEDGER_HISTOGRAM = 'ledger.histogram'

/** One line of the ledger. */
export function formatEntry({ request, signal, sentAtMs, tookMs, outcome }: Entry): string {
  return `${request} ${signal} ${sentAtMs} ${tookMs.toFixed(1)} ${outcome}\n`
}

const CLIENT_BITS = 21
const REQUEST_BITS = 22
const INDEX_BITS = 10

const SETTLE = `
with item (signal, id) as (
  select 'traces', span_id from sidelight.span
  union all
  select 'logs', span_id from sidelight.log_record
  union all
  select 'metrics', value_int from sidelight.metric_point
  where series_id in (select id from sidelight.metric_series where name = '${LEDGER_GAUGE}')
  union all
  select 'metrics', count from sidelight.metric_histogram
  where series_id in (select id from sidelight.metric_series where name = '${LEDGER_HISTOGRAM}')
), stored as (
  select signal, id >> ${INDEX_BITS} as request, sum(copies) as copies, count(*) as items
  from (
    select signal, id, count(*) as copies from item
    where id >> ${REQUEST_BITS + INDEX_BITS} = any($1::bigint[]) group by signal, id
  ) as different
  group by signal, request
), acknowledged as (
  select signal, request, items
  from unnest($2::text[], $3::bigint[], $4::integer[]) as entry (signal, request, items)
)
select
  signal,
  coalesce(sum(stored.items), 0) as stored,
  coalesce(sum(stored.copies - stored.items), 0) as duplicated,
  coalesce(sum(greatest(acknowledged.items - coalesce(stored.items, 0), 0)), 0) as lost
from acknowledged full join stored using (signal, request)
group by signal`

function requestKey(client: number, request: number): bigint {
  if (client >= 1 << CLIENT_BITS) throw new RangeError(`cannot number client ${client}`)
  if (request >= 1 << REQUEST_BITS) throw new RangeError(`cannot number request ${request}`)
  return (BigInt(client) << BigInt(REQUEST_BITS)) | BigInt(request)
}

function isAcknowledged({ outcome }: Entry): boolean {
  return outcome === 'acknowledged'
}

/** Reads on from where it stopped, so that following a long ledger stays cheap. */
function followLedger(path: string): () => readonly Entry[] {
  const entries: Entry[] = []
  const chunk = Buffer.alloc(64 * 1_024)
  let position = 0
  let rest = ''
  return () => {
    const file = openSync(path, 'r')
    try {
      for (;;) {
        const length = readSync(file, chunk, 0, chunk.length, position)
        if (length === 0) return entries
        position += length
        const lines = (rest + chunk.toString('latin1', 0, length)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) entries.push(parseEntry(line))
      }
    } finally {
      closeSync(file)
    }
  }
}

function parseEntry(line: string): Entry {
  const [request, signal, sentAtMs, tookMs, ...outcome] = line.split(' ')
  return {
    request: Number(request),
    signal: signal as Signal,
    sentAtMs: Number(sentAtMs),
    tookMs: Number(tookMs),
    outcome: outcome.join(' ') as Outcome,
  }
}
