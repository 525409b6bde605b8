import t from 'tap'
import { isolateRows } from '../../collector/translate/origin'
import { ExportMetricsServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { createSignalTranslator } from '../helpers/translator'
import { generateRequest, RECEIVED_MS } from './metric-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 2_000
const DAY_MS = 86_400_000

t.test('a data point isolated from its request is the same row again, and alone', (t) => {
  const translator = createSignalTranslator('metrics', {
    retentionMs: 30 * DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 1_000,
  })
  const context = { receivedMs: RECEIVED_MS, tenant: null }
  let compared = 0
  const differing: string[] = []
  for (let seed = 0; seed < MESSAGES; seed++) {
    const random = createRandom(seed)
    const body = encodeWildly(ExportMetricsServiceRequest, generateRequest(random), random)
    for (const copy of translator.translate(body, context).copies) {
      const { bytes, offsets, table } = copy
      for (const [row, start] of offsets.entries()) {
        const alone = translator.translate(isolateRows('metrics', body, copy, [row]), context)
        const expected = Buffer.from(bytes.subarray(start, offsets[row + 1] ?? bytes.length))
        const [found] = alone.copies
        const isSame = expected.equals(found?.bytes ?? Buffer.alloc(0)) && found?.table === table
        if (alone.accepted !== 1 || alone.rejected !== 0 || !isSame) {
          differing.push(`row ${row} of seed ${seed}`)
        }
        compared++
      }
      const all = isolateRows('metrics', body, copy, [...offsets.keys()])
      const together = translator.translate(all, context).copies[0]?.bytes
      if (!Buffer.from(bytes).equals(together ?? Buffer.alloc(0))) differing.push(`seed ${seed}`)
    }
  }
  t.same(differing, [])
  t.ok(compared > MESSAGES / 2, `${compared} rows compared`)
  t.end()
})
