/** What the words of a text of SQL say of it. */
export interface Outlined {
  /** As `SELECT`; of several statements in one text `BATCH`, or `BATCH INSERT` when all do the same. */
  readonly operation: string | undefined
  /** The table, when the text names exactly one. */
  readonly collection: string | undefined
  readonly procedure: string | undefined
  /** Operations and tables in the order of the text: `SELECT users orders`. */
  readonly summary: string
  /** How many statements the text has. */
  readonly count: number
}

/** Inside one pair of parentheses, or outside of all. */
interface Level {
  /** The first word, if it is one a statement begins with; empty if it is not; undefined before it came. */
  verb: string | undefined
  /** The next name is a table's. */
  expects: boolean
  /** Tables are listed, so that a comma is followed by another one. */
  lists: boolean
  /** The values of an `in (…)`. */
  readonly values: boolean
}

/**
 * Finds operations and tables in the words and marks of a text, which it is told one after the other. Tables are where
 * simple statements have them (`from`, `join`, `into`, `update`, `table`); this is no grammar.
 */
export class Outline {
  #levels: Level[] = [newLevel()]
  #level: Level = this.#levels[0] as Level
  #previous = ''
  readonly #operations: string[] = []
  readonly #tables = new Set<string>()
  /** Names of the queries of a `with`. */
  readonly #defined = new Set<string>()
  /** The words of the summary, of each statement. */
  readonly #parts: string[][] = []
  #procedure: string | undefined
  #begun = false

