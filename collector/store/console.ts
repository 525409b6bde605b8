import { Client, type Connection, escapeLiteral } from 'pg'
import { asUnavailable, isServerError } from './sqlstate'

/** A column of a result: its name and the object id of its type. */
export interface ResultColumn {
  readonly name: string
  readonly typeId: number
}

/** Receives what statements answer, as it arrives. A promise holds further rows back until it is resolved. */
export interface ResultSink {
  columns(columns: readonly ResultColumn[]): void
  /** A row in Postgres's text form. */
  row(values: readonly (string | null)[]): void | Promise<void>
  /** Raw data of `copy … to stdout`. */
  data(chunk: Buffer): void | Promise<void>
  /** A statement is done; `tag` as in "INSERT 0 3". */
  complete(tag: string): void | Promise<void>
}

/** A statement Postgres refused. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  readonly sqlstate: string
  /** Characters into the text that was run, from 1; null when Postgres names no place. */
  readonly position: number | null
  readonly detail: string | null
  readonly hint: string | null

  constructor(error: Error & { code: string; position?: string; detail?: string; hint?: string }) {
    super(error.message, { cause: error })
    this.sqlstate = error.code
    this.position = error.position === undefined ? null : Number(error.position)
    this.detail = error.detail ?? null
    this.hint = error.hint ?? null
  }
}

/** The relations of the schema, without single partitions. */
export const LIST_RELATIONS = `
  select c.relname as name,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
    obj_description(c.oid, 'pg_class') as comment
  from pg_class c
  where c.relnamespace = to_regnamespace('sidelight') and c.relkind in ('r', 'p', 'v', 'm')
    and not c.relispartition
  order by c.relkind = 'v' desc, c.relname`

/** The statement that lists the columns of a relation. */
export function describeRelation(name: string): string {
  return `
  select a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
    case when a.attnotnull then 'not null' else '' end as nullable
  from pg_attribute a
  where a.attrelid = ${escapeLiteral(name)}::regclass and a.attnum > 0 and not a.attisdropped
  order by a.attnum`
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * A session for statements a person typed. Names without a schema are looked for in `sidelight` first. Its `run` takes one
 * call at a time.
 */
export class SqlConsole {
  readonly #client: Client
  readonly #connectionString: string
  readonly #pid: number

  private constructor(client: Client, connectionString: string, pid: number) {
    this.#client = client
    this.#connectionString = connectionString
    this.#pid = pid
  }

  /** Connects; Unavailable when that fails. `onNotice` is told what Postgres remarks beside its answers. */
  static async open(connectionString: string, onNotice: (text: string) => void) {
    const client = createClient(connectionString)
    // A connection that breaks fails the statement under way, which is how it is noticed.
    client.on('error', () => undefined)
    client.on('notice', ({ message }) => onNotice(message ?? ''))
    await connect(client)
    await client.query('set search_path = sidelight, public')
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return new SqlConsole(client, connectionString, rows[0]?.pid ?? 0)
  }

  /** Runs one or more statements as one text. Throws SqlError for what Postgres refuses. */
  async run(text: string, sink: ResultSink): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#client.query(new Statements(text, sink, resolve, reject))
      })
    } catch (error) {
      throw isServerError(error) ? new SqlError(error) : error
    }
  }

  /** Asks Postgres to give up what runs. */
  async cancel(): Promise<void> {
    const client = createClient(this.#connectionString)
    await connect(client)
    try {
      await client.query('select pg_cancel_backend($1)', [this.#pid])
    } finally {
      await client.end()
    }
  }

  /** Ends the session at once; a statement under way fails. */
  abort(): void {
    this.#client.connection.stream.destroy()
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}

function createClient(connectionString: string): Client {
  return new Client({
    connectionString,
    application_name: 'sidelight sql',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
}

async function connect(client: Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw asUnavailable(error, 'connect to the database')
  }
}

interface CopyingConnection extends Connection {
  sendCopyFail(reason: string): void
}

/** Hands the messages of the simple query protocol to a sink; `pg` calls these methods by name. */
class Statements {
  readonly #text: string
  readonly #sink: ResultSink
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #connection: Connection | null = null
  #held = 0
  #writes: Promise<void> = Promise.resolve()

  constructor(
    text: string,
    sink: ResultSink,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#text = text
    this.#sink = sink
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): void {
    this.#connection = connection
    connection.query(this.#text)
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }) {
    this.#sink.columns(fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })))
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#hold(this.#sink.row(fields))
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#hold(this.#sink.data(chunk))
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#hold(this.#sink.complete(text))
  }

  handleEmptyQuery(): void {
    this.#hold(this.#sink.complete(''))
  }

  handleCopyInResponse(connection: CopyingConnection): void {
    connection.sendCopyFail('there is no data to copy here')
  }

  handleReadyForQuery(): void {
    this.#writes.then(this.#resolve, this.#reject)
  }

  handleError(error: unknown): void {
    this.#writes.then(() => this.#reject(error), this.#reject)
  }

  /** Stops reading from Postgres while the sink is full. */
  #hold(written: void | Promise<void>): void {
    if (written === undefined) return
    if (this.#held++ === 0) this.#connection?.stream.pause()
    const released = written.finally(() => {
      if (--this.#held === 0) this.#connection?.stream.resume()
    })
    this.#writes = Promise.all([this.#writes, released]).then(() => undefined)
  }
}
