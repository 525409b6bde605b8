import type { PoolClient } from 'pg'
import type { CopyRows } from '../translate/rows'
import { type DeadLetter, insertDeadLetters } from './dead-letter'
import type { GroupRequest, PoisonItem } from './group'
import type { Poison } from './segments'

/** A request has so many letters at most; the last one holds all the items that are left. */
const MOST_LETTERS = 500
const MOST_LETTERS_BYTES = 8 * 1024 * 1024

/** Puts the poison into `dead_letter`, within the running transaction; returns it, with what Postgres refused even there. */
export async function keepPoison(client: PoolClient, poison: Poison): Promise<Poison> {
  if (poison.size === 0) return poison
  const refused = await insertDeadLetters(client, lettersOf(poison))
  if (refused.length === 0) return poison
  const lost = new Set(refused.flatMap(({ items }) => items))
  const marked = (items: readonly PoisonItem[]) =>
    items.map((item) => (lost.has(item) ? { ...item, isKept: false } : item))
  return new Map([...poison].map(([request, items]) => [request, marked(items)]))
}

interface PoisonLetter extends DeadLetter {
  readonly items: readonly PoisonItem[]
}

function* lettersOf(poison: Poison): Generator<PoisonLetter> {
  for (const [request, items] of poison) {
    for (const copy of request.translated.copies) {
      const refused = items.filter(({ table }) => table === copy.table.name)
      refused.sort((a, b) => a.row - b.row)
      yield* lettersOfCopy(request, copy, refused)
    }
  }
}

/** One an item, each with its resource and scope; there is an end to that, or a large resource would be kept a thousandfold. */
function* lettersOfCopy(
  request: GroupRequest,
  copy: CopyRows,
  items: readonly PoisonItem[],
): Generator<PoisonLetter> {
  let bytes = 0
  for (const [index, first] of items.entries()) {
    const isLast = index + 1 === MOST_LETTERS || bytes > MOST_LETTERS_BYTES
    const inside = isLast ? items.slice(index) : [first]
    const rows = inside.map(({ row }) => row)
    const body = request.isolate(copy, rows)
    const { digest, signal, tenant, receivedMs } = request
    const { table, row: item, sqlstate } = first
    const more = rows.length === 1 ? '' : ` (and ${rows.length - 1} more items of its request)`
    const message = `${first.message}${more}`
    const about = { digest, signal, tenant, receivedMs, table, item, sqlstate, message }
    yield { ...about, body, items: inside }
    if (isLast) return
    bytes += body.length
  }
}
