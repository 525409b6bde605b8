import { BadData } from '../../../errors'
import { copyOut } from '../../copy-out'
import type { Reading } from '../read'
import { selectRollups, type RollupRange } from './statement'
import { RowSums, Tally, type Sums } from './tally'

/** Columns of `selectRollups` before those that are added up. */
const KEYS = 3
/** So many groups and steps are held at once, which with their answer take up to 100 MB. */
const MAX_CELLS = 50_000

/** What was rolled up for a key in a step. */
export interface Rolled {
  /** Decimal id of a service or operation; "0" when all are together. */
  readonly key: string
  readonly isRequest: boolean
  /** Begin of the step. */
  readonly sinceMs: number
  /** Only while it is handed over. */
  readonly sums: Sums
}

/** Reads rollups and hands them over, several for a key and step. */
export async function readRollups(
  { client }: Reading,
  range: RollupRange,
  take: (rolled: Rolled) => void,
): Promise<void> {
  if (range.narrowing?.ids.length === 0) return
  let sums: RowSums | undefined
  await copyOut(client, selectRollups(range), (row) => {
    sums ??= new RowSums(row, KEYS)
    take({
      key: String(row.int64(0)),
      sinceMs: row.unixMicros(1) / 1000,
      isRequest: row.isTrue(2),
      sums,
    })
  })
}

/** Tallies by group and step. Throws BadData when there are too many. */
export class Tallies {
  readonly #groups = new Map<string, Map<number, Tally>>()
  #cells = 0

  add(group: string, sinceMs: number, sums: Sums): void {
    let steps = this.#groups.get(group)
    if (steps === undefined) this.#groups.set(group, (steps = new Map()))
    let tally = steps.get(sinceMs)
    if (tally === undefined) {
      if (++this.#cells > MAX_CELLS) {
        throw new BadData(
          `The question has more than ${MAX_CELLS} answers: ask for longer steps or one service.`,
        )
      }
      steps.set(sinceMs, (tally = new Tally()))
    }
    tally.add(sums)
  }

  keys(): string[] {
    return [...this.#groups.keys()]
  }

  /** The steps of a group in order of time. */
  steps(group: string): (readonly [number, Tally])[] {
    return [...(this.#groups.get(group) ?? [])].sort(([a], [b]) => a - b)
  }
}
