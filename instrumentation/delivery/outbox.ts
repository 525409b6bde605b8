import { complain } from '../process/complaint'
import type { Answer } from './answer'
import type { Body, Outbox, Signal } from './contract'
import { createHandover, type Handover } from './handover'
import { Lane, type Waiting } from './lane'
import { runOutside } from './outside'
import { createSender, type Send } from './sender'
import { readDestination } from './settings'

/** What became of the items put in: spans, data points and log records. */
export interface Counts {
  readonly delivered: number
  /** By a collector that took the rest of their body. */
  readonly rejected: number
  readonly refused: number
  readonly handedOver: number
  /** For want of room. */
  readonly dropped: number
}

export interface CountingOutbox extends Outbox {
  counts(): Counts
  /** Of the bodies that wait or are on their way. */
  waitingBytes(): number
}

export interface OutboxParts {
  readonly send: Readonly<Record<Signal, Send>>
  readonly handover: Handover
  readonly maxBytes: number
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']
const NOUNS: Readonly<Record<Signal, string>> = {
  traces: 'spans',
  metrics: 'metrics',
  logs: 'log records',
}

/** Half a minute of 1,000 spans a second, at 500 bytes each. */
const DEFAULT_MAX_BYTES = 16 * 1_048_576
/** Bodies on their way to the disk; when it is slower than the application, further ones are dropped. */
const MAX_SPILLING = 16

/**
 * The outbox for what the environment says: the `OTEL_EXPORTER_OTLP_*` variables, `SIDELIGHT_OUTBOX_MAX_BYTES` (bytes kept in
 * memory while the collector is away, 16 MiB unless set) and those of `handover.ts`. Call it before libraries are instrumented.
 */
export function createOutbox(env: NodeJS.ProcessEnv): CountingOutbox {
  const destinations = bySignal((signal) => readDestination(signal, env))
  return new BoundedOutbox({
    send: bySignal((signal) => createSender(destinations[signal])),
    handover: createHandover(env, destinations),
    maxBytes: readMaxBytes(env),
  })
}

/**
 * Keeps bodies, bounded in bytes, until the collector has taken them. Beyond the bound bodies go to the hand-over folder,
 * or are dropped and counted when there is none: metrics first (the next ones say as much), then the oldest.
 */
export class BoundedOutbox implements CountingOutbox {
  readonly #parts: OutboxParts
  readonly #lanes: Readonly<Record<Signal, Lane>>
  readonly #counts = { delivered: 0, rejected: 0, refused: 0, handedOver: 0, dropped: 0 }
  readonly #spilling = new Set<Body>()
  #bytes = 0
  #order = 0

  constructor(parts: OutboxParts) {
    this.#parts = parts
    this.#lanes = bySignal(
      (signal) =>
        new Lane(parts.send[signal], {
          onSettled: (body, answer) => this.#settle(body, answer),
          onFailure: (body, answer) => {
            complain(`cannot deliver ${NOUNS[body.signal]} to the collector: ${answer.message}`)
          },
        }),
    )
  }

