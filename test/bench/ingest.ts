import { execFile } from 'node:child_process'
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { createTraceTranslator } from '../helpers/translator'
import { SPAN } from '../../collector/translate/rows'
import type { RunningCollector } from '../helpers/collector'
import { benchPayload } from './payload'
import { cpuSeconds, residentMebibytes } from './process-cost'
import { type Figure, median } from './report'
import { insertRowAtATime } from './row-at-a-time'

const SPANS_PER_REQUEST = 512
const REQUESTS = 200
const SPANS = SPANS_PER_REQUEST * REQUESTS
const ROUNDS = 5
const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const COPY_TRAILER = Buffer.from([0xff, 0xff])
const CONTENT_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

type Encoding = keyof typeof CONTENT_TYPES
const LOADS = ([1, 4, 16] as const).flatMap((connections) => [
  { encoding: 'protobuf' as Encoding, connections },
  { encoding: 'json' as Encoding, connections },
])

/**
 * Durable ingest over HTTP against COPY of the same rows from one connection into the same tables, in interleaved rounds
 * whose ratios are taken round by round; the spans stored are counted after each.
 */
export async function benchIngest(
  client: Client,
  collector: RunningCollector,
  otlpPort: number,
  folder: string,
): Promise<Figure[]> {
  const bodies = Array.from({ length: REQUESTS }, (_, seed) =>
    benchPayload({ spans: SPANS_PER_REQUEST, attributes: 12, seed, nowMs: Date.now() }),
  )
  const files = {
    protobuf: writeBodies(
      join(folder, 'protobuf'),
      bodies.map((body) => body.protobuf),
    ),
    json: writeBodies(
      join(folder, 'json'),
      bodies.map((body) => body.json),
    ),
  }
  const rowsFile = writeRows(
    join(folder, 'rows'),
    bodies.map((body) => body.protobuf),
  )
  const idle = residentMebibytes(collector.pid).now
  const copyRates: number[] = []
  const rates = new Map<string, number[]>(LOADS.map((load) => [nameOf(load), []]))
  let cpu = 0
  let runs = 0
  for (let round = 0; round < ROUNDS; round++) {
    copyRates.push(await measured(client, () => copyFile(client, rowsFile)))
    for (const load of LOADS) {
      const cpuBefore = cpuSeconds(collector.pid)
      const rate = await measured(client, () => post(otlpPort, load, files[load.encoding]))
      rates.get(nameOf(load))?.push(rate)
      if (load.encoding === 'protobuf') {
        cpu += cpuSeconds(collector.pid) - cpuBefore
        runs++
      }
    }
    process.stderr.write(`ingest: round ${round + 1} of ${ROUNDS}\n`)
  }
  const rowRate = await insertRowAtATime(
    client,
    bodies.slice(0, 10).map((body) => body.protobuf),
  )
  return [
    ...figures(copyRates, rates, rowRate),
    cost('collector CPU per million spans, protobuf', (cpu / (runs * SPANS)) * 1e6, 's', 12, 6),
    cost('collector RSS idle', idle, 'MiB', 90, 60),
    cost(
      'collector RSS at full load, most',
      residentMebibytes(collector.pid).peak,
      'MiB',
      160,
      100,
    ),
  ]
}

function figures(
  copyRates: readonly number[],
  rates: ReadonlyMap<string, readonly number[]>,
  rowRate: number,
): Figure[] {
  const ratio = (name: string, peers: readonly number[]): number =>
    median((rates.get(name) ?? []).map((rate, round) => rate / (peers[round] ?? NaN)))
  const protobuf4 = rates.get('protobuf, 4 connections') ?? []
  return [
    { name: '\\copy (format binary), one connection', value: median(copyRates), unit: 'spans/s' },
    ...[...rates].map(([name, values]) => ({
      name: `ingest ${name}`,
      value: median(values),
      unit: 'spans/s',
    })),
    { name: 'row-at-a-time inserts, one connection', value: rowRate, unit: 'spans/s' },
    ...[...rates.keys()].map((name) => ({
      name: `ingest ${name} / \\copy`,
      value: ratio(name, copyRates),
      unit: 'x',
      ...(name === 'protobuf, 4 connections' ? { floor: 0.7, aim: 0.95 } : {}),
    })),
    {
      name: 'ingest JSON / protobuf, 4 connections',
      value: ratio('json, 4 connections', protobuf4),
      unit: 'x',
      floor: 0.6,
      aim: 0.8,
    },
    {
      name: 'ingest protobuf, 4 connections / row-at-a-time',
      value: median(protobuf4) / rowRate,
      unit: 'x',
    },
  ].map((figure) => ({ better: 'higher' as const, floor: null, aim: null, ...figure }))
}

function cost(name: string, value: number, unit: string, floor: number, aim: number): Figure {
  return { name, value, unit, better: 'lower', floor, aim }
}

/** Spans per second of one run into empty tables; throws unless every span was stored. */
async function measured(client: Client, run: () => Promise<number>): Promise<number> {
  await client.query('truncate sidelight.span, sidelight.ingest_receipt')
  await client.query('checkpoint')
  const seconds = await run()
  const { rows } = await client.query<{ n: string }>('select count(*) as n from sidelight.span')
  if (Number(rows[0]?.n) !== SPANS) throw new Error(`${rows[0]?.n} spans stored, not ${SPANS}`)
  return SPANS / seconds
}

async function copyFile(client: Client, path: string): Promise<number> {
  const startedAt = process.hrtime.bigint()
  const copy = client.query(
    copyFrom(`copy sidelight.span (${SPAN.columns.join(', ')}) from stdin (format binary)`),
  )
  await pipeline(createReadStream(path), copy)
  return Number(process.hrtime.bigint() - startedAt) / 1e9
}

async function post(
  port: number,
  load: { encoding: Encoding; connections: number },
  bodiesFile: string,
): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(__dirname, 'load.ts'),
    String(port),
    String(load.connections),
    CONTENT_TYPES[load.encoding],
    bodiesFile,
  ])
  return (JSON.parse(stdout) as { seconds: number }).seconds
}

function writeBodies(path: string, bodies: readonly Uint8Array[]): string {
  const parts = bodies.flatMap((body) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(body.length)
    return [length, body]
  })
  writeFileSync(path, Buffer.concat(parts))
  return path
}

function writeRows(path: string, bodies: readonly Uint8Array[]): string {
  const translator = createTraceTranslator({
    retentionMs: 30 * 86_400_000,
    maxAheadMs: 86_400_000,
    tenantAttributes: [],
    dictionaryCacheSize: 10_000,
  })
  const rows = bodies.flatMap((body) =>
    translator
      .translate(body, { receivedMs: Date.now(), tenant: null })
      .copies.map((copy) => copy.bytes),
  )
  writeFileSync(path, Buffer.concat([COPY_HEADER, ...rows, COPY_TRAILER]))
  return path
}

function nameOf(load: { encoding: Encoding; connections: number }): string {
  return `${load.encoding}, ${load.connections} connection${load.connections === 1 ? '' : 's'}`
}
