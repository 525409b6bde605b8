import type { Cursor } from '../otlp/cursor'

/** The attributes of spans that say of one without an error status that it failed. */
export const FAILURE_ATTRIBUTES = [
  'error.type',
  'rpc.grpc.status_code',
  'rpc.response.status_code',
] as const

/** The attributes of log records that an exception is told by. */
export const EXCEPTION_ATTRIBUTES = [
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'exception',
  'err',
  'error',
  ...['err.', 'error.'].flatMap((prefix) =>
    ['message', 'stack', 'stacktrace', 'stack_trace'].map((name) => `${prefix}${name}`),
  ),
] as const

/** Looks out for attributes that say that there is an error to be read. */
export class ErrorWatch {
  readonly names: readonly string[]
  readonly #cursor: Cursor
  readonly #keys: readonly (readonly Buffer[])[]
  /** Whether the item has one of them. */
  isNoticed = false

  constructor(cursor: Cursor, names: readonly string[]) {
    this.#cursor = cursor
    this.names = names
    const keys = names.map((name) => Buffer.from(name))
    const longest = Math.max(...keys.map(({ length }) => length))
    this.#keys = Array.from({ length: longest + 1 }, (_, length) =>
      keys.filter((key) => key.length === length),
    )
  }

  beginItem(): void {
    this.isNoticed = false
  }

  notice(keyStart: number, keyEnd: number): void {
    if (this.isNoticed) return
    const { bytes } = this.#cursor
    for (const key of this.#keys[keyEnd - keyStart] ?? []) {
      let index = 0
      while (index < key.length && bytes[keyStart + index] === key[index]) index++
      if (index === key.length) this.isNoticed = true
    }
  }
}
