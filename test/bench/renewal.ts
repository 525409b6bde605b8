import { Cursor, DELIMITED } from '../../collector/otlp/cursor'
import type { Signal } from '../../collector/translate/rows'

/** Where the times and trace ids of a message are, by tags. */
interface Shape {
  readonly times?: readonly number[]
  readonly traceId?: number
  readonly messages?: Readonly<Record<number, Shape>>
}

const EVENT: Shape = { times: [0x09] }
const SPAN: Shape = { traceId: 0x0a, times: [0x39, 0x41], messages: { 0x5a: EVENT } }
const LOG_RECORD: Shape = { traceId: 0x4a, times: [0x09, 0x59] }
/** Cumulative: the start stays. */
const POINTS: Shape = { messages: { 0x0a: { times: [0x19] } } }
const METRIC: Shape = { messages: { 0x2a: POINTS, 0x3a: POINTS, 0x4a: POINTS, 0x52: POINTS } }
const ITEMS: Readonly<Record<Signal, Shape>> = { traces: SPAN, logs: LOG_RECORD, metrics: METRIC }

const NS_PER_MS = 1_000_000n

/** A body that is sent again and again as a new one: its times move on, and its traces are others. */
export class Renewal {
  readonly #body: Buffer
  readonly #madeMs: number
  readonly #times: number[] = []
  readonly #traceIds: number[] = []

  /** `madeMs` is when its times are of, in Unix milliseconds. */
  constructor(signal: Signal, body: Buffer, madeMs: number) {
    this.#body = body
    this.#madeMs = madeMs
    const scopes: Shape = { messages: { 0x12: ITEMS[signal] } }
    this.#find(new Cursor(body), body.length, {
      messages: { 0x0a: { messages: { 0x12: scopes } } },
    })
  }

  /** The body as of now. `number` tells its traces from those of other times. */
  renew(number: number, nowMs: number): Buffer {
    const body = Buffer.from(this.#body)
    const passedNs = BigInt(Math.round(nowMs - this.#madeMs)) * NS_PER_MS
    for (const at of this.#times) body.writeBigUInt64LE(body.readBigUInt64LE(at) + passedNs, at)
    for (const at of this.#traceIds) body.writeUInt32LE((body.readUInt32LE(at) ^ number) >>> 0, at)
    return body
  }

  #find(cursor: Cursor, end: number, { times, traceId, messages }: Shape): void {
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      const message = messages?.[tag]
      if (message !== undefined && (tag & 7) === DELIMITED) {
        this.#find(cursor, cursor.delimited(end), message)
        continue
      }
      if (times?.includes(tag) === true) this.#times.push(cursor.at)
      // After its length.
      if (tag === traceId) this.#traceIds.push(cursor.at + 1)
      cursor.skip(tag, end)
    }
  }
}
