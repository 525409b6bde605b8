import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows } from '../helpers/copy-rows'
import { ExportTraceServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { expectedRows, withDictionary } from './expected-rows'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 10_000
/** Most of them are long enough for limits as low as the test's. */
const LIMITED_MESSAGES = 2_000
const DAY_MS = 86_400_000

/** Compares generated requests with what protobufjs reads in them; returns what was cut and dropped in all. */
function compare(
  t: Test,
  messages: number,
  limits: TranslationLimits,
): { count: number; length: number } {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    // Small enough to forget now and then.
    dictionaryCacheSize: 50,
    limits,
  })
  const truncated = { count: 0, length: 0 }
  let accepted = 0
  let rejected = 0
  let wrongCounts = 0
  for (let seed = 0; seed < messages; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportTraceServiceRequest, generateRequest(random), random)
    const all = expectedRows(body, RECEIVED_MS, limits)
    const expected = all.filter((row) => row !== null)
    const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
    const rows = withDictionary(decodeSpanRows(translated.copies), translated.dictionary)
    if (!isDeepStrictEqual(rows, expected)) {
      t.strictSame(rows, expected, `seed ${seed}`)
      break
    }
    wrongCounts += Math.abs(translated.accepted - expected.length)
    wrongCounts += Math.abs(translated.rejected - (all.length - expected.length))
    accepted += translated.accepted
    rejected += translated.rejected
    truncated.count += translated.truncatedAttributes.count
    truncated.length += translated.truncatedAttributes.length
  }
  t.equal(wrongCounts, 0)
  t.ok(accepted > messages / 2, `${accepted} spans compared`)
  t.ok(rejected > 0, `${rejected} spans rejected`)
  return truncated
}

t.test(`${MESSAGES} generated requests become the rows protobufjs reads in them`, (t) => {
  t.strictSame(compare(t, MESSAGES, UNLIMITED), { count: 0, length: 0 })
  t.end()
})

t.test(
  `${MESSAGES} generated requests are cut as the limits say, however they are encoded`,
  (t) => {
    const { count, length } = compare(t, LIMITED_MESSAGES, {
      ...UNLIMITED,
      maxAttributes: 2,
      maxAttributeBytes: 5,
    })
    t.ok(count > LIMITED_MESSAGES / 10, `${count} attributes dropped`)
    t.ok(length > LIMITED_MESSAGES / 10, `${length} values cut`)
    t.end()
  },
)
