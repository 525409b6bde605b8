import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { DICTIONARIES } from '../../collector/translate/rows'
import type { RunningCollector } from '../helpers/collector'
import type { Encoding } from '../helpers/otlp'
import { benchDisk } from './disk'
import { cpuSeconds, residentMebibytes } from './process-cost'
import { type Figure, median } from './report'
import { insertRowAtATime } from './row-at-a-time'
import { type BenchRequest, benchRequests, createWorkload, type Workload } from './workload'

/** What is ingested, alone or all at once. */
export const INGESTED = ['traces', 'logs', 'metrics', 'mixed'] as const
export type Ingested = (typeof INGESTED)[number]

export interface Load {
  readonly encoding: Encoding
  readonly connections: number
}

const ROUNDS = 5
/**
 * Not counted: the first requests of a collector take twice the CPU of later ones, which is compiling and code not compiled yet.
 * What does not run once an item but once a request is compiled last.
 */
const WARM_UP_REQUESTS = 6_000
/** Of 512 items each; so many that a run takes a second or more, against which its beginning counts little. */
const REQUESTS = { traces: 200, logs: 200, metrics: 600 } as const
/** Of each signal. */
const MIXED_REQUESTS = 100
/**
 * Against COPY of the rows alone. What spans and errors add up to is written besides, of five erroneous items in a hundred: the
 * floor of everything. Points bring nothing along.
 */
const FLOORS = { traces: 0.5, logs: 0.5, metrics: 0.7, mixed: 0.5 } as const
/** What follows from spans and log records, in no workload. */
const FURTHER_TABLES = [
  'span_rollup',
  'edge_candidate',
  'error_candidate',
  'error_seen',
  'error_rollup',
  'error_occurrence',
]
const CONTENT_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const LOADS: readonly Load[] = [
  { encoding: 'protobuf', connections: 1 },
  { encoding: 'protobuf', connections: 4 },
  { encoding: 'json', connections: 4 },
  { encoding: 'protobuf', connections: 16 },
]
const ITEMS = { traces: 'spans', logs: 'records', metrics: 'points', mixed: 'items' } as const
/** Per million of them. Those of spans are the design's. */
const CPU_MARKS = { traces: { floor: 12, aim: 6 } } as const

/**
 * Durable ingest over HTTP against COPY of the same rows from one connection into the same tables, one after the other, in
 * interleaved rounds, once the collector is warm. Ratios are taken round by round; what is stored is counted after each. The
 * requests of a mixed run alternate on every connection.
 */
export async function benchIngest(
  ingested: Ingested,
  client: Client,
  collector: RunningCollector,
  otlpPort: number,
  folder: string,
): Promise<Figure[]> {
  const requests = requestsOf(ingested)
  const workload = createWorkload(folder, ingested, requests)
  // Those of the sections before; the collector knows none yet.
  const dictionaries = Object.keys(DICTIONARIES).map((name) => `sidelight.${name}`)
  await client.query(`truncate ${dictionaries.join(', ')}`)
  const idleMib = residentMebibytes(collector.pid).now
  const copyRates: number[] = []
  const rates = new Map<string, number[]>(LOADS.map((load) => [nameOf(load), []]))
  let cpu = 0
  let runs = 0
  await warmUp(client, otlpPort, workload, requests.length)
  for (let round = 1; round <= ROUNDS; round++) {
    copyRates.push(await measured(client, workload, () => copyAll(client, workload)))
    for (const load of LOADS) {
      const cpuBefore = cpuSeconds(collector.pid)
      const rate = await measured(client, workload, () => post(otlpPort, load, workload))
      rates.get(nameOf(load))?.push(rate)
      if (load.encoding === 'protobuf') {
        cpu += cpuSeconds(collector.pid) - cpuBefore
        runs++
      }
    }
    process.stderr.write(`ingest of ${ingested}: round ${round} of ${ROUNDS}\n`)
  }
  const disk = ingested === 'mixed' ? [] : await benchDisk(client, workload)
  const cpuPerMillion = (cpu / (runs * workload.items)) * 1e6
  const peakMib = residentMebibytes(collector.pid).peak
  return [
    ...rateFigures(ingested, copyRates, rates),
    ...(ingested === 'traces' ? await rowAtATime(client, requests, rates) : []),
    {
      name: `${ingested}: collector CPU per million ${ITEMS[ingested]}, protobuf`,
      ...cost(cpuPerMillion, 's'),
      ...(ingested === 'traces' ? CPU_MARKS.traces : {}),
    },
    { name: `${ingested}: collector RSS idle`, ...cost(idleMib, 'MiB'), floor: 90, aim: 60 },
    {
      name: `${ingested}: collector RSS at full load, most`,
      ...cost(peakMib, 'MiB'),
      floor: 160,
      aim: 100,
    },
    ...disk.map((figure) => ({ ...figure, name: `${ingested}: ${figure.name}` })),
  ]
}

