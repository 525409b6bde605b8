import t from 'tap'
import { isolateRows } from '../../collector/translate/origin'
import { createSignalTranslator } from '../helpers/translator'
import { ExportLogsServiceRequest, ExportTraceServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { generateLogs } from './log-generator'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 2_000
const DAY_MS = 86_400_000

const SIGNALS = {
  traces: { type: ExportTraceServiceRequest, generate: generateRequest },
  logs: { type: ExportLogsServiceRequest, generate: generateLogs },
} as const

for (const signal of ['traces', 'logs'] as const)
  t.test(`a row of ${signal} isolated from its request is the same row again, and alone`, (t) => {
    const { type, generate } = SIGNALS[signal]
    const translator = createSignalTranslator(signal, {
      retentionMs: 30 * DAY_MS,
      maxAheadMs: DAY_MS,
      tenantAttributes: ['tenant.id'],
      dictionaryCacheSize: 1_000,
    })
    const context = { receivedMs: RECEIVED_MS, tenant: null }
    let compared = 0
    const differing: string[] = []
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = createRandom(seed)
      const body = encodeWildly(type, generate(random), random)
      const [copy] = translator.translate(body, context).copies
      if (copy === undefined) continue
      const { bytes, offsets } = copy
      for (const [row, start] of offsets.entries()) {
        const alone = translator.translate(isolateRows(signal, body, copy, [row]), context)
        const expected = Buffer.from(bytes.subarray(start, offsets[row + 1] ?? bytes.length))
        const found = alone.copies[0]?.bytes ?? Buffer.alloc(0)
        if (alone.accepted !== 1 || alone.rejected !== 0 || !expected.equals(found)) {
          differing.push(`row ${row} of seed ${seed}`)
        }
        compared++
      }
      const all = isolateRows(signal, body, copy, [...offsets.keys()])
      const together = translator.translate(all, context).copies[0]?.bytes
      if (!Buffer.from(bytes).equals(together ?? Buffer.alloc(0))) differing.push(`seed ${seed}`)
    }
    t.same(differing, [])
    t.ok(compared > MESSAGES / 2, `${compared} rows compared`)
    t.end()
  })
