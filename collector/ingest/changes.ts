import type { Sightings } from '../store/group'
import type { Counters } from '../telemetry/counters'
import { SEVERITY } from '../translate/error-throw'
import type { Translated } from '../translate/rows'

/** Counts what was changed in a request so that it could be kept. */
export function countChanges(counters: Counters, translated: Translated): void {
  const { repairedStrings, unassociated, correlationsLeftOut, throwsLeftOut, eventsLeftOut } =
    translated
  const { truncatedAttributes, overflowed } = translated
  counters.repairedStrings.inc(repairedStrings)
  counters.unassociatedLogRecords.inc(unassociated)
  counters.correlationsLeftOut.inc(correlationsLeftOut)
  counters.throwsLeftOut.inc(throwsLeftOut)
  counters.eventsLeftOut.inc(eventsLeftOut)
  counters.truncatedAttributes.inc({ reason: 'count' }, truncatedAttributes.count)
  counters.truncatedAttributes.inc({ reason: 'length' }, truncatedAttributes.length)
  for (const dictionary of CAPPED) {
    counters.overflowed.inc({ dictionary }, overflowed[dictionary])
  }
}

/** Counts the throws that the requests of a transaction told of. */
export function countSightings(counters: Counters, { added, repeated }: Sightings): void {
  for (const severity of added) counters.errors.inc({ severity: severityName(severity) })
  counters.repeatedSightings.inc(repeated)
}

const CAPPED = [
  'operation',
  'resource',
  'scope',
  'metric_series',
  'error_group_hash',
  'catalogue',
] as const

/** That of the worst that it reaches. */
function severityName(severity: number): string {
  const reached = Object.entries(SEVERITY).filter(([, floor]) => severity >= floor)
  return reached.at(-1)?.[0] ?? 'debug'
}
