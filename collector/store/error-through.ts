import { timeOf } from './error-times'

/** SQL, a row named `moment`: now, and the last throw of `group` known by now, however far ahead the clock is of who threw it. */
export function throughMoment(group: string): string {
  return `(
  select clock_timestamp() as at, (
    select ${timeOf('max(r.last_ns)')} from sidelight.error_group_hash h
    join sidelight.error_rollup r on r.error_hash = h.id and r.bucket >= statement_timestamp() - interval '1 hour'
    where h.group_id = ${group}
  ) as last_at
) as moment`
}

/** SQL: through when a resolution holds that is made at `moment`; clocks more than ten minutes ahead are not waited for. */
export const THROUGH = `greatest(
  moment.at, least(coalesce(moment.last_at, moment.at), moment.at + interval '10 minutes')
)`
