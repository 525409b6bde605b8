/** OpenTelemetry's numbers by name, and what the levels of others mean (logs data model, appendix B). */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name, group) =>
    ['', '2', '3', '4'].map((step, index) => [name + step, group * 4 + index + 1] as const),
  ),
  ['TRC', 1],
  ['FINEST', 1],
  ['DBG', 5],
  ['VERBOSE', 5],
  ['FINER', 5],
  ['FINE', 6],
  ['CONFIG', 7],
  ['INF', 9],
  ['INFORMATION', 9],
  ['INFORMATIONAL', 9],
  ['NOTICE', 10],
  ['WRN', 13],
  ['WARNING', 13],
  ['ERR', 17],
  ['SEVERE', 17],
  ['CRIT', 18],
  ['CRITICAL', 18],
  ['DPANIC', 18],
  ['ALERT', 19],
  ['PANIC', 19],
  ['EMERG', 21],
  ['EMERGENCY', 21],
])
const LONGEST_NAME_BYTES = Math.max(...[...NUMBERS.keys()].map(({ length }) => length))

/** The severity number that a text means, whatever its case; 0 when that is not known. */
export function severityOf(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > LONGEST_NAME_BYTES) return 0
  return NUMBERS.get(bytes.toString('latin1', start, end).toUpperCase()) ?? 0
}
