/** The average number of threads that run or wait for a CPU or a disk, over 1, 5 and 15 minutes. */
export interface LoadReading {
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/** /proc/loadavg; null for a text that is none. */
export function parseLoad(loadavg: string): LoadReading | null {
  const [oneMinute = NaN, fiveMinutes = NaN, fifteenMinutes = NaN] = loadavg.split(' ').map(Number)
  if (![oneMinute, fiveMinutes, fifteenMinutes].every(Number.isFinite)) return null
  return { oneMinute, fiveMinutes, fifteenMinutes }
}

/** /proc/uptime: seconds since the boot; null for a text that is none. */
export function parseUptime(uptime: string): number | null {
  const seconds = Number.parseFloat(uptime)
  return Number.isFinite(seconds) ? seconds : null
}
