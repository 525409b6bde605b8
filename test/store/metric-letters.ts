import type { GroupRequest } from '../../collector/store/group'
import { digestOf } from '../../collector/ingest/digest'
import { isolateRows } from '../../collector/translate/origin'
import { NOON_MICROS, translatedRequest } from '../helpers/rows'
import { createSignalTranslator } from '../helpers/translator'

/** When the requests arrive. */
export const RECEIVED_MS = Number(NOON_MICROS / 1_000n)
/** When the data points are from. */
export const NOON_NS = NOON_MICROS * 1_000n
const YEARS_MS = 1_000 * 365 * 86_400_000

const translator = createSignalTranslator('metrics', {
  retentionMs: YEARS_MS,
  maxAheadMs: YEARS_MS,
  tenantAttributes: ['tenant.id'],
  dictionaryCacheSize: 100,
})

/** A request to `/v1/metrics`, in protobuf, on its way to Postgres. */
export function translated(body: Uint8Array): GroupRequest {
  const context = { receivedMs: RECEIVED_MS, tenant: null }
  return translatedRequest(body, translator.translate(body, context), {
    signal: 'metrics',
    digest: digestOf('metrics', null, body),
    isolate: (copy, rows) => isolateRows('metrics', body, copy, rows),
  })
}
