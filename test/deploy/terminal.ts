import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { until } from '../helpers/until'

/** Where commands are run, and what they find in their environment. */
export interface Place {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** A folder for the commands themselves. */
  readonly scripts: string
}

/** Runs `script`, and presses Ctrl-C when whoever types is done, or gone. */
const TYPE = `{ cat; printf '\\003'; } | script "$@"`
const END_OF_RUN = '\0'
/** A line, back to its start, and cleared from there. */
const OVERWRITTEN = new RegExp('[^\\n]*(?:\\r|\x1b\\[1G)\x1b\\[0?K', 'g')
const CONTROL = new RegExp('\x1b\\[[\\d;?]*[A-Za-z]|\\r', 'g')
/** Runs the files it is told of, one after the other, as if they were typed; ends at the first command that fails. */
const LOOP = `while IFS= read -r file <&3; do . "$file" </dev/null 3<&- 2>&1; printf '\\0'; done`

/** A shell that a person types into: what is set in it stays, a command that fails ends it. */
export class Shell {
  readonly #place: Place
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(place: Place) {
    this.#place = place
    this.#child = spawnClean(
      place,
      ['bash', '-e', '-c', LOOP],
      ['ignore', 'pipe', 'inherit', 'pipe'],
    )
    const stdout = this.#child.stdout as Readable
    stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    this.#ended = once(this.#child, 'close')
  }

  /** What the commands print. Rejects when one fails. */
  async run(commands: string): Promise<string> {
    this.#output = ''
    const typed = this.#child.stdio[3] as Writable
    typed.write(`${write(this.#place, commands)}\n`)
    const done = until(() => this.#output.endsWith(END_OF_RUN), 120_000, 'the end of a command')
    const isDone = await Promise.race([done, this.#ended.then(() => false)])
    if (isDone !== true) throw new Error(`a command failed:\n${commands}\n${this.#output}`)
    return this.#output.slice(0, -END_OF_RUN.length)
  }

  async end(): Promise<void> {
    ;(this.#child.stdio[3] as Writable).end()
    await this.#ended
  }
}

/** A terminal in which something runs until Ctrl-C. Needs `script`, which Linux and macOS have. */
export class Terminal {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(place: Place, commands: string) {
    const file = write(place, commands)
    const words =
      process.platform === 'linux'
        ? ['-qec', `bash -e ${file}`, '/dev/null']
        : ['-q', '/dev/null', 'bash', '-e', file]
    this.#child = spawnClean(place, ['sh', '-c', TYPE, 'sh', ...words], ['pipe', 'pipe', 'inherit'])
    const stdout = this.#child.stdout as Readable
    stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    this.#ended = once(this.#child, 'close')
  }

  /** What is on the screen: lines that were written over are gone, and so is what moves the cursor. */
  output(): string {
    return this.#output.replaceAll('\r\n', '\n').replaceAll(OVERWRITTEN, '').replaceAll(CONTROL, '')
  }

  hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async pressCtrlC(): Promise<void> {
    ;(this.#child.stdin as Writable).end()
    await this.#ended
  }
}

function write({ scripts }: Place, commands: string): string {
  mkdirSync(scripts, { recursive: true })
  const file = join(scripts, `${randomUUID()}.sh`)
  writeFileSync(file, commands)
  return file
}

/** With nothing of this process's environment, nor what a test runner adds to that of its children. */
function spawnClean(
  { folder, env }: Place,
  command: readonly string[],
  stdio: ('ignore' | 'pipe' | 'inherit')[],
): ChildProcess {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return spawn('env', ['-i', ...variables, ...command], { cwd: folder, stdio })
}