async function warmUp(
  client: Client,
  port: number,
  workload: Workload,
  requests: number,
): Promise<void> {
  const runs = Math.ceil(WARM_UP_REQUESTS / requests)
  for (let run = 0; run < runs; run++) {
    const load = LOADS[run % LOADS.length]!
    await measured(client, workload, () => post(port, load, workload))
    process.stderr.write(`warming up: run ${run + 1} of ${runs}\n`)
  }
}

function requestsOf(ingested: Ingested): BenchRequest[] {
  if (ingested !== 'mixed') return benchRequests(ingested, REQUESTS[ingested])
  const parts = (['traces', 'logs', 'metrics'] as const).map((signal) =>
    benchRequests(signal, MIXED_REQUESTS),
  )
  return Array.from({ length: MIXED_REQUESTS }, (_, index) =>
    parts.flatMap((part) => part.slice(index, index + 1)),
  ).flat()
}

function rateFigures(
  ingested: Ingested,
  copyRates: readonly number[],
  rates: ReadonlyMap<string, readonly number[]>,
): Figure[] {
  const unit = `${ITEMS[ingested]}/s`
  const ratio = (name: string, peers: readonly number[]): number =>
    median((rates.get(name) ?? []).map((rate, round) => rate / (peers[round] ?? NaN)))
  const protobuf4 = rates.get('protobuf, 4 connections') ?? []
  const figures = [
    { name: '\\copy (format binary), one connection', value: median(copyRates), unit },
    ...[...rates].map(([name, values]) => ({ name, value: median(values), unit })),
    ...[...rates.keys()].map((name) => ({
      name: `${name} / \\copy`,
      value: ratio(name, copyRates),
      unit: 'x',
      ...(name === 'protobuf, 4 connections' ? { floor: FLOORS[ingested], aim: 0.95 } : {}),
    })),
    {
      name: 'JSON / protobuf, 4 connections',
      value: ratio('json, 4 connections', protobuf4),
      unit: 'x',
      floor: 0.6,
      aim: 0.8,
    },
  ]
  return figures.map(({ name, ...figure }) => ({
    ...rate(figure.value, figure.unit),
    ...figure,
    name: `${ingested}: ${name}`,
  }))
}

async function rowAtATime(
  client: Client,
  requests: readonly BenchRequest[],
  rates: ReadonlyMap<string, readonly number[]>,
): Promise<Figure[]> {
  const bodies = requests.slice(0, 10).map(({ payload }) => payload.protobuf)
  const inserts = await insertRowAtATime(client, bodies)
  const ours = median(rates.get('protobuf, 4 connections') ?? [])
  return [
    { name: 'traces: row-at-a-time inserts, one connection', ...rate(inserts, 'spans/s') },
    { name: 'traces: protobuf, 4 connections / row-at-a-time', ...rate(ours / inserts, 'x') },
  ]
}

function rate(value: number, unit: string): Omit<Figure, 'name'> {
  return { value, unit, better: 'higher', floor: null, aim: null }
}

function cost(value: number, unit: string): Omit<Figure, 'name'> {
  return { value, unit, better: 'lower', floor: null, aim: null }
}

/** Items per second of one run into empty tables; throws unless every row was stored. */
export async function measured(
  client: Client,
  { items, copies }: Workload,
  run: () => Promise<number>,
): Promise<number> {
  const written = [...copies.map(({ table }) => table.name), ...FURTHER_TABLES]
  const tables = written.map((name) => `sidelight.${name}`)
  await client.query(`truncate ${tables.join(', ')}, sidelight.ingest_receipt`)
  await client.query('checkpoint')
  const seconds = await run()
  for (const { table, rows: wanted } of copies) {
    const { rows } = await client.query<{ n: string }>(
      `select count(*) as n from sidelight.${table.name}`,
    )
    const stored = Number(rows[0]?.n)
    if (stored !== wanted) throw new Error(`${stored} rows of ${table.name}, not ${wanted}`)
  }
  return items / seconds
}

async function copyAll(client: Client, { copies }: Workload): Promise<number> {
  const startedAt = process.hrtime.bigint()
  for (const { table, file } of copies) {
    const copy = client.query(
      copyFrom(
        `copy sidelight.${table.name} (${table.columns.join(', ')}) from stdin (format binary)`,
      ),
    )
    await pipeline(createReadStream(file), copy)
  }
  return Number(process.hrtime.bigint() - startedAt) / 1e9
}

/** Seconds that it took to have every body of the workload stored. */
export async function post(port: number, load: Load, { bodies }: Workload): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(__dirname, 'load.ts'),
    String(port),
    String(load.connections),
    CONTENT_TYPES[load.encoding],
    bodies[load.encoding],
  ])
  return (JSON.parse(stdout) as { seconds: number }).seconds
}

function nameOf({ encoding, connections }: Load): string {
  return `${encoding}, ${connections} connection${connections === 1 ? '' : 's'}`
}
