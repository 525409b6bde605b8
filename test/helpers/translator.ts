import { bySignal } from '../../collector/otlp/signal'
import { UNLIMITED } from '../../collector/translate/limits'
import {
  createTranslator as create,
  type TranslatorOptions as Options,
} from '../../collector/translate/translator'
import type { Signal, Translated } from '../../collector/translate/rows'

/** The options of a translator that takes every signal for as long. */
export interface TranslatorOptions extends Partial<Omit<Options, 'retentionMs'>> {
  readonly retentionMs: number
}

interface Context {
  /** Unix milliseconds. */
  readonly receivedMs: number
  readonly tenant: string | null
}

export interface SignalTranslator {
  translate(body: Uint8Array, context: Context): Translated
}

/** A translator of one signal, with what a test does not care about left out. */
export function createSignalTranslator(
  signal: Signal,
  { retentionMs, ...options }: TranslatorOptions,
): SignalTranslator {
  const translator = create({
    maxAheadMs: 86_400_000,
    tenantAttributes: ['tenant.id'],
    correlationAttributes: [],
    dictionaryCacheSize: 100,
    limits: UNLIMITED,
    ...options,
    retentionMs: bySignal(() => retentionMs),
  })
  return { translate: (body, context) => translator.translate({ signal, body, ...context }) }
}

export function createLogTranslator(options: TranslatorOptions): SignalTranslator {
  return createSignalTranslator('logs', options)
}

export function createTraceTranslator(options: TranslatorOptions): SignalTranslator {
  return createSignalTranslator('traces', options)
}
