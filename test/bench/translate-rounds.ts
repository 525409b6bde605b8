/**
 * Measures wire bytes to COPY rows alone, ours against protobufjs, in this process, for each signal, and prints the figures
 * as JSON. In a round both take turns, so that the machine's moods hit both. Fails if the two differ in rows.
 */
import {
  type CopyRows,
  EDGE_CANDIDATE,
  ERROR_CANDIDATE,
  type Signal,
  SPAN_ROLLUP,
  type Table,
  type Translated,
} from '../../collector/translate/rows'
import { createLogPeer } from './peer-logs'
import { createMetricPeer } from './peer-metrics'
import { createTracePeer } from './peer-traces'
import { type Figure, median } from './report'
import { benchRequests, createBenchTranslator } from './workload'

const REQUESTS = 16
/** What follows from items is not what the peers make. */
const NOT_COMPARED: readonly Table[] = [EDGE_CANDIDATE, ERROR_CANDIDATE, SPAN_ROLLUP]
const ROUNDS = 15
const ROUND_MS = 100

const PEERS = { traces: createTracePeer, logs: createLogPeer, metrics: createMetricPeer } as const
const UNITS = { traces: 'spans/s', logs: 'records/s', metrics: 'points/s' } as const

void main()

async function main(): Promise<void> {
  const figures: Figure[] = []
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    figures.push(...(await translateFigures(signal)))
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

async function translateFigures(signal: Signal): Promise<Figure[]> {
  const receivedMs = Date.now()
  const bodies = benchRequests(signal, REQUESTS).map(({ payload }) => payload.protobuf)
  const translator = createBenchTranslator()
  const ours = (body: Buffer) => translator.translate({ signal, body, receivedMs, tenant: null })
  const peer = PEERS[signal]()
  compareRows(signal, bodies, ours, peer)
  for (const run of [ours, peer]) rowsPerSecond(run, bodies, 5 * ROUND_MS)
  const rounds: { ours: number; peer: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      ours: rowsPerSecond(ours, bodies, ROUND_MS),
      peer: rowsPerSecond(peer, bodies, ROUND_MS),
    })
    // Lets whatever else runs in this process have its turn outside the measurement.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const unit = UNITS[signal]
  const rate = { unit, better: 'higher', floor: null, aim: null } as const
  const ratios = rounds.map((round) => round.ours / round.peer)
  return [
    { name: `translate ${signal}`, value: median(rounds.map((round) => round.ours)), ...rate },
    {
      name: `protobufjs decode ${signal} and build rows`,
      value: median(rounds.map((round) => round.peer)),
      ...rate,
    },
    {
      name: `translate ${signal} / protobufjs`,
      value: median(ratios),
      unit: 'x',
      better: 'higher',
      floor: 3,
      aim: 5,
    },
  ]
}

type Translate = (body: Buffer) => Pick<Translated, 'copies'>

/** Both make as many rows of each table; the peer leaves out rollups and edges, which are not what OTLP says but what follows. */
function compareRows(
  signal: Signal,
  bodies: readonly Buffer[],
  ours: Translate,
  peer: Translate,
): void {
  for (const body of bodies) {
    const [mine, theirs] = [ours, peer].map((run) => countRows(run(body).copies))
    if (mine !== theirs) throw new Error(`${signal}: ${mine} instead of ${theirs}`)
  }
}

function countRows(copies: readonly CopyRows[]): string {
  return copies
    .filter(({ table }) => !NOT_COMPARED.includes(table))
    .map(({ table, offsets }) => `${offsets.length} rows of ${table.name}`)
    .join(', ')
}

/** Items, which are rows that are not derived. */
function rowsPerSecond(translate: Translate, bodies: readonly Buffer[], forMs: number): number {
  const began = performance.now()
  let rows = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    for (const body of bodies) {
      for (const { table, offsets } of translate(body).copies) {
        if (table.isDerived !== true) rows += offsets.length
      }
    }
    elapsedMs = performance.now() - began
  }
  return (rows / elapsedMs) * 1_000
}
