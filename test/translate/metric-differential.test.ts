import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { decodeMetricRows } from '../helpers/metric-rows'
import { ExportMetricsServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { createSignalTranslator } from '../helpers/translator'
import { expectedMetricRows, withSeries } from './expected-metric-rows'
import { generateRequest, RECEIVED_MS } from './metric-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 5_000
const LIMITED_MESSAGES = 1_000
const DAY_MS = 86_400_000

/** Compares generated requests with what protobufjs reads in them; returns what was cut and dropped in all. */
function compare(
  t: Test,
  messages: number,
  limits: TranslationLimits,
): { count: number; length: number } {
  const translator = createSignalTranslator('metrics', {
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    // Small enough to forget now and then.
    dictionaryCacheSize: 50,
    limits,
  })
  const truncated = { count: 0, length: 0 }
  const accepted: Record<string, number> = {}
  let rejected = 0
  let wrongCounts = 0
  for (let seed = 0; seed < messages; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportMetricsServiceRequest, generateRequest(random), random)
    const all = expectedMetricRows(body, RECEIVED_MS, limits)
    const expected = all.filter((row) => row !== null)
    const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
    const rows = withSeries(decodeMetricRows(translated.copies), translated.dictionary)
    if (!isDeepStrictEqual(rows, expected)) {
      t.strictSame(rows, expected, `seed ${seed}`)
      break
    }
    wrongCounts += Math.abs(translated.accepted - expected.length)
    wrongCounts += Math.abs(translated.rejected - (all.length - expected.length))
    for (const { series } of rows) {
      const kind = (series as string[])[1]!
      accepted[kind] = (accepted[kind] ?? 0) + 1
    }
    rejected += translated.rejected
    truncated.count += translated.truncatedAttributes.count
    truncated.length += translated.truncatedAttributes.length
  }
  t.equal(wrongCounts, 0)
  t.equal(Object.keys(accepted).length, 5)
  for (const [kind, count] of Object.entries(accepted)) {
    t.ok(count > messages / 10, `${count} data points of kind ${kind} compared`)
  }
  t.ok(rejected > messages / 20, `${rejected} data points rejected`)
  return truncated
}

t.test(`${MESSAGES} generated requests become the rows protobufjs reads in them`, (t) => {
  t.strictSame(compare(t, MESSAGES, UNLIMITED), { count: 0, length: 0 })
  t.end()
})

t.test(
  `${LIMITED_MESSAGES} generated requests are cut as the limits say, however they are encoded`,
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
