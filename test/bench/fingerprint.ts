import { benchCompiled } from './compiled'
import type { Figure } from './report'

/** What it costs to tell what fault an exception is a case of. */
export function benchFingerprint(): Promise<Figure[]> {
  return benchCompiled('fingerprint-rounds.js')
}
