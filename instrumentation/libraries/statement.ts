import { Outline, type Outlined } from './outline'

/** What a statement of SQL does, read without its values. */
export interface Statement extends Outlined {
  /** The text to show: as given when values travel apart from it, else with every literal replaced by `?`. */
  readonly text: string
}

/** Where dialects differ in what is a literal: MySQL's strings have backslashes and double quotes. */
export type Dialect = 'postgresql' | 'mysql'

/** Characters of the shown text. */
const MAX_TEXT = 4096
/** Characters of a text that are looked at; what comes later is not shown either. */
const MAX_READ = 16_384

/** Reads a statement in one pass over its characters. `given` says that values travel apart from the text. */
export function readStatement(sql: string, dialect: Dialect, given: boolean): Statement {
  const reader = new Reader(sql.length > MAX_READ ? sql.slice(0, MAX_READ) : sql, dialect)
  const outlined = reader.read()
  const text = given ? sql : reader.redacted()
  return { ...outlined, text: text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text }
}

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const NUMBER =
  /0[xX][\da-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const PART = '(?:"(?:[^"]|"")+"|`[^`]+`|[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)'
const NAME = new RegExp(`${PART}(?:\\.${PART})*`, 'y')
const SPACES = /\s*/y
/** What may stand directly before the quote of a literal, and belongs to it. */
const PREFIX = /^(?:[NBXE]|_[a-z0-9]+)$/i

class Reader {
  readonly #sql: string
  readonly #mysql: boolean
  readonly #outline = new Outline()
  #at = 0
  #output = ''
  #copied = 0
  /** The last thing but a comma was a value of an `in (…)`. */
  #followsValue = false

  constructor(sql: string, dialect: Dialect) {
    this.#sql = sql
    this.#mysql = dialect === 'mysql'
  }

  read(): Outlined {
    while (this.#at < this.#sql.length) this.#readToken()
    return this.#outline.result()
  }

  redacted(): string {
    return (this.#output + this.#sql.slice(this.#copied)).trim()
  }

  #readToken(): void {
    const code = this.#code()
    if (code <= 0x20) this.#at += 1
    else if (isWordStart(code)) this.#readWord()
    else if (isDigit(code) || (code === DOT && isDigit(this.#code(1)))) this.#readNumber()
    else if (code === QUOTE || (code === DOUBLE && this.#mysql)) {
      this.#replace(this.#at, this.#endOfQuote(this.#at, this.#mysql))
    } else if (code === DOUBLE || code === BACKTICK) this.#readQuotedName(code)
    else if (code === DOLLAR && !this.#mysql) this.#readDollar()
    else if (this.#isComment(code)) this.#skipComment(code)
    else {
      const mark = this.#sql.charAt(this.#at)
      if (mark !== ',') this.#followsValue = false
      this.#outline.takeMark(mark)
      this.#at += 1
    }
  }

  #code(offset = 0): number {
    return this.#sql.charCodeAt(this.#at + offset)
  }

  #isComment(code: number): boolean {
    if (code === SLASH) return this.#code(1) === STAR
    if (code === HASH) return this.#mysql
    if (code !== MINUS || this.#code(1) !== MINUS) return false
    const third = this.#code(2)
    return !this.#mysql || Number.isNaN(third) || third <= 0x20
  }

  #skipComment(code: number): void {
    const sql = this.#sql
    let end = sql.indexOf(code === SLASH ? '*/' : '\n', this.#at)
    if (code === SLASH && !this.#mysql) end = endOfNestedComment(sql, this.#at)
    this.#output += sql.slice(this.#copied, this.#at)
    this.#at = end < 0 ? sql.length : end + (code === SLASH ? 2 : 0)
    this.#copied = this.#at
  }

  #readNumber(): void {
    NUMBER.lastIndex = this.#at
    NUMBER.test(this.#sql)
    this.#replace(this.#at, Math.max(NUMBER.lastIndex, this.#at + 1))
  }

  #readDollar(): void {
    DOLLAR_QUOTE.lastIndex = this.#at
    const tag = DOLLAR_QUOTE.exec(this.#sql)?.[0]
    if (tag === undefined) {
      // A placeholder, $1.
      NUMBER.lastIndex = this.#at + 1
      this.#at = NUMBER.test(this.#sql) ? NUMBER.lastIndex : this.#at + 1
      this.#followsValue = false
      return
    }
    const end = this.#sql.indexOf(tag, this.#at + tag.length)
    this.#replace(this.#at, end < 0 ? this.#sql.length : end + tag.length)
  }

  /** The end of a string in quotes, where a doubled quote stands for one. */
  #endOfQuote(start: number, backslashes: boolean): number {
    const sql = this.#sql
    const quote = sql.charCodeAt(start)
    for (let at = start + 1; at < sql.length; at += 1) {
      const code = sql.charCodeAt(at)
      if (code === BACKSLASH && backslashes) at += 1
      else if (code === quote) {
        if (sql.charCodeAt(at + 1) !== quote) return at + 1
        at += 1
      }
    }
    return sql.length
  }

  /** Has a `?` shown for a literal; the values of an `in (…)` become one. */
  #replace(start: number, end: number): void {
    const isOneMore = this.#outline.isAmongValues && this.#followsValue
    if (!isOneMore) this.#output += `${this.#sql.slice(this.#copied, start)}?`
    this.#at = this.#copied = Math.min(end, this.#sql.length)
    this.#followsValue = this.#outline.isAmongValues
    this.#outline.takeLiteral()
  }

  #readQuotedName(quote: number): void {
    this.#followsValue = false
    if (this.#outline.expectsName) {
      this.#readTable()
      return
    }
    const end = this.#sql.indexOf(String.fromCharCode(quote), this.#at + 1)
    this.#outline.takeName(this.#sql.slice(this.#at + 1, end < 0 ? undefined : end))
    this.#at = end < 0 ? this.#sql.length : end + 1
  }

  #readWord(): void {
    const start = this.#at
    WORD.lastIndex = start
    WORD.test(this.#sql)
    const end = WORD.lastIndex
    const word = this.#sql.slice(start, end)
    if (this.#sql.charCodeAt(end) === QUOTE && PREFIX.test(word)) {
      const hasBackslashes = this.#mysql || word === 'E' || word === 'e'
      this.#replace(start, this.#endOfQuote(end, hasBackslashes))
      return
    }
    this.#followsValue = false
    if (this.#outline.takeWord(word)) this.#readTable()
    else this.#at = end
  }

  #readTable(): void {
    NAME.lastIndex = this.#at
    const name = NAME.exec(this.#sql)?.[0]
    if (name === undefined) {
      this.#outline.takeLiteral()
      this.#at += 1
      return
    }
    this.#at += name.length
    SPACES.lastIndex = this.#at
    SPACES.test(this.#sql)
    this.#outline.takeTable(name.replaceAll(/["`]/g, ''), this.#sql[SPACES.lastIndex] === '(')
  }
}

const QUOTE = 0x27
const DOUBLE = 0x22
const BACKTICK = 0x60
const BACKSLASH = 0x5c
const DOLLAR = 0x24
const SLASH = 0x2f
const STAR = 0x2a
const MINUS = 0x2d
const HASH = 0x23
const DOT = 0x2e

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isWordStart(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code >= 0x80
}

/** Where the last `*` of a comment is that may have others in it; -1 if it never ends. */
function endOfNestedComment(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length - 1; at += 1) {
    const code = sql.charCodeAt(at)
    const next = sql.charCodeAt(at + 1)
    if (code === SLASH && next === STAR) {
      depth += 1
      at += 1
    } else if (code === STAR && next === SLASH) {
      depth -= 1
      if (depth === 0) return at
      at += 1
    }
  }
  return -1
}
