import { loadConfig } from '../../collector/config'
import { createTraceTranslator } from '../helpers/translator'
import { benchPayload } from './payload'
import { createPeer } from './peer'

export interface TranslateFigures {
  readonly oursSpansPerSecond: number
  readonly peerSpansPerSecond: number
  /** The median of the rounds' ratios; in a round both take turns, so that the machine's moods hit both. */
  readonly ratio: number
}

const DAY_MS = 86_400_000
const SPANS_PER_REQUEST = 512
const REQUESTS = 16
const ROUNDS = 15
const ROUND_MS = 100

/** Measures wire bytes to COPY rows alone, ours against protobufjs, in this process. Throws if the two differ in rows. */
export async function benchTranslate(): Promise<TranslateFigures> {
  const nowMs = Date.now()
  const bodies = Array.from(
    { length: REQUESTS },
    (_, seed) => benchPayload({ spans: SPANS_PER_REQUEST, attributes: 12, seed, nowMs }).protobuf,
  )
  const translator = createTraceTranslator({
    retentionMs: DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 10_000,
    limits: loadConfig({}),
  })
  const context = { receivedMs: nowMs, tenant: null }
  const ours = (body: Buffer) => translator.translate(body, context).copies
  const decode = createPeer()
  const peer = (body: Buffer) => decode(body).copies
  for (const run of [ours, peer]) spansPerSecond(run, bodies, 5 * ROUND_MS)
  const rounds: { ours: number; peer: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      ours: spansPerSecond(ours, bodies, ROUND_MS),
      peer: spansPerSecond(peer, bodies, ROUND_MS),
    })
    // Lets whatever else runs in this process have its turn outside the measurement.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    oursSpansPerSecond: median(rounds.map((round) => round.ours)),
    peerSpansPerSecond: median(rounds.map((round) => round.peer)),
    ratio: median(rounds.map((round) => round.ours / round.peer)),
  }
}

type Translate = (body: Buffer) => readonly { readonly offsets: readonly number[] }[]

function spansPerSecond(translate: Translate, bodies: readonly Buffer[], forMs: number): number {
  const began = performance.now()
  let spans = 0
  let elapsedMs = 0
  while (elapsedMs < forMs) {
    for (const body of bodies) {
      const rows = translate(body)[0]?.offsets.length ?? 0
      if (rows !== SPANS_PER_REQUEST) throw new Error(`${rows} rows of ${SPANS_PER_REQUEST}`)
      spans += rows
    }
    elapsedMs = performance.now() - began
  }
  return (spans / elapsedMs) * 1_000
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

if (require.main === module) {
  void benchTranslate().then((figures) => {
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  })
}
