import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { type Signal, SIGNALS } from '../../collector/translate/rows'
import { thirds, watchMemory } from '../faults/memory'
import type { RunningCollector } from '../helpers/collector'
import { bySignal } from '../../collector/otlp/signal'
import { cpuSeconds, residentMebibytes } from './process-cost'
import type { Figure } from './report'
import type { SoakOutcome, SoakPlan } from './soak-load'
import { benchRequests, createWorkload, type Workload } from './workload'

const ITEMS_PER_SECOND = { traces: 10_000, logs: 5_000, metrics: 2_000 } as const
const UNITS = { traces: 'spans/s', logs: 'records/s', metrics: 'points/s' } as const
/** What an open loop reaches of its rates when nothing is refused. */
const REACHED = 0.99
const BODIES = 8
/** The collector stores host metrics of its own beside them. */
const OF_THE_LOAD = `where series_id in (
  select series.id from sidelight.metric_series as series
  join sidelight.service on service.id = series.service_id
  where service.name = 'orders'
)`

/**
 * 10,000 spans a second, 5,000 log records and 2,000 data points beside them, for `seconds`: what memory that takes, and
 * whether anything is refused. Throws unless every row that was acknowledged is stored, once.
 */
export async function benchSoak(
  client: Client,
  collector: RunningCollector,
  otlpPort: number,
  folder: string,
  seconds: number,
): Promise<Figure[]> {
  const made = bySignal((signal) => benchRequests(signal, BODIES))
  const workloads = bySignal((signal) => createWorkload(folder, `soak-${signal}`, made[signal]))
  const madeMs = Date.now()
  const all = createWorkload(folder, 'soak', Object.values(made).flat())
  await truncate(client, all)
  const perRequest = bySignal((signal) => workloads[signal].items / BODIES)
  const plan: SoakPlan = {
    port: otlpPort,
    seconds,
    requestsPerSecond: bySignal((signal) => ITEMS_PER_SECOND[signal] / perRequest[signal]),
    file: all.bodies.protobuf,
    madeMs,
  }
  const idleMib = residentMebibytes(collector.pid).now
  const cpuBefore = cpuSeconds(collector.pid)
  const memory = watchMemory(collector.pid)
  process.stderr.write(`soak: ${seconds} s\n`)
  const outcome = await runLoad(plan)
  memory.stop()
  const cpu = cpuSeconds(collector.pid) - cpuBefore
  await checkRows(client, workloads, outcome)
  const rss = thirds(memory.samples().map(({ rssMib }) => rssMib))
  return [
    ...SIGNALS.map((signal) => reached(signal, outcome, perRequest[signal])),
    cost('requests refused', outcome.refused, '', 0),
    cost('from due to acknowledged, p50', outcome.p50Ms, 'ms'),
    cost('from due to acknowledged, p99', outcome.p99Ms, 'ms'),
    cost('from due to acknowledged, slowest', outcome.slowestMs, 'ms'),
    cost('collector CPU', (cpu / outcome.seconds) * 100, '% of a core'),
    cost('collector RSS idle', idleMib, 'MiB', 90),
    cost('collector RSS, median of the first third', rss.first, 'MiB'),
    cost('collector RSS, median of the last third', rss.last, 'MiB'),
    { ...cost('collector RSS, most', memory.peakMib(), 'MiB', 160), aim: 100 },
  ]
}

/** The load as a process of its own. */
export async function runLoad(plan: SoakPlan): Promise<SoakOutcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(__dirname, 'soak-load.ts'),
    JSON.stringify(plan),
  ])
  return JSON.parse(stdout) as SoakOutcome
}

async function truncate(client: Client, { copies }: Workload): Promise<void> {
  const tables = copies.map(({ table }) => `sidelight.${table.name}`)
  await client.query(`truncate ${tables.join(', ')}, sidelight.ingest_receipt`)
}

/** The requests of a signal were sent by turns, and have as many rows of a table each. */
async function checkRows(
  client: Client,
  workloads: Readonly<Record<Signal, Workload>>,
  { acknowledged }: SoakOutcome,
): Promise<void> {
  for (const signal of SIGNALS) {
    for (const { table, rows: ofBodies } of workloads[signal].copies) {
      const wanted = (ofBodies / BODIES) * acknowledged[signal]
      const { rows } = await client.query<{ n: string }>(
        `select count(*) as n from sidelight.${table.name} ${signal === 'metrics' ? OF_THE_LOAD : ''}`,
      )
      const stored = Number(rows[0]?.n)
      if (stored !== wanted) throw new Error(`${stored} rows of ${table.name}, not ${wanted}`)
    }
  }
}

function reached(signal: Signal, outcome: SoakOutcome, perRequest: number): Figure {
  const wanted = ITEMS_PER_SECOND[signal]
  return {
    name: `soak: ${signal} acknowledged`,
    value: (outcome.acknowledged[signal] * perRequest) / outcome.seconds,
    unit: UNITS[signal],
    better: 'higher',
    floor: wanted * REACHED,
    aim: null,
  }
}

function cost(name: string, value: number, unit: string, floor: number | null = null): Figure {
  return { name: `soak: ${name}`, value, unit, better: 'lower', floor, aim: null }
}
