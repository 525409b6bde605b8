import t from 'tap'
import { BadData } from '../../collector/errors'
import type { Translated } from '../../collector/translate/rows'
import { decodeRows } from '../helpers/copy-rows'
import { eventRollupRows, eventRows } from '../helpers/event-rows'
import { ExportLogsServiceRequest } from '../helpers/otlp'
import { logs } from '../helpers/otlp-logs'
import { createRandom } from '../helpers/random'
import { createLogTranslator } from '../helpers/translator'
import { generateLogs } from './log-generator'
import { RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const DAY_MS = 86_400_000

const translator = createLogTranslator({
  retentionMs: 30 * DAY_MS,
  correlationAttributes: ['request.id', 'a'],
})

/** The translation, or null for BadData. Anything else that is thrown ends the test; so do rows that do not decode. */
function translate(body: Uint8Array): Translated | null {
  try {
    const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
    for (const table of ['log_record', 'correlation']) decodeRows(translated.copies, table)
    const [{ event_count = 0n } = {}] = eventRollupRows(translated)
    if (eventRows(translated).length < event_count) throw new Error('an event without a row')
    return translated
  } catch (error) {
    if (error instanceof BadData) return null
    throw error
  }
}

function sample(name: string): Buffer {
  return logs({
    service: 'shop',
    scope: { name: 'scope', attributes: { a: 1 } },
    records: [
      {
        timeUnixNano: BigInt(RECEIVED_MS) * 1_000_000n,
        severityText: 'INFO',
        body: { text: 'ü"', list: [1, 2.5, { deep: Buffer.from('x') }], none: null },
        attributes: {
          'request.id': name,
          list: ['x'],
          'business.event': name,
          'sidelight.cost_usd': 0.5,
          'sidelight.duration_ms': '2',
        },
        traceId: '0a'.repeat(16),
        eventName: 'sidelight.business',
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
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportLogsServiceRequest, generateLogs(random), random)
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

t.test('a log record whose content is mutated never changes the rows of its neighbours', (t) => {
  const neighbours = [sample('before'), sample('after')]
  const rowsOf = (body: Uint8Array) => {
    const translated = translate(body)
    return translated && decodeRows(translated.copies, 'log_record').map(textOf)
  }
  const [before, after] = neighbours.map((body) => rowsOf(body)?.[0])
  const target = sample('target')
  const random = createRandom(1)
  let kept = 0
  let refused = 0
  for (let round = 0; round < 5_000; round++) {
    const mutated = Buffer.from(target)
    // The outermost tag and length stay, so that the neighbours' bytes are where they were.
    for (let times = 1 + random.below(3); times > 0; times--) {
      mutated[3 + random.below(mutated.length - 3)] = random.below(256)
    }
    const rows = rowsOf(Buffer.concat([neighbours[0]!, mutated, neighbours[1]!]))
    if (rows === null) {
      refused++
      continue
    }
    if (rows[0] !== before || rows.at(-1) !== after) t.fail(`round ${round}`)
    kept++
  }
  t.ok(kept > 500 && refused > 500, `${kept} translated, ${refused} refused`)
  t.end()
})

t.test('50,000 random buffers throw nothing but BadData', (t) => {
  const random = createRandom(7)
  // Tags and lengths that lead deep into the messages come more often than chance would have them.
  const likely = Buffer.from('0a120a120a1209102a3238454a5259621a22320b0c0d0102030405082010', 'hex')
  let refused = 0
  for (let round = 0; round < 50_000; round++) {
    const body = Buffer.alloc(random.below(48))
    for (let at = 0; at < body.length; at++) {
      body[at] = random.chance(0.7) ? likely[random.below(likely.length)]! : random.below(256)
    }
    if (translate(body) === null) refused++
  }
  t.ok(refused > 5_000, `${refused} refused`)
  t.end()
})

function textOf(row: object): string {
  return JSON.stringify(row, (_, field: unknown) =>
    typeof field === 'bigint' ? `${field}` : field,
  )
}
