/** What has been gathered for each group and step; null where nothing was. */
export class Cells<T> {
  readonly #steps: number
  readonly #combine: (known: T, more: T) => T
  readonly #groups: (T | null)[][] = []

  constructor(steps: number, combine: (known: T, more: T) => T) {
    this.#steps = steps
    this.#combine = combine
  }

  add(group: number, step: number, value: T): void {
    const row = (this.#groups[group] ??= this.#emptyRow())
    const known = row[step] ?? null
    row[step] = known === null ? value : this.#combine(known, value)
  }

  /** The cells of a group, one a step. */
  row(group: number): readonly (T | null)[] {
    return this.#groups[group] ?? this.#emptyRow()
  }

  #emptyRow(): (T | null)[] {
    return Array.from({ length: this.#steps }, () => null)
  }
}
