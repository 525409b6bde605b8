import t from 'tap'
import { BadData } from '../../collector/errors'
import type { Translated } from '../../collector/translate/rows'
import { NOON_MS, NOON_NS, DAY_MS } from '../helpers/metric-points'
import { decodeMetricRows } from '../helpers/metric-rows'
import { ExportMetricsServiceRequest } from '../helpers/otlp'
import { metrics } from '../helpers/otlp-metrics'
import { createRandom, type Random } from '../helpers/random'
import { createSignalTranslator } from '../helpers/translator'
import { generateRequest, RECEIVED_MS } from './metric-generator'
import { encodeWildly } from './wire-generator'

const translator = createSignalTranslator('metrics', {
  retentionMs: 30 * DAY_MS,
  tenantAttributes: ['tenant.id'],
  dictionaryCacheSize: 100,
})

/** The translation, or null for BadData. Anything else that is thrown ends the test; so do rows that do not decode. */
function translate(body: Uint8Array, receivedMs = NOON_MS): Translated | null {
  try {
    const translated = translator.translate(body, { receivedMs, tenant: null })
    decodeMetricRows(translated.copies)
    return translated
  } catch (error) {
    if (error instanceof BadData) return null
    throw error
  }
}

const SAMPLE = {
  timeUnixNano: NOON_NS,
  attributes: { text: 'ü"', list: [1, { deep: Buffer.from('x') }] },
  exemplars: [{ filteredAttributes: { a: 'b' }, asDouble: 1.5, traceId: Buffer.alloc(16, 1) }],
}
const SAID = { aggregationTemporality: 2 }

/** A request of a metric of every kind. */
function sample(name: string): Buffer {
  const explicit = { count: '3', bucketCounts: ['1', '2'], explicitBounds: [5], sum: 1 }
  const buckets = { offset: -3, bucketCounts: ['1', '300'] }
  const exponential = { count: '602', scale: -1, positive: buckets, negative: buckets }
  const quantiles = { count: '1', quantileValues: [{ quantile: 0.5, value: 2 }] }
  return metrics({
    service: 'shop',
    metrics: [
      { name, unit: 's', metadata: { a: 1 }, gauge: { dataPoints: [{ ...SAMPLE, asInt: '7' }] } },
      { name, histogram: { ...SAID, dataPoints: [{ ...SAMPLE, ...explicit }] } },
      { name, exponentialHistogram: { ...SAID, dataPoints: [{ ...SAMPLE, ...exponential }] } },
      { name, summary: { dataPoints: [{ ...quantiles, timeUnixNano: NOON_NS }] } },
    ],
  })
}

t.test('a body cut off at any byte is BadData, or fewer items at a boundary', (t) => {
  const bodies = [sample('first'), sample('second')]
  const body = Buffer.concat(bodies)
  const boundaries = [0, bodies[0]!.length, body.length]
  for (let end = 0; end <= body.length; end++) {
    const at = boundaries.indexOf(end)
    const accepted = translate(body.subarray(0, end))?.accepted ?? null
    if (accepted !== (at === -1 ? null : at * 4)) t.fail(`${accepted} data points at ${end}`)
  }
  t.equal(translate(body)?.accepted, 8)
  t.end()
})

t.test('wildly encoded bodies cut off anywhere throw nothing but BadData', (t) => {
  let damaged = 0
  for (let seed = 0; seed < 60; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportMetricsServiceRequest, generateRequest(random), random)
    for (let end = 0; end < Math.min(body.length, 1_500); end++) {
      if (translate(body.subarray(0, end), RECEIVED_MS) === null) damaged++
    }
  }
  t.ok(damaged > 1_000, `${damaged} bodies refused`)
  t.end()
})

t.test('a metric whose content is mutated never changes the rows of its neighbours', (t) => {
  const neighbours = [sample('before'), sample('after')]
  const [before, after] = neighbours.map((body) => decodeMetricRows(translate(body)!.copies))
  const target = sample('target')
  const random = createRandom(1)
  let kept = 0
  let refused = 0
  for (let round = 0; round < 10_000; round++) {
    const mutated = Buffer.from(target)
    // The outermost tag and length stay, so that the neighbours' bytes are where they were.
    for (let times = 1 + random.below(3); times > 0; times--) {
      mutated[3 + random.below(mutated.length - 3)] = random.below(256)
    }
    const translated = translate(Buffer.concat([neighbours[0]!, mutated, neighbours[1]!]))
    if (translated === null) {
      refused++
      continue
    }
    const rows = decodeMetricRows(translated.copies)
    if (!same(rows.slice(0, 4), before) || !same(rows.slice(-4), after)) t.fail(`round ${round}`)
    kept++
  }
  t.ok(kept > 1_000 && refused > 1_000, `${kept} translated, ${refused} refused`)
  t.end()
})

t.test('damage is found in attributes of a series that is known by other bytes', (t) => {
  const whole = sample('known')
  t.ok(translate(whole))
  const broken = Buffer.from(whole)
  const at = broken.indexOf('text')
  broken[at - 1] = 0x7f
  t.equal(translate(broken), null)
  t.ok(translate(whole))
  t.end()
})

t.test('structural mutations of valid bodies throw nothing but BadData', (t) => {
  let refused = 0
  for (let seed = 0; seed < 4_000; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportMetricsServiceRequest, generateRequest(random), random)
    if (translate(mutate(body, random), RECEIVED_MS) === null) refused++
  }
  t.ok(refused > 500, `${refused} refused`)
  t.end()
})

t.test('100,000 random buffers throw nothing but BadData', (t) => {
  const random = createRandom(7)
  // Tags and lengths that lead deep into the messages come more often than chance would have them.
  const likely = Buffer.from(
    '0a120a120a12092a3a4a525a621119213132393a4250587102030405082010',
    'hex',
  )
  let refused = 0
  for (let round = 0; round < 100_000; round++) {
    const body = Buffer.alloc(random.below(48))
    for (let at = 0; at < body.length; at++) {
      body[at] = random.chance(0.7) ? likely[random.below(likely.length)]! : random.below(256)
    }
    if (translate(body) === null) refused++
  }
  t.ok(refused > 10_000, `${refused} refused`)
  t.end()
})

function same(rows: readonly object[], expected: readonly object[] | undefined): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? `${field}` : field))
  return text(rows) === text(expected)
}

/** Inserts, removes, repeats or overwrites a piece of the body. */
function mutate(body: Buffer, random: Random): Buffer {
  const from = random.below(body.length + 1)
  const to = Math.min(body.length, from + random.below(12))
  const replacement = random.pick([
    Buffer.alloc(0),
    random.bytes(random.below(6)),
    Buffer.concat([body.subarray(from, to), body.subarray(from, to)]),
    Buffer.alloc(to - from, 0xff),
  ])
  return Buffer.concat([body.subarray(0, from), replacement, body.subarray(to)])
}
