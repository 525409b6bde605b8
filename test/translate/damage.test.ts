import t from 'tap'
import { BadData } from '../../collector/errors'
import type { Translated } from '../../collector/translate/rows'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows } from '../helpers/copy-rows'
import { ExportTraceServiceRequest, traces } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const DAY_MS = 86_400_000
const START_NS = BigInt(RECEIVED_MS) * 1_000_000n

const translator = createTraceTranslator({
  retentionMs: 30 * DAY_MS,
  maxAheadMs: DAY_MS,
  tenantAttributes: ['tenant.id'],
  dictionaryCacheSize: 100,
})

/** The translation, or null for BadData. Anything else that is thrown ends the test; so do rows that do not decode. */
function translate(body: Uint8Array): Translated | null {
  try {
    const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
    decodeSpanRows(translated.copies)
    return translated
  } catch (error) {
    if (error instanceof BadData) return null
    throw error
  }
}

function sample(name: string): Buffer {
  return traces({
    service: 'shop',
    scope: { name: 'scope', attributes: { a: 1 } },
    spans: [
      {
        name,
        startTimeUnixNano: START_NS,
        attributes: { text: 'ü"', list: [1, 2.5, { deep: Buffer.from('x') }], none: null },
        events: [{ name: 'event', attributes: { a: 'b' } }],
        links: [{ traceState: 'a=b' }],
        status: { code: 2, message: 'no' },
      },
    ],
  })
}

t.test('a body cut off at any byte is BadData, or fewer items at a boundary', (t) => {
  const bodies = [sample('first'), sample('second')]
  const body = Buffer.concat(bodies)
  const boundaries = [0, bodies[0]!.length, body.length]
  const accepted = Array.from(
    { length: body.length + 1 },
    (_, end) => translate(body.subarray(0, end))?.accepted ?? null,
  )
  t.strictSame(
    accepted,
    accepted.map((_, end) => (boundaries.includes(end) ? boundaries.indexOf(end) : null)),
  )
  t.end()
})

t.test('wildly encoded bodies cut off anywhere throw nothing but BadData', (t) => {
  let damaged = 0
  for (let seed = 0; seed < 60; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportTraceServiceRequest, generateRequest(random), random)
    for (let end = 0; end < Math.min(body.length, 1_500); end++) {
      if (translate(body.subarray(0, end)) === null) damaged++
    }
  }
  t.ok(damaged > 1_000, `${damaged} bodies refused`)
  t.end()
})

t.test('damage inside one of several bodies leaves no trace in the next', (t) => {
  const whole = sample('whole')
  const expected = translate(whole)
  for (let end = 1; end < whole.length; end += 7) translate(whole.subarray(0, end))
  t.strictSame(translate(whole), expected)
  t.end()
})

t.test('a span whose content is mutated never changes the rows of its neighbours', (t) => {
  const neighbours = [sample('before'), sample('after')]
  const [before, after] = neighbours.map((body) => decodeSpanRows(translate(body)!.copies)[0])
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
    const rows = decodeSpanRows(translated.copies)
    if (!same(rows[0], before) || !same(rows.at(-1), after)) t.fail(`round ${round}`)
    kept++
  }
  t.ok(kept > 1_000 && refused > 1_000, `${kept} translated, ${refused} refused`)
  t.end()
})

t.test('structural mutations of valid bodies throw nothing but BadData', (t) => {
  let refused = 0
  for (let seed = 0; seed < 4_000; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportTraceServiceRequest, generateRequest(random), random)
    if (translate(mutate(body, random)) === null) refused++
  }
  t.ok(refused > 500, `${refused} refused`)
  t.end()
})

t.test('100,000 random buffers throw nothing but BadData', (t) => {
  const random = createRandom(7)
  // Tags and lengths that lead deep into the messages come more often than chance would have them.
  const likely = Buffer.from('0a120a120a12094a5a6a7a1a22212a32390b0c0d0102030405082010', 'hex')
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

function same(row: object | undefined, expected: object | undefined): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? `${field}` : field))
  return text(row) === text(expected)
}

/** Inserts, removes, repeats or overwrites a piece of the body. */
function mutate(body: Buffer, random: ReturnType<typeof createRandom>): Buffer {
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
