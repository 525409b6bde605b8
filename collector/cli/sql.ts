import { createInterface, type Interface } from 'node:readline'
import { parseArgs } from 'node:util'
import { type Config, loadConfig } from '../config'
import {
  SqlConsole,
  type ResultSink,
  SqlError,
  describeRelation,
  LIST_RELATIONS,
} from '../store/console'
import { readEmbeddedConnection } from '../store/embedded/connection'
import { explainError } from './failure'
import { Output, type Streams } from './output'
import { createResultSink, type Format } from './result'
import { isBlank, splitStatements } from './statement'

export const SQL_USAGE = `usage: sidelight sql [-c "statement"]... [--json | --csv]

Runs SQL on the configured database: what -c says, or what standard input holds, or a prompt on a
terminal. Names without a schema are looked for in the schema sidelight first.

  -c, --command TEXT  run this and exit; may be repeated; '\\d' lists tables and views, '\\d NAME' columns
  --json              one JSON object a row; int8 and numeric as strings
  --csv               CSV with a header
`

const PROMPT_HELP = `statements end with a semicolon
\\d         the tables and views; \\d NAME: the columns of one
\\q         leave, as Ctrl-D does; Ctrl-C gives up what is typed or what runs
`

/** `sidelight sql`. Returns the exit code: 0, 1 when a statement or the connection failed, 2 for a bad call or configuration. */
export async function runSql(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: Streams,
): Promise<number> {
  let session: Session | null = null
  try {
    const options = readOptions(args)
    if (options.help) {
      streams.stdout.write(SQL_USAGE)
      return 0
    }
    session = await Session.open(loadConfig(env), options.format, streams)
    if (options.commands.length > 0) return await session.runAll(options.commands)
    if (streams.stdin.isTTY === true && streams.stdout.isTTY === true) {
      return await session.prompt()
    }
    return await session.runAll(await readScript(streams.stdin))
  } catch (error) {
    const { text, exitCode } = explainError(error)
    streams.stderr.write(`${text}\n`)
    return exitCode
  } finally {
    await session?.close()
  }
}

/** The statement that `\d` and `\d NAME` stand for; null for anything else. */
function relations(text: string): string | null {
  const [command, name] = /^\s*\\d(?:\s+(\S+))?\s*$/.exec(text) ?? []
  if (command === undefined) return null
  return name === undefined ? LIST_RELATIONS : describeRelation(name)
}

interface Options {
  readonly commands: readonly string[]
  readonly format: Format
  readonly help: boolean
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      command: { type: 'string', short: 'c', multiple: true },
      json: { type: 'boolean' },
      csv: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  return {
    commands: values.command ?? [],
    format: values.json ? 'json' : values.csv ? 'csv' : 'table',
    help: values.help ?? false,
  }
}

async function readScript(stdin: NodeJS.ReadableStream): Promise<readonly string[]> {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) text += String(chunk)
  const { statements, rest } = splitStatements(text)
  return isBlank(rest) ? statements : [...statements, rest]
}

/** One connection and where its answers go. */
class Session {
  readonly #console: SqlConsole
  readonly #output: Output
  readonly #sink: ResultSink
  readonly #streams: Streams

  private constructor(console: SqlConsole, format: Format, streams: Streams) {
    this.#console = console
    this.#output = new Output(streams.stdout, () => console.abort())
    this.#sink = createResultSink(format, this.#output)
    this.#streams = streams
  }

  static async open(config: Config, format: Format, streams: Streams): Promise<Session> {
    const url = config.databaseUrl ?? (await readEmbeddedConnection(config.dataDir))
    const notice = (text: string) => void streams.stderr.write(`NOTICE: ${text}\n`)
    return new Session(await SqlConsole.open(url, notice), format, streams)
  }

  async close(): Promise<void> {
    await this.#output.flush()
    if (!this.#output.isGone) await this.#console.close()
  }

  /** Runs the texts one after the other, up to the first that fails. */
  async runAll(texts: readonly string[]): Promise<number> {
    for (const text of texts) {
      if (!(await this.#run(relations(text) ?? text))) return this.#output.isGone ? 0 : 1
    }
    return 0
  }

  /** Reads and runs statements until the end of the input or `\q`. */
  async prompt(): Promise<number> {
    const { stdin: input, stdout: output, stderr } = this.#streams
    const lines = createInterface({
      input,
      output,
      historySize: 1_000,
      removeHistoryDuplicates: true,
    })
    let typed = ''
    let isRunning = false
    const ask = () => askFor(lines, typed)
    lines.on('SIGINT', () => {
      if (isRunning) {
        this.#console
          .cancel()
          .catch((error: unknown) => stderr.write(`${explainError(error).text}\n`))
        return
      }
      typed = ''
      output.write('\n')
      ask()
    })
    output.write('Type \\? for help, \\q to leave.\n')
    ask()
    for await (const line of lines) {
      if (typed === '' && line.trim().startsWith('\\')) {
        if (/^\\q\b/.test(line.trim())) break
        isRunning = true
        await this.#obey(line.trim())
      } else {
        const { statements, rest } = splitStatements(`${typed}${line}\n`)
        typed = isBlank(rest) ? '' : rest
        isRunning = true
        for (const statement of statements) if (!(await this.#run(statement))) break
      }
      isRunning = false
      if (this.#output.isGone) break
      ask()
    }
    lines.close()
    return 0
  }

  async #obey(command: string): Promise<void> {
    const asked = relations(command)
    const [, name] = /^\\(\S*)/.exec(command) ?? []
    if (asked !== null) await this.#run(asked)
    else if (name === '?') await this.#output.write(PROMPT_HELP)
    else this.#streams.stderr.write(`there is no \\${name}; \\? lists what there is\n`)
  }

  /** Whether all of the text was run; why not goes to standard error. Throws when the connection is lost. */
  async #run(text: string): Promise<boolean> {
    try {
      await this.#console.run(text, this.#sink)
      return true
    } catch (error) {
      if (this.#output.isGone) return false
      if (!(error instanceof SqlError)) throw error
      this.#streams.stderr.write(`${describeSqlError(error, text)}\n`)
      return false
    }
  }
}

function askFor(lines: Interface, typed: string): void {
  lines.setPrompt(typed === '' ? 'sidelight=> ' : 'sidelight-> ')
  lines.prompt()
}

/** The message with its SQLSTATE, and the line at fault with a mark under the place. */
function describeSqlError(error: SqlError, text: string): string {
  const parts = [`ERROR ${error.sqlstate}: ${error.message}`]
  if (error.position !== null) {
    // Postgres counts characters, JavaScript UTF-16 units.
    const before = [...text].slice(0, error.position - 1).join('')
    const start = before.lastIndexOf('\n') + 1
    const line = text.slice(start).split('\n', 1)[0] ?? ''
    const label = `LINE ${before.split('\n').length}: `
    const space = ' '.repeat(label.length + before.length - start)
    parts.push(`${label}${line}`, `${space}^`)
  }
  if (error.detail !== null) parts.push(`DETAIL: ${error.detail}`)
  if (error.hint !== null) parts.push(`HINT: ${error.hint}`)
  return parts.join('\n')
}
