import { TWO_32 } from './fields'

/** Reads rows of COPY BINARY that we have written, field by field, one row after the other. */
export class FieldReader {
  readonly bytes: Buffer
  readonly view: DataView
  at = 0

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.bytes = Buffer.from(buffer, byteOffset, byteLength)
    this.view = new DataView(buffer, byteOffset, byteLength)
  }

  /** A bigint that is not negative; -1 when it is null. */
  whole(): number {
    const { view, at } = this
    if (!this.#field(8)) return -1
    return view.getInt32(at + 4) * TWO_32 + view.getUint32(at + 8)
  }

  /** A double precision, as a field or as an element of an array. */
  float64(): number {
    this.at += 12
    return this.view.getFloat64(this.at - 8)
  }

  /** A smallint, likewise. */
  int16(): number {
    this.at += 6
    return this.view.getInt16(this.at - 2)
  }

  /** Where the 16 bytes of a uuid begin; -1 when it is null. */
  uuid(): number {
    const { at } = this
    return this.#field(16) ? at + 4 : -1
  }

  /** Comes to the elements of an array; returns how many there are. */
  array(): number {
    const { view, at } = this
    const isEmpty = view.getInt32(at + 4) === 0
    this.at += isEmpty ? 16 : 24
    return isEmpty ? 0 : view.getInt32(at + 16)
  }

  /** Passes over a row. */
  skipRow(): void {
    const { view } = this
    let fields = view.getInt16(this.at)
    let at = this.at + 2
    while (fields-- > 0) at += 4 + Math.max(0, view.getInt32(at))
    this.at = at
  }

  #field(length: number): boolean {
    const isNull = this.view.getInt32(this.at) === -1
    this.at += isNull ? 4 : 4 + length
    return !isNull
  }
}
