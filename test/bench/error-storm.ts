import type { Client } from 'pg'
import type { RunningCollector } from '../helpers/collector'
import { type Load, measured, post } from './ingest'
import { benchPayload } from './payload'
import { type Figure, median } from './report'
import { type BenchRequest, createWorkload } from './workload'

const ROUNDS = 5
/** Of 512 spans each, seven in a hundred of which threw: thousands a second at the rates there are. */
const REQUESTS = 200
const SHARE = 0.07
const LOAD: Load = { encoding: 'protobuf', connections: 4 }

/**
 * A service of which every error is another one: ingest of its spans against that of as many erroneous spans with one and the
 * same, in interleaved rounds whose ratios are taken round by round; all spans have to be stored. In the first one the caps of errors
 * are reached.
 */
export async function benchErrorStorm(
  client: Client,
  collector: RunningCollector,
  otlpPort: number,
  folder: string,
): Promise<Figure[]> {
  const same = createWorkload(folder, 'errors-same', requestsOf(false))
  const distinct = createWorkload(folder, 'errors-distinct', requestsOf(true))
  const rates: { readonly same: number; readonly distinct: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push({
      same: await measured(client, same, () => post(otlpPort, LOAD, same)),
      distinct: await measured(client, distinct, () => post(otlpPort, LOAD, distinct)),
    })
    process.stderr.write(`a storm of errors: round ${round + 1} of ${ROUNDS}\n`)
  }
  const ratios = rates.map((rate) => rate.distinct / rate.same)
  const spansPerSecond = median(rates.map((rate) => rate.distinct))
  const higher = { better: 'higher', floor: null, aim: null } as const
  return [
    { name: 'errors, all different: spans', ...higher, value: spansPerSecond, unit: 'spans/s' },
    {
      name: 'errors, all different: errors',
      ...higher,
      value: spansPerSecond * SHARE,
      unit: 'errors/s',
    },
    {
      name: 'errors, all different / all the same',
      ...higher,
      value: median(ratios),
      unit: 'x',
      floor: 0.9,
    },
    {
      name: 'errors, all different / all the same, worst round',
      ...higher,
      value: Math.min(...ratios),
      unit: 'x',
    },
    {
      name: 'errors, all different: errors told apart',
      ...higher,
      value: await countHashes(client),
      unit: '',
    },
  ]
}

function requestsOf(isDistinct: boolean): BenchRequest[] {
  const nowMs = Date.now()
  return Array.from({ length: REQUESTS }, (_, seed) => ({
    signal: 'traces',
    payload: benchPayload({
      spans: 512,
      attributes: 12,
      seed: seed * 2 + (isDistinct ? 1 : 0),
      nowMs: nowMs - (REQUESTS - seed) * 100,
      thrown: { share: SHARE, isDistinct },
    }),
  }))
}

async function countHashes(client: Client): Promise<number> {
  const { rows } = await client.query<{ n: string }>(
    'select count(*) as n from sidelight.error_group_hash',
  )
  return Number(rows[0]?.n)
}
