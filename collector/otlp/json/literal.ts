import type { JsonSource } from './source'

/** Fixed text of at least four bytes, compared four bytes at a time. */
export interface Literal {
  /** Little-endian words; the last one may overlap the one before it so that every word is full. */
  readonly words: Int32Array
  readonly size: number
}

/** Prepares a text for `isLiteralNext`. */
export function literalOf(text: string): Literal {
  const bytes = Buffer.from(text)
  const words: number[] = []
  for (let at = 0; at + 4 < bytes.length; at += 4) words.push(bytes.readInt32LE(at))
  words.push(bytes.readInt32LE(bytes.length - 4))
  return { words: Int32Array.from(words), size: bytes.length }
}

/** Whether the body goes on with exactly this text; takes nothing. */
export function isLiteralNext(source: JsonSource, literal: Literal): boolean {
  const { view, at } = source
  const { words, size } = literal
  if (at + size > source.length) return false
  const last = words.length - 1
  for (let index = 0; index < last; index++) {
    if (view.getInt32(at + index * 4, true) !== words[index]) return false
  }
  return view.getInt32(at + size - 4, true) === words[last]
}
