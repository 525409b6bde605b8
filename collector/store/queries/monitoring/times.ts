/** A column of times in JSON, in UTC and to the millisecond: Postgres would write them in the time zone of the session. */
export function formatTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`
}
