import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A program of this folder, running. */
export interface Program<T> {
  readonly pid: number
  /** What it says in the line that begins with `bench `. */
  readonly said: T
  end(): Promise<void>
}

export interface ProgramOptions {
  readonly node: string
  readonly flags: readonly string[]
  readonly args?: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** Starts a program and waits for what it says, past what others print. Throws when it ends without saying it. */
export async function startProgram<T>(file: string, options: ProgramOptions): Promise<Program<T>> {
  const { node, flags, args = [], env } = options
  const child = spawn(node, [...flags, join(__dirname, file), ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const line = await saidLine(child)
    return { pid: child.pid ?? 0, said: JSON.parse(line) as T, end: () => end(child) }
  } catch (error) {
    await end(child)
    throw error
  }
}

async function saidLine(child: ChildProcess): Promise<string> {
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  if (child.stdout === null) throw new Error('cannot read what the program says')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the program ended with ${code} and said nothing: ${complaints}`)
  })
  const said = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      if (line.startsWith(MARK)) resolve(line.slice(MARK.length))
    })
  })
  const line = await Promise.race([said, ended])
  ended.catch(() => undefined)
  return line
}

const MARK = 'bench '

/** Nothing of it is wanted any more. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
