import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import type { Translated } from '../../collector/translate/rows'
import { withSeries } from '../translate/expected-metric-rows'
import type { FullRow } from '../translate/expected-rows'
import { decodeMetricRows } from './metric-rows'
import { metrics, type MetricsInput } from './otlp-metrics'
import { createSignalTranslator, type SignalTranslator } from './translator'

export const DAY_MS = 86_400_000
export const NOON_MS = Date.UTC(2026, 6, 21, 12)
export const NOON_NS = BigInt(NOON_MS) * 1_000_000n

export interface TranslatedMetrics extends Translated {
  readonly rows: readonly FullRow[]
}

/** Translates what arrives at noon, or when it is said to. */
export function createMetricTranslator(
  limits: Partial<TranslationLimits> = {},
  dictionaryCacheSize = 100,
): (
  input: MetricsInput | readonly MetricsInput[] | Buffer,
  receivedMs?: number,
) => TranslatedMetrics {
  const translator = createPlain(limits, dictionaryCacheSize)
  return (input, receivedMs = NOON_MS) => {
    const body = Buffer.isBuffer(input) ? input : metrics(input as MetricsInput)
    const translated = translator.translate(body, { receivedMs, tenant: null })
    const rows = withSeries(decodeMetricRows(translated.copies), translated.dictionary)
    return { ...translated, rows }
  }
}

function createPlain(
  limits: Partial<TranslationLimits>,
  dictionaryCacheSize: number,
): SignalTranslator {
  return createSignalTranslator('metrics', {
    retentionMs: 10 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize,
    limits: { ...UNLIMITED, ...limits },
  })
}
