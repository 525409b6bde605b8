/** SQL: the timestamptz of unix nanoseconds, cut to microseconds. */
export function timeOf(ns: string): string {
  return `(timestamptz 'epoch' + (${ns} / 1000) * interval '1 microsecond')`
}

/** SQL: the unix nanoseconds of a timestamptz. */
export function nanosOf(time: string): string {
  return `((extract(epoch from ${time}) * 1000000)::bigint * 1000)`
}

/** SQL: the unix milliseconds of a timestamptz, as float8, null where it is null. */
export function millisOf(time: string): string {
  return `(extract(epoch from ${time}) * 1000)::float8`
}
