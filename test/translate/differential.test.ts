import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { createTraceTranslator } from '../../collector/translate/traces'
import { decodeSpanRows } from '../helpers/copy-rows'
import { ExportTraceServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { expectedRows, withDictionary } from './expected-rows'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 10_000
const DAY_MS = 86_400_000

t.test(`${MESSAGES} generated requests become the rows protobufjs reads in them`, (t) => {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    // Small enough to forget now and then.
    dictionaryCacheSize: 50,
  })
  let accepted = 0
  let rejected = 0
  let wrongCounts = 0
  for (let seed = 0; seed < MESSAGES; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportTraceServiceRequest, generateRequest(random), random)
    const all = expectedRows(body, RECEIVED_MS)
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
  }
  t.equal(wrongCounts, 0)
  t.ok(accepted > MESSAGES / 2, `${accepted} spans compared`)
  t.ok(rejected > 0, `${rejected} spans rejected`)
  t.end()
})
