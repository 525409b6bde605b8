import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { createLogTranslator } from '../helpers/translator'
import { decodeRows } from '../helpers/copy-rows'
import { ExportLogsServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { expectedLogs } from './expected-logs'
import { withDictionary } from './expected-rows'
import { generateLogs } from './log-generator'
import { RECEIVED_MS } from './trace-generator'
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
  const translator = createLogTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    // Small enough to forget now and then.
    dictionaryCacheSize: 50,
    limits,
  })
  const truncated = { count: 0, length: 0 }
  const found = { accepted: 0, rejected: 0, unassociated: 0, wrongCounts: 0 }
  for (let seed = 0; seed < messages; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportLogsServiceRequest, generateLogs(random), random)
    const { rows: all, unassociated } = expectedLogs(body, RECEIVED_MS, limits)
    const expected = all.filter((row) => row !== null)
    const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
    const rows = withDictionary(decodeRows(translated.copies, 'log_record'), translated.dictionary)
    if (!isDeepStrictEqual(rows, expected)) {
      t.strictSame(rows, expected, `seed ${seed}`)
      break
    }
    found.wrongCounts += Math.abs(translated.accepted - expected.length)
    found.wrongCounts += Math.abs(translated.rejected - (all.length - expected.length))
    found.wrongCounts += Math.abs(translated.unassociated - unassociated)
    found.accepted += translated.accepted
    found.rejected += translated.rejected
    found.unassociated += translated.unassociated
    truncated.count += translated.truncatedAttributes.count
    truncated.length += translated.truncatedAttributes.length
  }
  t.equal(found.wrongCounts, 0)
  t.ok(found.accepted > messages / 2, `${found.accepted} log records compared`)
  t.ok(found.rejected > 0, `${found.rejected} rejected`)
  t.ok(found.unassociated > 0, `${found.unassociated} unassociated`)
  return truncated
}

t.test(`${MESSAGES} generated requests become the rows protobufjs reads in them`, (t) => {
  t.strictSame(compare(t, MESSAGES, UNLIMITED), { count: 0, length: 0 })
  t.end()
})

t.test(
  `${LIMITED_MESSAGES} generated requests are cut as the limits say, but never in their bodies`,
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
