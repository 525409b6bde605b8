import type { Lend } from '../slabs'
import { writeKeyValue } from './json/attribute'
import {
  writeDouble,
  writeFixed32,
  writeSigned64,
  writeUnsigned64,
  writeVarint32,
  writeZigzag32,
} from './json/numbers'
import { isLiteralNext } from './json/literal'
import { findField, planOf, type FieldPlan, type Plan } from './json/plan'
import { skipValue } from './json/skip'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  JsonSource,
  LETTER_N,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json/source'
import { copyText, writeBase64, writeId } from './json/text'
import type { MessageSchema } from './schema'
import { ProtobufWriter } from './writer'

/** The most one value, its tag and its length take beyond the bytes they have in JSON. */
const VALUE_ROOM_BYTES = 64
/** Messages nested deeper get padded lengths even when small, so that hostile nesting cannot make us move bytes often. */
const MAX_MOVING_DEPTH = 24
const NOT_IN_ARRAY = -1

/**
 * Translates an OTLP/JSON body to the protobuf encoding of the message `root`: one pass over the UTF-8 bytes, no
 * object tree, no recursion, 64-bit integers exact. Throws BadData, naming the place, when the body is no JSON or a
 * member's value is not what its field takes.
 *
 * Beyond the letter of the proto3 JSON mapping: a malformed id is passed on with a length no id has, so that only its
 * item is refused; an integer too large for the `int64` of a oneof becomes its `double`; a null message in an array is
 * an empty message; a repeated key overwrites (scalars), merges (messages) or appends (arrays), as on the wire; a null
 * member counts as absent.
 *
 * It is written into memory that is lent, as much as the body has.
 */
export function protobufFromJson(
  body: Uint8Array,
  root: MessageSchema,
  lend: Lend = Buffer.allocUnsafeSlow,
): Buffer {
  return new Translation(body, planOf(root), lend).run()
}

/** An object being translated; with `index` >= 0 we are inside the array that is its member `field`. */
class Frame {
  plan: Plan
  /** The member read last, or the plan's `start`. */
  field: FieldPlan
  index = NOT_IN_ARRAY
  isEmpty = true
  isWide = false
  /** Where the message's bytes begin in the output. */
  start = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.field = plan.start
  }
}

class Translation {
  readonly #source: JsonSource
  readonly #writer: ProtobufWriter
  readonly #frames: Frame[]
  #depth = 0

  constructor(body: Uint8Array, root: Plan, lend: Lend) {
    this.#source = new JsonSource(body, (withMember) => this.#path(withMember))
    this.#writer = new ProtobufWriter(lend(body.byteLength + 4 * VALUE_ROOM_BYTES))
    this.#frames = [new Frame(root)]
  }

  run(): Buffer {
    const source = this.#source
    if (source.peek() !== OPEN_BRACE) source.failSyntax('an object')
    source.descend()
    source.at++
    while (this.#depth >= 0) {
      const frame = this.#frames[this.#depth]!
      if (frame.index === NOT_IN_ARRAY) this.#readMembers(frame)
      else this.#readElements(frame)
    }
    if (source.peek() !== -1) source.failSyntax('the end of the body')
    return this.#writer.finish()
  }

  /** Reads members until the object ends or one of them opens an object or an array of objects. */
  #readMembers(frame: Frame): void {
    const source = this.#source
    for (;;) {
      let byte = source.peek()
      if (byte === CLOSE_BRACE) {
        source.at++
        this.#closeObject(frame)
        return
      }
      if (frame.isEmpty) frame.isEmpty = false
      else {
        if (byte !== COMMA) source.failSyntax("',' or '}'")
        source.at++
        byte = source.peek()
      }
      if (byte !== QUOTE) source.failSyntax("a key in '\"'")
      const field = this.#readKey(frame)
      if (field === null) skipValue(source, this.#writer)
      else if (this.#readMember(frame, field)) return
    }
  }

  /** Reads a key and its colon. The key that followed last time is tried first. */
  #readKey(frame: Frame): FieldPlan | null {
    const source = this.#source
    const expected = frame.field.followedBy
    if (expected !== null && isLiteralNext(source, expected.literal)) {
      source.at += expected.literal.size
      frame.field = expected
      return expected
    }
    const writer = this.#writer
    const start = writer.end
    writer.reserve(source.length - source.at + VALUE_ROOM_BYTES)
    source.at++
    copyText(source, writer)
    const field = findField(frame.plan, writer.bytes, start, writer.end)
    writer.end = start
    source.expect(COLON)
    if (field !== null) {
      frame.field.followedBy = field
      frame.field = field
    }
    return field
  }

