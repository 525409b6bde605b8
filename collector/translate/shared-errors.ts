import { ErrorFingerprints } from './error-fingerprints'
import { ErrorSampler } from './error-sampler'
import { NO_RULES } from './fingerprint/rules'
import type { Overflow } from './overflow'
import type { TranslatorOptions } from './translator'

/** What the translators of spans and of log records share: the caps and the samples are of both. */
export interface SharedErrors {
  readonly fingerprints: ErrorFingerprints
  readonly sampler: ErrorSampler
}

/** Remembers as long as the translator lives. */
export function createSharedErrors(
  { fingerprintRules = NO_RULES }: TranslatorOptions,
  overflow: Overflow,
): SharedErrors {
  return {
    fingerprints: new ErrorFingerprints(fingerprintRules, overflow),
    sampler: new ErrorSampler(),
  }
}
