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

const FORGET = `
delete from sidelight.catalogue_state s
where not exists (select from sidelight.catalogue c where c.id = s.catalogue_id)`

/** Forgets how webhooks, rules and rate limits stood that are in the catalogue no more; returns of how many. */
export async function forgetStates(database: Queryable): Promise<number> {
  return (await database.query(FORGET)).rowCount ?? 0
}
