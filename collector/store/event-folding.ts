import type { Folded } from './levels'
import type { Leadership } from './leadership'
import type { Queryable } from './session'

const FOLD = 'select folded::int as rows, is_more from sidelight.fold_events()'

/**
 * Adds what applications told of webhooks, rules, their API, rate limits and costs to the rows that are asked for, a bounded
 * step a transaction. Who else does so at the same time waits, and each row is added once.
 */
export async function foldEvents(leadership: Leadership, folded: Folded): Promise<void> {
  for (let isMore = true; isMore;) {
    const { rows } = await leadership.query<{ rows: number; is_more: boolean }>(FOLD)
    const [step] = rows
    if (step !== undefined && step.rows > 0) folded(step.rows, 'event_rollup')
    isMore = step?.is_more === true
  }
}

/** How a rate limit stood says nothing once it was reset; addresses that are limited are without end. */
const FORGET = `
delete from sidelight.catalogue_state s
where not exists (select from sidelight.catalogue c where c.id = s.catalogue_id)
  or (
    exists (select from sidelight.catalogue c where c.id = s.catalogue_id and c.kind = 'rate_limit')
    and sidelight.time_of(s.registered_ns) < now() - interval '24 hours'
    and coalesce(sidelight.parse_time(s.attributes ->> 'rate_limit.reset_at') < now(), true)
  )`

/**
 * Forgets how webhooks, rules and rate limits stood that are in the catalogue no more, and rate limits that were reset and not
 * observed for a day; returns how many.
 */
export async function forgetStates(database: Queryable): Promise<number> {
  return (await database.query(FORGET)).rowCount ?? 0
}
