import type { Identity } from './identity'
import { Rollup } from './rollup'

/** Rollups, found by operation, minute and whether they are of requests. */
export class Rollups {
  #all: Rollup[] = []
  readonly #byOperation = new Map<number, Minutes>()

  /** Hands them out and starts over. */
  take(): readonly Rollup[] {
    const taken = this.#all
    this.#all = []
    this.#byOperation.clear()
    return taken
  }

  /** The one that is there, or a new one. */
  at(service: Identity, operation: Identity, minute: number, isRequest: boolean): Rollup {
    const key = operation.serial * 2 + (isRequest ? 1 : 0)
    const minutes = this.#byOperation.get(key)
    if (minutes?.last.minute === minute) return minutes.last
    let rollup = minutes?.others.get(minute)
    if (rollup === undefined) {
      rollup = new Rollup(service, operation, minute, isRequest)
      this.#all.push(rollup)
    }
    if (minutes === undefined) this.#byOperation.set(key, { last: rollup, others: NO_OTHERS })
    else {
      if (minutes.others === NO_OTHERS) minutes.others = new Map()
      minutes.others.set(minutes.last.minute, minutes.last)
      minutes.last = rollup
    }
    return rollup
  }
}

/** Spans of an operation mostly end in the minute of the one before. */
interface Minutes {
  last: Rollup
  others: Map<number, Rollup>
}

const NO_OTHERS = new Map<number, Rollup>()

/** What the rollups of several requests add up to; they stay as they are. */
export function mergeRollups(requests: readonly (readonly Rollup[])[]): readonly Rollup[] {
  const [only = [], ...more] = requests.filter((rollups) => rollups.length > 0)
  if (more.length === 0) return only
  const merged = new Rollups()
  for (const rollups of [only, ...more]) {
    for (const rollup of rollups) {
      const { service, operation, minute, isRequest } = rollup
      merged.at(service, operation, minute, isRequest).merge(rollup)
    }
  }
  return merged.take()
}