  result(): Outlined {
    const [first] = this.#operations
    const count = Math.max(1, this.#operations.length)
    const same = this.#operations.every((operation) => operation === first)
    const [table] = this.#tables
    const statements = new Set(this.#parts.map((words) => words.join(' ')))
    return {
      operation: count === 1 ? first : same ? `BATCH ${first}` : 'BATCH',
      collection: this.#tables.size === 1 ? table : undefined,
      procedure: this.#procedure,
      summary: [...statements].join('; ').slice(0, MAX_SUMMARY),
      count,
    }
  }

  get expectsName(): boolean {
    return this.#level.expects
  }

  /** Inside an `in (…)`. */
  get isAmongValues(): boolean {
    return this.#level.values
  }

  /** Takes a word that is not quoted; true if it is the beginning of a table's name, which is to be told next. */
  takeWord(word: string): boolean {
    const upper = word.toUpperCase()
    // After a dot it is a column, as in `users.from`.
    if (this.#previous !== '.' && !this.#beginLevel(upper)) {
      if (this.#level.expects && !BEFORE_NAME.has(upper)) return true
      this.#heedKeyword(upper, word)
    }
    this.#previous = upper
    return false
  }

  /** Takes a quoted name that is no table's. */
  takeName(name: string): void {
    this.#define(name)
    this.#previous = ''
  }

  takeLiteral(): void {
    this.#level.expects = false
    this.#previous = ''
  }

  /** Takes the name of a table or procedure, without quotes. */
  takeTable(name: string, hasParenthesis: boolean): void {
    const level = this.#level
    const previous = this.#previous
    level.expects = false
    this.#previous = name
    const words = this.#parts.at(-1)
    if (level.verb === 'CALL') {
      this.#procedure = name
      words?.push(name)
      return
    }
    // Columns, and no further tables, follow the one of an insert.
    level.lists = previous !== 'INTO'
    const isFunction = hasParenthesis && BEFORE_FUNCTION.has(previous)
    if (isFunction || this.#defined.has(name.toLowerCase())) return
    this.#tables.add(name)
    if (words !== undefined && !words.includes(name, 1)) words.push(name)
  }

  takeMark(mark: string): void {
    const level = this.#level
    if (mark === '(') this.#open()
    else if (mark === ')') this.#close()
    else if (mark === ',') level.expects = level.lists
    else if (mark === ';' && this.#levels.length === 1) {
      this.#level = newLevel()
      this.#levels = [this.#level]
      this.#begun = false
    } else level.expects = false
    this.#previous = mark === '.' ? mark : ''
  }

  #open(): void {
    const level = this.#level
    const inner = newLevel(this.#previous === 'IN')
    inner.expects = level.expects
    if (level.expects) level.lists = true
    level.expects = false
    this.#levels.push(inner)
    this.#level = inner
  }

  #close(): void {
    if (this.#levels.length === 1) return
    this.#levels.pop()
    this.#level = this.#levels.at(-1) as Level
  }

  /** Takes the first word of a level; false when it is no keyword, but may be a name. */
  #beginLevel(word: string): boolean {
    const level = this.#level
    if (level.verb !== undefined) return false
    const isVerb = VERBS.has(word)
    level.verb = isVerb ? word : ''
    if (!this.#begun && (isVerb || this.#levels.length === 1)) {
      this.#begun = true
      this.#operations.push(word)
      this.#parts.push([word])
    } else if (!isVerb) return false
    level.expects = TAKES_NAME.has(word)
    return true
  }

  #heedKeyword(upper: string, word: string): void {
    const level = this.#level
    const verb = level.verb ?? ''
    if (verb === 'WITH' && this.#levels.length === 1) this.#heedWith(upper, word)
    else if (upper === 'JOIN') level.expects = true
    else if (upper === 'FROM') {
      level.expects = verb !== '' && verb !== 'COPY' && this.#previous !== 'DISTINCT'
    } else if (upper === 'INTO') level.expects = INSERTING.has(verb)
    else if (upper === 'USING') {
      level.lists = false
      level.expects = verb === 'DELETE' || verb === 'MERGE'
    } else if (DEFINING.has(verb) && BEFORE_OBJECT.has(this.#previous)) this.#heedObject(upper)
    else if (AFTER_TABLES.has(upper)) level.lists = false
  }

  /** Between `with` and what is done in the end come the names of queries. */
  #heedWith(upper: string, word: string): void {
    if (!MAIN_VERBS.has(upper)) {
      this.#define(word)
      return
    }
    this.#level.verb = upper
    this.#level.expects = TAKES_NAME.has(upper)
    this.#operations[this.#operations.length - 1] = upper
    const words = this.#parts.at(-1)
    if (words !== undefined) words[0] = upper
  }

  #define(name: string): void {
    if (this.#level.verb === 'WITH' && this.#levels.length === 1)
      this.#defined.add(name.toLowerCase())
  }

  /** What is created, altered or dropped; the name follows only if it is a table. */
  #heedObject(upper: string): void {
    if (this.#levels.length > 1 || BEFORE_OBJECT.has(upper)) return
    this.#parts.at(-1)?.push(upper)
    this.#level.expects = upper === 'TABLE'
    // What a view or a function is made from is not what is changed.
    if (upper !== 'TABLE') this.#level.verb = ''
  }
}

const MAX_SUMMARY = 255

const VERBS = words(
  'SELECT INSERT UPDATE DELETE REPLACE MERGE WITH CREATE ALTER DROP TRUNCATE COPY CALL LOCK',
)
/** What a `with` may be followed by, once its own queries are over. */
const MAIN_VERBS = words('SELECT INSERT UPDATE DELETE REPLACE MERGE')
const INSERTING = words('INSERT REPLACE MERGE')
const TAKES_NAME = words('UPDATE TRUNCATE COPY CALL')
const DEFINING = words('CREATE ALTER DROP TRUNCATE LOCK')
/** Words that the kind of thing which is defined comes after. */
const BEFORE_OBJECT = words(
  'CREATE ALTER DROP TRUNCATE LOCK OR REPLACE UNIQUE TEMP TEMPORARY UNLOGGED MATERIALIZED',
)
/** Words between a keyword and the name of its table. */
const BEFORE_NAME = words(
  'ONLY LATERAL IF NOT EXISTS TABLE INTO FROM IGNORE LOW_PRIORITY QUICK CONCURRENTLY DELAYED HIGH_PRIORITY',
)
/** Words that end a list of tables; any other one is an alias. */
const AFTER_TABLES = words(
  'WHERE ON SET GROUP ORDER HAVING LIMIT OFFSET VALUES SELECT UNION RETURNING FOR WINDOW FETCH DEFAULT',
)
/** After these, or a comma, a name with parentheses is a function that returns rows. */
const BEFORE_FUNCTION = words('FROM JOIN LATERAL').add('')

function words(text: string): Set<string> {
  return new Set(text.split(' '))
}

function newLevel(values = false): Level {
  return { verb: undefined, expects: false, lists: false, values }
}
