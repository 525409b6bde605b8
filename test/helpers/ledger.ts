import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'

const CLIENT = join(__dirname, '..', 'end-to-end', 'client.ts')

/** What a client sends, and so what it is settled against. */
export type Signal = 'traces'
export type Outcome = 'acknowledged' | 'timed out' | 'failed'

/** What a client is told at its start. */
export interface ClientPlan {
  readonly otlpUrl: string
  readonly ledgerPath: string
  readonly signal: Signal
  /** Tells the clients of one database apart, from 1. */
  readonly client: number
  readonly spansPerRequest: number
  /** Null: as fast as the answers come. */
  readonly spansPerSecond: number | null
  /** Exports at once. */
  readonly concurrency: number
  /** The size of an attribute that only makes the spans larger. */
  readonly paddingBytes: number
}

/** One export that has ended: acknowledged, or given up by the exporter. */
export interface Entry {
  /** The number of the request, from 0. */
  readonly request: number
  /** Unix milliseconds. */
  readonly sentAtMs: number
  /** Until the exporter's answer, retries included. */
  readonly tookMs: number
  readonly outcome: Outcome
}

/** The exports of a client that have ended so far. The ids of their spans follow from client and request. */
export interface Ledger {
  readonly client: number
  readonly spansPerRequest: number
  entries(): readonly Entry[]
}

/** An application that exports until told to stop, and keeps on disk what was acknowledged. */
export interface LedgerClient extends Ledger {
  /** How many spans were acknowledged so far. */
  acknowledged(): number
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
    signal: 'traces',
    client: 1,
    spansPerRequest: 16,
    spansPerSecond: null,
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
    spansPerRequest: plan.spansPerRequest,
    entries,
    acknowledged: () => entries().filter(isAcknowledged).length * plan.spansPerRequest,
    async stop() {
      child.stdin?.end()
      await closed
      return JSON.parse(output) as { retries: number; partial: number }
    },
  }
}

/** How what is stored compares with what was acknowledged, in spans. */
export interface Settlement {
  /** Different spans of the clients that are stored, acknowledged or not. */
  readonly stored: number
  /** Acknowledged and not stored. */
  readonly lost: number
  /** Stored beyond the first time, acknowledged or not. */
  readonly duplicated: number
}

/** Compares every span of the ledgers with the database, by the numbers of the requests: the ids never leave Postgres. */
export async function settle(client: Client, ledgers: readonly Ledger[]): Promise<Settlement> {
  const acknowledged = ledgers.flatMap(({ client: number, spansPerRequest, entries }) =>
    entries()
      .filter(isAcknowledged)
      .map(({ request }) => ({ key: requestKey(number, request), spans: spansPerRequest })),
  )
  const { rows } = await client.query<Record<keyof Settlement, string>>(SETTLE, [
    ledgers.map((ledger) => ledger.client),
    acknowledged.map(({ key }) => String(key)),
    acknowledged.map(({ spans }) => spans),
  ])
  const [row] = rows
  return {
    stored: Number(row?.stored),
    lost: Number(row?.lost),
    duplicated: Number(row?.duplicated),
  }
}

/** A span's id in hex: 32 bits of the client's number, 22 of the request's, 10 of the span's place in it. */
export function spanIdOf(client: number, request: number, index: number): string {
  if (index >= 1 << INDEX_BITS) throw new RangeError(`cannot number ${index} spans of a request`)
  const id = (requestKey(client, request) << BigInt(INDEX_BITS)) | BigInt(index)
  return id.toString(16).padStart(16, '0')
}

/** One line of the ledger. */
export function formatEntry({ request, sentAtMs, tookMs, outcome }: Entry): string {
  return `${request} ${sentAtMs} ${tookMs.toFixed(1)} ${outcome}\n`
}

const REQUEST_BITS = 22
const INDEX_BITS = 10

const SETTLE = `
with stored as (
  select span_id >> ${INDEX_BITS} as request, sum(copies) as copies, count(*) as spans
  from (
    select span_id, count(*) as copies from sidelight.span
    where span_id >> ${REQUEST_BITS + INDEX_BITS} = any($1::bigint[]) group by span_id
  ) as span
  group by 1
), acknowledged as (
  select request, spans from unnest($2::bigint[], $3::integer[]) as entry (request, spans)
)
select
  coalesce(sum(stored.spans), 0) as stored,
  coalesce(sum(stored.copies - stored.spans), 0) as duplicated,
  coalesce(sum(greatest(acknowledged.spans - coalesce(stored.spans, 0), 0)), 0) as lost
from acknowledged full join stored using (request)`

function requestKey(client: number, request: number): bigint {
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
  const [request, sentAtMs, tookMs, ...outcome] = line.split(' ')
  return {
    request: Number(request),
    sentAtMs: Number(sentAtMs),
    tookMs: Number(tookMs),
    outcome: outcome.join(' ') as Outcome,
  }
}