  put(body: Body): void {
    this.#bytes += body.bytes.byteLength
    const waiting = { body, order: this.#order++ }
    runOutside(() => {
      this.#lanes[body.signal].put(waiting)
      if (this.#bytes > this.#parts.maxBytes) this.#makeRoom()
    })
  }

  async flush(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs).unref()
    })
    const lanes = runOutside(() => SIGNALS.map((signal) => this.#lanes[signal].flush(deadlineMs)))
    await Promise.race([Promise.all(lanes), deadline])
    clearTimeout(timer)
    // Whoever takes a connection and never answers has refused nothing, so that nobody else would say so.
    if (SIGNALS.some((signal) => this.#lanes[signal].isUnanswered)) {
      complain('the collector has not answered in time')
    }
  }

  handOver(): number {
    const waiting = SIGNALS.flatMap((signal) => this.#lanes[signal].unsettled())
    waiting.sort((a, b) => rankOf(a) - rankOf(b) || a.order - b.order)
    const bodies = [...this.#spilling, ...waiting.map(({ body }) => body)]
    if (bodies.length === 0) return 0
    const { saved, error } = this.#parts.handover.save(bodies)
    let lost = 0
    for (const body of bodies) {
      if (saved.has(body)) this.#counts.handedOver += body.items
      else lost += body.items
      this.#spilling.delete(body)
    }
    let uncertain = 0
    for (const entry of waiting) {
      const { signal, items } = entry.body
      if (saved.has(entry.body)) this.#forget(entry)
      else if (this.#lanes[signal].mayArrive(entry)) uncertain += items
    }
    if (lost > uncertain)
      complain(`${lost - uncertain} spans, log records or metrics are lost`, error)
    return lost
  }

  counts(): Counts {
    return { ...this.#counts }
  }

  waitingBytes(): number {
    return this.#bytes
  }

  #settle(body: Body, answer: Answer): void {
    this.#bytes -= body.bytes.byteLength
    const what = NOUNS[body.signal]
    if (answer.outcome === 'refused') {
      this.#counts.refused += body.items
      complain(`the collector refuses ${what}, they are dropped: ${answer.message}`)
    } else if (answer.outcome === 'taken') {
      this.#counts.delivered += body.items - answer.rejected
      this.#counts.rejected += answer.rejected
      if (answer.rejected > 0 || answer.message !== '') {
        complain(`the collector rejected ${answer.rejected} ${what}: ${answer.message}`)
      }
    }
    for (const signal of SIGNALS) if (signal !== body.signal) this.#lanes[signal].wake()
  }

  #makeRoom(): void {
    while (this.#bytes > this.#parts.maxBytes) {
      const victim = this.#lanes.metrics.oldest() ?? this.#oldest()
      if (victim === undefined) return
      this.#forget(victim)
      this.#spill(victim.body)
    }
  }

  #oldest(): Waiting | undefined {
    const candidates = SIGNALS.map((signal) => this.#lanes[signal].oldest())
    return candidates
      .filter((waiting) => waiting !== undefined)
      .sort((a, b) => a.order - b.order)[0]
  }

  #forget(waiting: Waiting): void {
    if (this.#lanes[waiting.body.signal].remove(waiting)) {
      this.#bytes -= waiting.body.bytes.byteLength
    }
  }

  #spill(body: Body): void {
    if (this.#spilling.size >= MAX_SPILLING) {
      this.#drop(body, new Error('the disk is too slow'))
      return
    }
    this.#spilling.add(body)
    this.#parts.handover.saveSoon(body).then(
      () => {
        // Not there any more when the process ended meanwhile, and it was saved synchronously.
        if (this.#spilling.delete(body)) this.#counts.handedOver += body.items
      },
      (error: unknown) => {
        if (this.#spilling.delete(body)) this.#drop(body, error)
      },
    )
  }

  #drop(body: Body, error: unknown): void {
    this.#counts.dropped += body.items
    complain(`the oldest ${NOUNS[body.signal]} are lost while the collector is away`, error)
  }
}

/** What a full folder has room for last. */
function rankOf({ body }: Waiting): number {
  return body.signal === 'metrics' ? 1 : 0
}

function bySignal<T>(make: (signal: Signal) => T): Record<Signal, T> {
  return { traces: make('traces'), metrics: make('metrics'), logs: make('logs') }
}

function readMaxBytes(env: NodeJS.ProcessEnv): number {
  const text = env['SIDELIGHT_OUTBOX_MAX_BYTES']?.trim()
  if (text === undefined || text === '') return DEFAULT_MAX_BYTES
  const bytes = Number(text)
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  complain(`SIDELIGHT_OUTBOX_MAX_BYTES is not a number of bytes, ${DEFAULT_MAX_BYTES} is used`)
  return DEFAULT_MAX_BYTES
}
