/** A row of `json_agg` with its times in UTC, for Postgres writes them in the time zone of the session. */
export function formatTimes<R extends Readonly<Record<K, string | null>>, K extends string>(
  row: R,
  names: readonly K[],
): R {
  const times = names.map((name) => {
    const time = row[name]
    return [name, time === null ? null : new Date(time).toISOString()]
  })
  return { ...row, ...Object.fromEntries(times) } as R
}
