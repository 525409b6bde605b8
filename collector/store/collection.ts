import { DICTIONARIES, type DictionaryName } from '../translate/rows'
import { dayOf, readClockMs } from './clock'
import type { Leadership } from './leadership'
import { readOldestDay } from './partitions'
import { SPOOL_DAYS } from './retention'

const BATCH = 1_000
/** Rows may be of a day ahead, and a day is dropped when it is over. */
const SPARE_DAYS = 2

/** Called with each dictionary of which rows were deleted. */
export type Collected = (dictionary: string, rows: number) => void

/**
 * Deletes the dictionary rows that no stored row refers to any more: not seen for longer than what refers to them is kept
 * (`keptDays`), and not since the day before the oldest partition either, should that have stayed longer. Returns a
 * function, which remembers how far it has come: looking for such rows reads a dictionary as a whole, and once a day is
 * enough.
 */
export function createCollection(
  keptDays: (dictionary: DictionaryName) => number,
  collected: Collected,
): (leadership: Leadership) => Promise<void> {
  const doneBefore = new Map<DictionaryName, number>()
  return async (leadership) => {
    const today = dayOf(await readClockMs(leadership))
    const oldestDay = (await readOldestDay(leadership)) ?? Infinity
    for (const dictionary of Object.keys(DICTIONARIES) as DictionaryName[]) {
      const edge = today - keptDays(dictionary) - SPOOL_DAYS - SPARE_DAYS
      const beforeDay = Math.min(edge, oldestDay - 1)
      if (beforeDay <= (doneBefore.get(dictionary) ?? -Infinity)) continue
      const rows = await collect(leadership, dictionary, beforeDay)
      if (rows > 0) collected(dictionary, rows)
      doneBefore.set(dictionary, beforeDay)
    }
  }
}

async function collect(
  leadership: Leadership,
  dictionary: DictionaryName,
  beforeDay: number,
): Promise<number> {
  let rows = 0
  for (let batch = BATCH; batch === BATCH; rows += batch) {
    const { rowCount } = await leadership.query(deleteStatement(dictionary), [beforeDay, BATCH])
    batch = rowCount ?? 0
  }
  return rows
}

/** A row that a writer marks as seen at this moment is passed over; a writer that comes later inserts it again. */
function deleteStatement(dictionary: string): string {
  return `
    delete from sidelight.${dictionary} where id in (
      select id from sidelight.${dictionary} where last_seen_day < date '1970-01-01' + $1::integer
      order by id limit $2 for update skip locked
    )`
}
