/** Runs what it is given one after the other. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** A failure is the caller's alone: the next one has its turn all the same. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }
}
