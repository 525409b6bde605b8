import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { ADMIN_TOKEN, type RunningCollector } from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { cpuSeconds } from './process-cost'
import { open, post } from './post'
import { type Figure, quantile } from './report'
import { runLoad } from './soak'
import { benchRequests, createWorkload } from './workload'

const SPANS_PER_SECOND = 5_000
/** What an open loop reaches of its rate when nothing is refused. */
const REACHED = 0.99
const SECONDS = 60
const BODIES = 8
const SERVER = 2
const PROBED = 'probed'
const PROBE_EVERY_MS = 100

/**
 * From an acknowledgement to the number in `GET health`: every tenth of a second a request to a service of its own, beside
 * 5,000 spans a second, and then health until it counts that request.
 */
export async function benchHealth(
  client: Client,
  collector: RunningCollector,
  otlpPort: number,
  folder: string,
): Promise<Figure[]> {
  const workload = createWorkload(folder, 'health', benchRequests('traces', BODIES))
  const perRequest = workload.items / BODIES
  await client.query('truncate sidelight.span, sidelight.span_rollup, sidelight.ingest_receipt')
  process.stderr.write(`health: ${SECONDS} s\n`)
  const cpuBefore = cpuSeconds(collector.pid)
  const loading = new AbortController()
  const [outcome, probed] = await Promise.all([
    runLoad({
      port: otlpPort,
      seconds: SECONDS,
      requestsPerSecond: { traces: SPANS_PER_SECOND / perRequest, logs: 0, metrics: 0 },
      file: workload.bodies.protobuf,
      madeMs: Date.now(),
    }).finally(() => loading.abort()),
    probe(collector, otlpPort, loading.signal),
  ])
  const cpu = cpuSeconds(collector.pid) - cpuBefore
  const { sentToSeenMs, ackToSeenMs, answers } = probed
  return [
    {
      name: 'health: spans acknowledged',
      value: (outcome.acknowledged.traces * perRequest) / outcome.seconds,
      unit: 'spans/s',
      better: 'higher',
      floor: SPANS_PER_SECOND * REACHED,
      aim: null,
    },
    cost('requests refused', outcome.refused, '', 0),
    cost('from acknowledged to counted, p50', quantile(ackToSeenMs, 0.5)),
    {
      ...cost('from acknowledged to counted, p99', quantile(ackToSeenMs, 0.99), 'ms', 1_000),
      aim: 100,
    },
    cost('from acknowledged to counted, slowest', quantile(ackToSeenMs, 1)),
    cost('from sent to counted, p99', quantile(sentToSeenMs, 0.99)),
    cost('answers until counted, most', quantile(answers, 1), ''),
    cost('collector CPU', (cpu / outcome.seconds) * 100, '% of a core'),
  ]
}

interface Probed {
  readonly sentToSeenMs: readonly number[]
  readonly ackToSeenMs: readonly number[]
  /** How many times health was asked. */
  readonly answers: readonly number[]
}

/** Sends requests one by one, each once the one before it was counted, until `signal` is aborted. */
async function probe(
  collector: RunningCollector,
  otlpPort: number,
  signal: AbortSignal,
): Promise<Probed> {
  const sentToSeenMs: number[] = []
  const ackToSeenMs: number[] = []
  const answers: number[] = []
  const socket = await open(otlpPort)
  for (let sent = 1; !signal.aborted; sent++) {
    const bytes = traces({ service: PROBED, spans: [{ kind: SERVER }] })
    const sentAt = performance.now()
    const status = await post(socket, { path: '/v1/traces', bytes }, 'application/x-protobuf')
    if (status !== 200) throw new Error(`the collector answered a probe with ${status}`)
    const acknowledgedAt = performance.now()
    let asked = 1
    while ((await countProbed(collector)) < sent) asked++
    const seenAt = performance.now()
    sentToSeenMs.push(seenAt - sentAt)
    ackToSeenMs.push(seenAt - acknowledgedAt)
    answers.push(asked)
    await wait(PROBE_EVERY_MS)
  }
  socket.destroy()
  return { sentToSeenMs, ackToSeenMs, answers }
}

interface Health {
  readonly services: readonly { readonly service: string; readonly requests: { count: number } }[]
}

async function countProbed({ apiUrl }: RunningCollector): Promise<number> {
  const answer = await fetch(`${apiUrl}/api/admin/observability/health`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const { services } = (await answer.json()) as Health
  return services.find(({ service }) => service === PROBED)?.requests.count ?? 0
}

function cost(name: string, value: number, unit = 'ms', floor: number | null = null): Figure {
  return { name: `health: ${name}`, value, unit, better: 'lower', floor, aim: null }
}
