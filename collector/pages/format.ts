const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const NS_PER_MS = 1e6

/** A duration to three digits, in the unit that suits it. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms < 0.001) return `${digits(ms * NS_PER_MS)} ns`
  if (ms < 1) return `${digits(ms * 1_000)} µs`
  if (ms < SECOND_MS) return `${digits(ms)} ms`
  if (ms < MINUTE_MS) return `${digits(ms / SECOND_MS)} s`
  if (ms < HOUR_MS) return `${digits(ms / MINUTE_MS)} min`
  return `${digits(ms / HOUR_MS)} h`
}

/** The same of nanoseconds. */
export function formatNs(ns: number): string {
  return formatDuration(ns / NS_PER_MS)
}

/** A number to three digits, to two below 1 and whole from 100 on; thousands are set apart. */
export function digits(value: number): string {
  if (value >= 99.95) return formatCount(Math.round(value))
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)))
}

/** A whole number with its thousands set apart. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 span`, `2 spans`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A share in percent; what is more than nothing never reads as 0 %. */
export function formatPercent(percent: number): string {
  if (percent === 0) return '0 %'
  if (percent < 0.01) return '< 0.01 %'
  if (percent >= 99.95 && percent < 100) return '> 99.9 %'
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`
}

/** Day and time in UTC, to the second. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** The time of day of an RFC 3339 time in UTC, to the millisecond. */
export function timeOfDay(time: string): string {
  return time.slice(11, 23)
}
