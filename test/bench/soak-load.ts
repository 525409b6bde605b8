/**
 * The load of the soak, a process of its own and an open loop: posts requests of each signal at their rates, whether or not
 * the ones before were answered, as many applications would. A refused request is not sent again. Argument: the SoakPlan as
 * JSON. Prints one JSON line, the SoakOutcome.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Signal, SIGNALS } from '../../collector/translate/rows'
import { bySignal } from '../../collector/otlp/signal'
import { readBodies } from './bodies'
import { open, post, type PostSocket } from './post'
import { Renewal } from './renewal'
import { quantile } from './report'

export interface SoakPlan {
  readonly port: number
  readonly seconds: number
  readonly requestsPerSecond: Readonly<Record<Signal, number>>
  /** Bodies of every signal, and when they were made. */
  readonly file: string
  readonly madeMs: number
}

export interface SoakOutcome {
  readonly seconds: number
  readonly acknowledged: Readonly<Record<Signal, number>>
  readonly refused: number
  /** From when a request was due to its answer. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
}

const TICK_MS = 5

const plan = JSON.parse(process.argv[2] ?? '') as SoakPlan
const bodies = readBodies(plan.file)
const acknowledged = bySignal(() => 0)
const tookMs: number[] = []
const free: PostSocket[] = []
let refused = 0
let sent = 0

void main()

async function main(): Promise<void> {
  const startedAt = performance.now()
  await Promise.all(SIGNALS.map((signal) => stream(signal, startedAt)))
  const seconds = (performance.now() - startedAt) / 1_000
  for (const socket of free) socket.destroy()
  const outcome: SoakOutcome = {
    seconds,
    acknowledged,
    refused,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    slowestMs: quantile(tookMs, 1),
  }
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}

/** Sends what is due until the time is over, then waits for the answers. */
async function stream(signal: Signal, startedAt: number): Promise<void> {
  const path = `/v1/${signal}`
  const renewals = bodies
    .filter((body) => body.path === path)
    .map(({ bytes }) => new Renewal(signal, bytes, plan.madeMs))
  const requests = Math.round(plan.seconds * plan.requestsPerSecond[signal])
  const underway: Promise<void>[] = []
  for (let request = 0; request < requests; request++) {
    const dueAt = startedAt + (request / plan.requestsPerSecond[signal]) * 1_000
    while (performance.now() < dueAt) await wait(Math.min(TICK_MS, dueAt - performance.now()))
    const renewal = renewals[request % renewals.length]
    if (renewal === undefined) throw new Error(`no bodies of ${signal}`)
    const bytes = renewal.renew(++sent, Date.now())
    underway.push(send(signal, { path, bytes }, dueAt))
  }
  await Promise.all(underway)
}

async function send(
  signal: Signal,
  body: { readonly path: string; readonly bytes: Buffer },
  dueAt: number,
): Promise<void> {
  const socket = freeSocket() ?? (await open(plan.port))
  const status = await post(socket, body, 'application/x-protobuf')
  tookMs.push(performance.now() - dueAt)
  free.push(socket)
  if (status === 200) acknowledged[signal]++
  else if (status === 503 || status === 429) refused++
  else throw new Error(`the collector answered ${signal} with ${status}`)
}

/** Of those opened for a burst, the collector has closed the ones that nothing was sent on for a while. */
function freeSocket(): PostSocket | undefined {
  for (;;) {
    const socket = free.pop()
    if (socket === undefined || socket.readyState === 'open') return socket
  }
}
