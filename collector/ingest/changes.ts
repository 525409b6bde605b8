import type { Counters } from '../telemetry/counters'
import type { Translated } from '../translate/rows'

/** Counts what was changed in a request so that it could be kept. */
export function countChanges(counters: Counters, translated: Translated): void {
  const { repairedStrings, unassociated, correlationsLeftOut, throwsLeftOut } = translated
  const { truncatedAttributes, overflowed } = translated
  counters.repairedStrings.inc(repairedStrings)
  counters.unassociatedLogRecords.inc(unassociated)
  counters.correlationsLeftOut.inc(correlationsLeftOut)
  counters.throwsLeftOut.inc(throwsLeftOut)
  counters.truncatedAttributes.inc({ reason: 'count' }, truncatedAttributes.count)
  counters.truncatedAttributes.inc({ reason: 'length' }, truncatedAttributes.length)
  for (const dictionary of CAPPED) {
    counters.overflowed.inc({ dictionary }, overflowed[dictionary])
  }
}

const CAPPED = ['operation', 'resource', 'scope', 'metric_series', 'error_group_hash'] as const
