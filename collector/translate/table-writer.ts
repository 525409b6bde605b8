import type { Lend } from '../slabs'
import { largestRows, RowBuffer } from './buffer'
import type { ResourceIdentity, ScopeIdentity } from './identity'
import type { CopyRows, Table } from './rows'
import type { Translation } from './translator'
import { ValueWriter } from './value'

/** Writes the rows of one table while a request is translated. */
export class TableWriter {
  readonly rows = new RowBuffer(0)
  /** Writes attributes into the rows. */
  readonly values: ValueWriter
  readonly #table: Table
  readonly #growth: number | undefined
  readonly #lend: Lend
  #offsets: number[] = []
  #sources: number[] = []
  #days: number[] = []
  #rowStart = 0

  constructor(table: Table, { cursor, limits, options }: Translation, growth?: number) {
    this.#table = table
    this.#growth = growth
    this.#lend = options.lend ?? Buffer.allocUnsafeSlow
    this.values = new ValueWriter(cursor, this.rows, limits)
  }

  /** How many rows are kept. */
  get count(): number {
    return this.#offsets.length
  }

  /** Where the row begins that was begun last. */
  get rowStart(): number {
    return this.#rowStart
  }

  /** Starts the rows of another request; those of one that broke off are forgotten. */
  beginRequest(bodyBytes: number): void {
    const { rows, values } = this
    rows.reset()
    values.repaired = values.droppedAttributes = values.cutValues = 0
    values.endLimit = largestRows(bodyBytes, this.#growth)
    this.#offsets = []
    this.#sources = []
    this.#days = []
  }

  /** Begins a row, to be kept or discarded. */
  open(resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { values } = this
    values.mark()
    values.isTooDeep = resource.isTooDeep || scope.isTooDeep
    values.isTooLarge = resource.isTooLarge || scope.isTooLarge
    this.begin()
  }

  /** Begins a row without attributes. */
  begin(): void {
    const { rows } = this
    this.#rowStart = rows.end
    rows.reserve(2)
    rows.view.setInt16(rows.end, this.#table.columns.length)
    rows.end += 2
  }

  /** `source` is where the row's item begins in the body, `day` the UTC day of its partition if the table has some. */
  keep(source: number, day?: number): void {
    this.#offsets.push(this.#rowStart)
    this.#sources.push(source)
    if (day !== undefined && !this.#days.includes(day)) this.#days.push(day)
  }

  discard(): void {
    this.rows.end = this.#rowStart
    this.values.revert()
  }

  /** Hands out the rows, null if there are none, and lets go of them. */
  finish(): CopyRows | null {
    if (this.#offsets.length === 0) {
      this.rows.reset()
      return null
    }
    const bytes = this.rows.take(this.#lend)
    return {
      table: this.#table,
      bytes,
      offsets: this.#offsets,
      sources: this.#sources,
      days: this.#days,
    }
  }
}
