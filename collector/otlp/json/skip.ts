import type { ProtobufWriter } from '../writer'
import { skipNumber } from './numbers'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  type JsonSource,
} from './source'
import { copyText } from './text'

/** Skips a value of any kind, checking that it is JSON. The writer's free room is scratch space. */
export function skipValue(source: JsonSource, writer: ProtobufWriter): void {
  /** The closing brackets waited for, innermost last. */
  const open: number[] = []
  do {
    const byte = source.peek()
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      enter(source, writer, open, byte)
      continue
    }
    skipScalar(source, writer, byte)
    leave(source, writer, open)
  } while (open.length > 0)
}

/** Takes the bracket and what stands before the first value; an empty object or array is taken whole. */
function enter(source: JsonSource, writer: ProtobufWriter, open: number[], byte: number): void {
  source.descend()
  source.at++
  const closing = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET
  open.push(closing)
  if (source.peek() === closing) leave(source, writer, open)
  else if (closing === CLOSE_BRACE) skipKey(source, writer)
}

/** After a value: takes the closing brackets, or the comma and what stands before the next value. */
function leave(source: JsonSource, writer: ProtobufWriter, open: number[]): void {
  while (open.length > 0) {
    const closing = open[open.length - 1]!
    const byte = source.peek()
    if (byte === COMMA) {
      source.at++
      if (closing === CLOSE_BRACE) skipKey(source, writer)
      return
    }
    if (byte !== closing) source.failSyntax(`',' or '${String.fromCharCode(closing)}'`)
    source.at++
    source.ascend()
    open.pop()
  }
}

function skipKey(source: JsonSource, writer: ProtobufWriter): void {
  source.expect(QUOTE)
  skipText(source, writer)
  source.expect(COLON)
}

function skipScalar(source: JsonSource, writer: ProtobufWriter, byte: number): void {
  const start = source.at
  if (byte === QUOTE) {
    source.at++
    skipText(source, writer)
  } else if (byte === LETTER_T) source.takeWord('true')
  else if (byte === LETTER_F) source.takeWord('false')
  else if (byte === LETTER_N) source.takeWord('null')
  else skipNumber(source)
  if (source.at === start) source.failSyntax('a value')
}

function skipText(source: JsonSource, writer: ProtobufWriter): void {
  const { end } = writer
  copyText(source, writer)
  writer.end = end
}
