import type { Attributes } from '@opentelemetry/api'

/**
 * A histogram of durations that costs a look-up and two additions, for measurements made on every request. It is read
 * when metrics are collected.
 */
export interface DurationHistogram {
  /**
   * Counts one duration. `key` names the combination of attributes; `attributes` is asked for them the first time a key
   * is seen.
   */
  record(seconds: number, key: string, attributes: () => Attributes): void
}