  /** Reads the value of `field`; true when it opened an object or an array of objects, whose contents come next. */
  #readMember(frame: Frame, field: FieldPlan): boolean {
    const source = this.#source
    const byte = source.peek()
    if (byte === LETTER_N && source.takeWord('null')) return false
    this.#writer.reserve(source.length - source.at + VALUE_ROOM_BYTES)
    if (field.isRepeated) {
      if (byte !== OPEN_BRACKET) this.#failMember('an array')
      source.descend()
      source.at++
      frame.index = 0
      if (field.plan !== null) return true
      this.#readScalars(frame, field)
      return false
    }
    if (field.plan === null) {
      this.#writeScalar(field)
      return false
    }
    if (byte !== OPEN_BRACE) this.#failMember('an object')
    this.#openObject(field, field.plan)
    return true
  }

  /** Reads elements of an array of objects until it ends or one of them is opened. */
  #readElements(frame: Frame): void {
    const source = this.#source
    const { field } = frame
    const plan = field.plan!
    for (;;) {
      if (!this.#hasElement(frame)) return
      this.#writer.reserve(source.length - source.at + VALUE_ROOM_BYTES)
      if (plan.isKeyValue && writeKeyValue(source, this.#writer, field.tag)) continue
      const byte = source.peek()
      if (byte === OPEN_BRACE) return this.#openObject(field, plan)
      if (byte !== LETTER_N || !source.takeWord('null')) this.#failMember('an object')
      this.#writer.tag(field.tag)
      this.#writer.close(this.#writer.open())
    }
  }

  /** Reads a whole array of scalars: numbers become one packed field, texts a field each. */
  #readScalars(frame: Frame, field: FieldPlan): void {
    const source = this.#source
    const writer = this.#writer
    const isPacked = field.type !== 'string'
    const tagStart = writer.end
    let start = 0
    if (isPacked) {
      writer.tag(field.tag)
      start = writer.openWide()
    }
    while (this.#hasElement(frame)) {
      writer.reserve(source.length - source.at + VALUE_ROOM_BYTES)
      if (!isPacked) writer.tag(field.tag)
      this.#writeValue(field)
    }
    if (!isPacked) return
    if (writer.end === start) writer.end = tagStart
    else writer.closeWide(start)
  }

  /** Takes the comma before the next element, or the end of the array. */
  #hasElement(frame: Frame): boolean {
    const source = this.#source
    const byte = source.peek()
    if (byte === CLOSE_BRACKET) {
      source.at++
      source.ascend()
      frame.index = NOT_IN_ARRAY
      return false
    }
    if (frame.index > 0) {
      if (byte !== COMMA) source.failSyntax("',' or ']'")
      source.at++
      if (source.peek() === CLOSE_BRACKET) source.failSyntax('a value')
    }
    frame.index++
    return true
  }

  #openObject(field: FieldPlan, plan: Plan): void {
    const writer = this.#writer
    this.#source.descend()
    this.#source.at++
    this.#depth++
    let frame = this.#frames[this.#depth]
    if (frame === undefined) {
      frame = new Frame(plan)
      this.#frames.push(frame)
    }
    frame.plan = plan
    frame.field = plan.start
    frame.isEmpty = true
    frame.isWide = !plan.isSmall || this.#depth > MAX_MOVING_DEPTH
    writer.tag(field.tag)
    frame.start = frame.isWide ? writer.openWide() : writer.open()
  }

  #closeObject(frame: Frame): void {
    this.#source.ascend()
    if (this.#depth > 0) {
      if (frame.isWide) this.#writer.closeWide(frame.start)
      else this.#writer.close(frame.start)
    }
    this.#depth--
  }

  #writeScalar(field: FieldPlan): void {
    const writer = this.#writer
    const { end } = writer
    writer.tag(field.tag)
    if (this.#writeValue(field)) return
    writer.end = end
    writer.tag(field.doubleTag)
    writeDouble(this.#source, writer)
  }

  /** False when an integer is too large for its field and its oneof has a double. */
  #writeValue(field: FieldPlan): boolean {
    const source = this.#source
    const writer = this.#writer
    switch (field.type) {
      case 'string':
        this.#expectText()
        this.#writeText()
        return true
      case 'id':
        this.#expectText()
        writeId(source, writer)
        return true
      case 'bytes':
        this.#expectText()
        writeBase64(source, writer)
        return true
      case 'fixed64':
        writeUnsigned64(source, writer, true)
        return true
      case 'uint64':
        writeUnsigned64(source, writer, false)
        return true
      case 'int64':
        return writeSigned64(source, writer, false, field.doubleTag !== 0)
      case 'sfixed64':
        return writeSigned64(source, writer, true, field.doubleTag !== 0)
      case 'enum':
      case 'uint32':
      case 'int32':
        writeVarint32(source, writer, field.type)
        return true
      case 'fixed32':
        writeFixed32(source, writer)
        return true
      case 'sint32':
        writeZigzag32(source, writer)
        return true
      case 'double':
        writeDouble(source, writer)
        return true
      case 'bool':
        this.#writeBool()
        return true
      case 'message':
        throw new Error(`cannot write ${field.name}: a message is no scalar`)
    }
  }

  #writeText(): void {
    const source = this.#source
    const writer = this.#writer
    const start = writer.open()
    source.at++
    copyText(source, writer)
    writer.close(start)
  }

  #writeBool(): void {
    const source = this.#source
    const isTrue = source.takeWord('true')
    if (!isTrue && !source.takeWord('false')) this.#failMember('true or false')
    this.#writer.varint(isTrue ? 1 : 0, 0)
  }

  #expectText(): void {
    if (this.#source.peek() !== QUOTE) this.#failMember('a string')
  }

  #failMember(expected: string): never {
    return this.#source.failValue(expected, this.#source.at)
  }

  /** Where we are, as `resourceSpans[0].scopeSpans[0].spans[3].name`; without its last member unless `withMember`. */
  #path(withMember: boolean): string {
    const parts: string[] = []
    for (let depth = 0; depth <= this.#depth; depth++) {
      const { plan, field, index } = this.#frames[depth]!
      const isOpen = depth < this.#depth || index !== NOT_IN_ARRAY || withMember
      if (!isOpen || field === plan.start) continue
      parts.push(index === NOT_IN_ARRAY ? field.name : `${field.name}[${Math.max(index - 1, 0)}]`)
    }
    return parts.join('.')
  }
}
